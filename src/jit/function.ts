/** One function of a program to one WebAssembly function. */
import { FRAME_SIZE } from '../abi/layout.ts';
import { jumpTarget } from '../isa/cfg.ts';
import type { Insn } from '../isa/insn.ts';
import type { StructuredSubprogram } from '../verifier/structure.ts';
import { Body, type BodyOptions } from './body.ts';
import type { Expr } from './builder.ts';
import { type Code, codeOf, type ProgramCode } from './code.ts';
import { writeDispatch } from './dispatch.ts';
import { Frame } from './frame.ts';
import { guessWindows } from './hints.ts';
import { findLoops } from './loops.ts';
import { counterPrologue } from './lower/jump.ts';
import { FUNCTION } from './names.ts';
import { halfRegisters } from './opt/halves.ts';
import { type InlinePlan, Inliner } from './opt/inline.ts';
import { promoteStack } from './opt/stack.ts';
import { unrollLoops } from './opt/unroll.ts';
import { placeBlocks } from './placement.ts';
import { type Preview, REGISTER_LOCALS, Scope, type Unit } from './scope.ts';
import { NestingMeter } from './sink.ts';
import { writeStructured } from './structured.ts';
import { windowPrologue } from './windows.ts';

/** Statements nested deeper than this go the other way; Binaryen's recursion ends at about ten times that. */
const MAX_NESTING = 250;
const FRAME_BASE = 'frame';

/** Whether the graph can be written as nested blocks; `undefined` when it nests too deep or not at all. */
function structureOf({ cfg }: Code) {
  if (cfg.irreducibleEdges.length > 0) return undefined;
  const loops = findLoops(cfg);
  if (loops.depth.some((depth) => depth > MAX_NESTING)) return undefined;
  const placement = placeBlocks(cfg, loops);
  const meter = new NestingMeter();
  writeStructured(cfg, loops, placement, meter);
  return meter.deepest > MAX_NESTING ? undefined : { loops, placement };
}

/** The statements of a function in its frame. */
function lowerBody(scope: Scope, frame: Frame, code: Code, inline: BodyOptions['inline']): readonly Expr[] {
  const structure = structureOf(code);
  if (structure === undefined) return writeDispatch(scope, frame, code, inline);
  const body = new Body(scope, frame, code, { joins: true, inline });
  writeStructured(code.cfg, structure.loops, structure.placement, body);
  return body.items;
}

/** Statements at the start of a function, once its body is lowered: where its frames begin. */
function framePrologue(scope: Scope, span: number): Expr[] {
  if (!scope.has(FRAME_BASE)) return [];
  const { b } = scope;
  const top = b.unary('i32.wrap', b.get(REGISTER_LOCALS[10], 'i64'));
  const base = b.binary('i32.sub', top, b.const32(span));
  return [b.set(scope.scratch(FRAME_BASE, 'i32'), base)];
}

const UNCHECKED: Preview = { windowAt: () => 'packet', usesPacket: false, keepsFuel: false };

/** Programs outside of the sandbox are not checked, and spend nothing. */
const previewOf = (
  unit: Unit,
  { start, length }: StructuredSubprogram,
  insns: readonly (Insn | undefined)[],
): Preview => {
  if (!unit.sandbox) return UNCHECKED;
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
  program: ProgramCode,
  plan: InlinePlan,
  exports: readonly string[],
): void {
  const scope = new Scope(unit, previewOf(unit, subprogram, program.insns));
  const span = FRAME_SIZE * (1 + plan.depthOf(subprogram));
  const base = (): number => scope.scratch(FRAME_BASE, 'i32');
  const cellsOf = ({ start, length }: StructuredSubprogram) =>
    unit.uses('stack')
      ? promoteStack(program.insns, unit.proof, start, start + length, () => scope.local('i64'))
      : new Map();
  const frame = new Frame({
    registers: REGISTER_LOCALS,
    local: (type) => scope.local(type),
    base,
    span,
    cells: cellsOf(subprogram),
    below: 0,
    leave: undefined,
    prefix: '',
  });
  const unrolls = unit.uses('unroll') && !unit.sandbox;
  const codeFor = (one: StructuredSubprogram): Code => {
    const code = unrolls
      ? unrollLoops(codeOf(program, one), (slot) => plan.growthAt(slot))
      : codeOf(program, one);
    return unit.uses('halves') ? { ...code, half: halfRegisters(code, unit.proof) } : code;
  };
  const inliner = new Inliner(
    scope,
    plan,
    { base, span, cellsOf, live: program.live },
    (inner, callee, inline) => lowerBody(scope, inner, codeFor(callee), inline),
  );
  const body = lowerBody(scope, frame, codeFor(subprogram), inliner.into(frame));
  unit.b.at();
  const start = [
    ...framePrologue(scope, span),
    ...windowPrologue(scope),
    ...scope.reload(),
    ...counterPrologue(scope),
  ];
  unit.b.addFunction({
    name: unit.functionAt(subprogram.start).name,
    params: FUNCTION.params,
    result: FUNCTION.result,
    locals: scope.locals,
    // A block of its own: a long body is not copied.
    body: [...start, unit.b.block(undefined, body)],
    exports,
  });
}
