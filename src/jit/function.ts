/** One function of a program to one WebAssembly function. */
import type { Insn } from '../isa/insn.ts';
import type { StructuredSubprogram } from '../verifier/structure.ts';
import { Body } from './body.ts';
import type { Expr } from './builder.ts';
import { writeDispatch } from './dispatch.ts';
import { guessWindows } from './hints.ts';
import { findLoops } from './loops.ts';
import { counterPrologue } from './lower/jump.ts';
import { prologue } from './lower/memory.ts';
import { FUNCTION } from './names.ts';
import { placeBlocks } from './placement.ts';
import { Scope, type Unit, type Windows } from './scope.ts';
import { NestingMeter } from './sink.ts';
import { writeStructured } from './structured.ts';
import { windowPrologue } from './windows.ts';

/** Statements nested deeper than this go the other way; Binaryen's recursion ends at about ten times that. */
const MAX_NESTING = 250;

const lowerBody = (
  scope: Scope,
  { cfg }: StructuredSubprogram,
  insns: readonly (Insn | undefined)[],
): readonly Expr[] => {
  if (cfg.irreducibleEdges.length > 0) return writeDispatch(scope, cfg, insns);
  const loops = findLoops(cfg);
  if (loops.depth.some((depth) => depth > MAX_NESTING)) return writeDispatch(scope, cfg, insns);
  const placement = placeBlocks(cfg, loops);
  const meter = new NestingMeter();
  writeStructured(cfg, loops, placement, meter);
  if (meter.deepest > MAX_NESTING) return writeDispatch(scope, cfg, insns);
  const body = new Body(scope, cfg, insns);
  writeStructured(cfg, loops, placement, body);
  return body.items;
};

/** In a sandbox only: trusted programs are not checked. */
const windowsOf = (
  unit: Unit,
  { start, length }: StructuredSubprogram,
  insns: readonly (Insn | undefined)[],
): Windows => {
  if (!unit.sandbox) return { at: () => 'packet', usesPacket: false };
  const windows = guessWindows(insns, start, start + length, start === 0 ? unit.context : 'packet');
  return {
    at: (slot) => windows.get(slot) ?? 'packet',
    usesPacket: [...windows.values()].includes('packet'),
  };
};

/** Adds the function to the module. */
export function translateFunction(
  unit: Unit,
  subprogram: StructuredSubprogram,
  insns: readonly (Insn | undefined)[],
  exports: readonly string[],
): void {
  const scope = new Scope(unit, windowsOf(unit, subprogram, insns));
  const body = lowerBody(scope, subprogram, insns);
  const { name } = unit.functionAt(subprogram.start);
  const start = [...prologue(scope), ...windowPrologue(scope), ...counterPrologue(scope)];
  unit.b.addFunction({
    name,
    params: FUNCTION.params,
    result: FUNCTION.result,
    locals: scope.locals,
    // A block of its own: a long body is not copied.
    body: [...start, unit.b.block(undefined, body)],
    exports,
  });
}
