/** One function of a program to one WebAssembly function. */
import { jumpTarget } from '../isa/cfg.ts';
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
import { type Preview, Scope, type Unit } from './scope.ts';
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

const TRUSTED: Preview = { windowAt: () => 'packet', usesPacket: false, keepsFuel: false };

/** Trusted programs are not checked, and spend nothing. */
const previewOf = (
  unit: Unit,
  { start, length }: StructuredSubprogram,
  insns: readonly (Insn | undefined)[],
): Preview => {
  if (!unit.sandbox) return TRUSTED;
  const end = start + length;
  const windows = guessWindows(insns, start, end, start === 0 ? unit.context : 'packet');
  return {
    windowAt: (slot) => windows.get(slot) ?? 'packet',
    usesPacket: [...windows.values()].includes('packet'),
    keepsFuel: jumpsBack(insns, start, end),
  };
};

const jumpsBack = (insns: readonly (Insn | undefined)[], start: number, end: number): boolean => {
  for (let slot = start; slot < end; slot++) {
    const insn = insns[slot];
    if (insn !== undefined && (jumpTarget(insn, slot) ?? end) <= slot) return true;
  }
  return false;
};

/** Adds the function to the module. */
export function translateFunction(
  unit: Unit,
  subprogram: StructuredSubprogram,
  insns: readonly (Insn | undefined)[],
  exports: readonly string[],
): void {
  const scope = new Scope(unit, previewOf(unit, subprogram, insns));
  const body = lowerBody(scope, subprogram, insns);
  unit.b.at();
  const { name } = unit.functionAt(subprogram.start);
  const start = [...prologue(scope), ...windowPrologue(scope), ...scope.reload(), ...counterPrologue(scope)];
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
