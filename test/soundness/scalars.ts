/** Statements on numbers: arithmetic of every kind, copies, comparisons that bound them. */
import { ALU, ENDIAN, ENDIAN_BITS, JUMPS } from '../../src/isa/families.ts';
import type { AluOp, JumpOp, Operand, Width } from '../../src/isa/insn.ts';
import type { Label } from '../nodiff/emitter.ts';
import { block } from './block.ts';
import { estimate } from './estimate.ts';
import { known, num, UNKNOWN } from './held.ts';
import { isNum, type Scope, type Statement } from './scope.ts';

const SHIFTS: ReadonlySet<AluOp> = new Set(['lsh', 'rsh', 'arsh']);
const DIVISIONS: ReadonlySet<AluOp> = new Set(['div', 'sdiv', 'mod', 'smod']);
const SIGN_EXTENSIONS: ReadonlySet<AluOp> = new Set(['movsx8', 'movsx16', 'movsx32']);

const MASKS = [
  1, 3, 7, 8, 15, 16, 31, 32, 56, 60, 63, 64, 127, 128, 255, 0xf0, 0xffff, -1, -8, -16, -256,
] as const;
const SMALL = [
  0, 1, 1, 2, 3, 4, 5, 7, 8, 12, 14, 16, 20, 24, 31, 32, 40, 63, 64, 100, 127, 128, 255,
] as const;

/** Immediates that keep numbers in hand. */
function immediate({ random }: Scope, op: AluOp, width: Width): number {
  if (SHIFTS.has(op))
    return random.chance(0.02) ? random.pick([width, -1, 64]) : random.below(random.chance(0.6) ? 9 : width);
  if (DIVISIONS.has(op)) return random.pick([1, 2, 3, 4, 7, 8, 10, 16, 64, 100, 255, -1, -2, -7]);
  if (op === 'and' || op === 'or' || op === 'xor')
    return random.chance(0.8) ? random.pick(MASKS) : random.imm();
  if (op === 'mul') return random.chance(0.8) ? random.pick([0, 1, 2, 3, 4, 8, 16, -1]) : random.imm();
  return random.chance(0.75) ? random.pick(SMALL) * random.pick([1, 1, -1]) : random.imm();
}

const maxOf = (scope: Scope, { src, imm }: Operand): number | undefined => {
  if (src !== undefined) return scope.state.num(src)?.max;
  return imm >= 0 ? imm : undefined;
};

const alu: Statement = (scope) => {
  const { random, emit } = scope;
  const { op, widths, immediate: hasImmediate } = random.pick(ALU);
  const { exotic } = scope.unit;
  if ((op === 'mov' && random.chance(0.7)) || (!exotic && DIVISIONS.has(op))) return alu(scope);
  const width = random.pick(widths);
  const dst = scope.variable();
  const isImmediate = hasImmediate && random.chance(0.55);
  const operand: Operand = isImmediate
    ? { imm: immediate(scope, op, width) }
    : { src: scope.number(exotic ? [] : [dst]) };
  const before = scope.state.num(dst);
  const isConstant =
    (op === 'mov' || before?.constant) &&
    (operand.src === undefined || scope.state.num(operand.src)?.constant);
  emit.alu(op, width, dst, operand);
  const greatest = SIGN_EXTENSIONS.has(op)
    ? undefined
    : estimate(op, width, before?.max, maxOf(scope, operand), isImmediate);
  scope.set(dst, isConstant ? { ...num(greatest), constant: true } : num(greatest));
  return true;
};

const neg: Statement = (scope) => {
  const dst = scope.variable();
  scope.emit.emit({ kind: 'neg', width: scope.width(), dst });
  scope.set(dst, UNKNOWN);
  return true;
};

const endian: Statement = (scope) => {
  const { random, emit } = scope;
  const dst = scope.variable();
  const bits = random.pick(ENDIAN_BITS);
  emit.emit({ kind: 'endian', op: random.pick(ENDIAN).op, bits, dst });
  scope.set(dst, num(bits === 64 ? undefined : 2 ** bits - 1));
  return true;
};

const constant: Statement = (scope) => {
  const { random, emit } = scope;
  const register = scope.free();
  if (random.chance(0.5)) {
    const imm = random.chance(0.5) ? random.pick(SMALL) : random.imm();
    emit.mov(register, { imm });
    scope.set(register, known(imm));
    return true;
  }
  const [lo, hi] = [random.imm(), random.chance(0.5) ? random.pick([0, 1, -1]) : random.imm()];
  emit.emit({ kind: 'lddw', dst: register, pseudo: 0, lo, hi });
  scope.set(register, { ...num(hi === 0 ? lo >>> 0 : undefined), constant: true });
  return true;
};

/** Copies anything; of numbers sometimes one half, with its sign or without. */
const copy: Statement = (scope) => {
  const { random, emit } = scope;
  const src = scope.any((held) => held.kind !== 'none');
  if (src === undefined) return false;
  const held = scope.held(src);
  const dst = scope.free([src]);
  if (held.kind !== 'num' || random.chance(0.6)) {
    emit.mov(dst, { src });
    scope.set(dst, held);
    return true;
  }
  const op = random.pick(['mov', 'mov', 'movsx8', 'movsx16', 'movsx32'] as const);
  const width = op === 'mov' ? 32 : op === 'movsx32' ? 64 : scope.width();
  emit.alu(op, width, dst, { src });
  scope.set(dst, op === 'mov' ? num(Math.min(held.max ?? 0xffff_ffff, 0xffff_ffff)) : UNKNOWN);
  return true;
};

const PRANDOM = 7;
const KTIME = 5;
const CPU = 8;

const numberHelper: Statement = (scope) => {
  const { random, emit } = scope;
  scope.save();
  const id = random.weighted([
    [8, PRANDOM],
    [4, KTIME],
    [1, CPU],
  ] as const);
  emit.helper(id);
  scope.called(num(id === KTIME ? undefined : 0xffff_ffff));
  return true;
};

/** A limit that numbers of programs have: sizes of the memory there is, and what is near them. */
function limit(scope: Scope): number {
  const { random } = scope;
  return scope.about(
    random.pick([1, 3, 4, 7, 8, 15, 16, 23, 24, 31, 32, 48, 56, 60, 63, 64, 100, 128, 200, 255, 1000]),
  );
}

/** Bounds the number in `register` to at most `most`, by an operation. */
function byOperation(scope: Scope, register: number, most: number): void {
  const { random, emit } = scope;
  const width = scope.width();
  const form = random.between(scope.unit.exotic ? 0 : 1, 3);
  const mask = 2 ** Math.floor(Math.log2(most + 1)) - 1;
  if (form === 0) emit.alu('mod', width, register, { imm: most + 1 });
  else if (form === 1) {
    const bits = Math.floor(Math.log2(most + 1));
    emit.alu('rsh', width, register, { imm: Math.min(width - 1, width - bits) });
  } else emit.alu('and', width, register, { imm: mask & random.pick([-1, -1, ~1, ~3, ~7]) });
  const upper = form === 0 ? most : mask;
  scope.set(register, num(Math.max(upper, form === 1 ? 1 : 0)));
}

interface Guard {
  readonly op: JumpOp;
  readonly width: Width;
  readonly operand: (most: number) => number;
  /** The number is within its bound where the jump is not taken. */
  readonly otherwise: boolean;
  /** Says nothing about negative numbers. */
  readonly signed?: boolean;
}

const up = (most: number): number => most + 1;
const same = (most: number): number => most;
const GUARDS: readonly Guard[] = [
  { op: 'jgt', width: 64, operand: same, otherwise: true },
  { op: 'jge', width: 64, operand: up, otherwise: true },
  { op: 'jlt', width: 64, operand: up, otherwise: false },
  { op: 'jle', width: 64, operand: same, otherwise: false },
  { op: 'jgt', width: 32, operand: same, otherwise: true },
  { op: 'jge', width: 32, operand: up, otherwise: true },
  { op: 'jlt', width: 32, operand: up, otherwise: false },
  { op: 'jle', width: 32, operand: same, otherwise: false },
  { op: 'jsgt', width: 64, operand: same, otherwise: true, signed: true },
  { op: 'jsge', width: 64, operand: up, otherwise: true, signed: true },
  { op: 'jslt', width: 64, operand: up, otherwise: false, signed: true },
  { op: 'jsle', width: 32, operand: same, otherwise: false, signed: true },
  { op: 'jeq', width: 64, operand: same, otherwise: false },
  { op: 'jne', width: 64, operand: same, otherwise: true },
  { op: 'jset', width: 64, operand: (most) => ~(2 ** Math.floor(Math.log2(most + 1)) - 1), otherwise: true },
  { op: 'jset', width: 32, operand: (most) => ~(2 ** Math.floor(Math.log2(most + 1)) - 1), otherwise: true },
];

/** The number compared with: an immediate, or in a register. */
function comparand(scope: Scope, register: number, imm: number): Operand {
  if (scope.random.chance(0.8)) return { imm };
  const src = scope.free([register]);
  scope.emit.mov(src, { imm });
  scope.set(src, known(imm));
  return { src };
}

function outOfRange(scope: Scope, guard: Guard, register: number, most: number, bad: Label): void {
  const { emit } = scope;
  const operand = comparand(scope, register, guard.operand(most));
  if (guard.otherwise) scope.jump(guard.op, guard.width, register, operand, bad);
  else {
    const good = emit.label();
    scope.jump(guard.op, guard.width, register, operand, good);
    emit.to({ kind: 'ja', long: false, off: 0 }, bad);
    emit.place(good);
  }
  const isNegative: Operand = { imm: 0 };
  if (guard.signed && !scope.mistake()) scope.jump('jslt', guard.width, register, isNegative, bad);
}

/** 32-bit comparisons say nothing about the upper half, which is cut off then. */
function cutHalf(scope: Scope, { width }: Guard, register: number): void {
  if (width === 32 && !scope.mistake()) scope.emit.alu('mov', 32, register, { src: register });
}

/** Compares a number (or a copy of it, plus something) with a limit; what follows runs only below the limit. */
function byComparison(scope: Scope, register: number, most: number): void {
  const { random, emit } = scope;
  const guard = random.pick(GUARDS);
  const end = emit.label();
  if (random.chance(0.5)) cutHalf(scope, guard, register);
  const compared = linked(scope, register);
  outOfRange(scope, guard, compared.register, most + compared.added, end);
  forgetMax(scope, register);
  const before = scope.state.clone();
  cutHalf(scope, guard, register);
  scope.set(register, num(most));
  if (scope.mayLeave && random.chance(0.4)) {
    leaveThrough(scope, end);
    return;
  }
  block(scope, random.between(1, 4));
  emit.place(end);
  scope.state = scope.state.join(before, scope.fresh);
}

const forgetMax = (scope: Scope, register: number): void => {
  if (isNum(scope.held(register))) scope.set(register, UNKNOWN);
};

/** `end` becomes a way out of the function, which the rest is jumped over to. */
export function leaveThrough(scope: Scope, end: Label): void {
  const { emit } = scope;
  const on = emit.label();
  const kept = scope.state.clone();
  emit.to({ kind: 'ja', long: false, off: 0 }, on);
  emit.place(end);
  scope.leave();
  emit.place(on);
  scope.state = kept;
}

/** The register itself, or a copy that differs by a constant: what is learned of one holds for the other. */
function linked(scope: Scope, register: number): { register: number; added: number } {
  const { random, emit } = scope;
  if (random.chance(0.7)) return { register, added: 0 };
  const dst = scope.free([register]);
  if (dst === register) return { register, added: 0 };
  const added = random.pick([0, 0, 1, 4, 8, 64, -1, -4]);
  emit.mov(dst, { src: register });
  if (added !== 0) emit.alu('add', 64, dst, { imm: added });
  scope.set(dst, UNKNOWN);
  return { register: dst, added };
}

const bound: Statement = (scope) => {
  const { random } = scope;
  const register = scope.variable();
  const most = Math.max(0, limit(scope));
  if (random.chance(0.5) || scope.unit.branches > 8) {
    byOperation(scope, register, most);
    return true;
  }
  scope.unit.branches++;
  byComparison(scope, register, most);
  return true;
};

/** By how much the greatest value is below the other operand's, where a jump is taken; or where it is not. */
const BELOW: Partial<Record<JumpOp, { readonly taken?: number; readonly otherwise?: number }>> = {
  jeq: { taken: 0 },
  jne: { otherwise: 0 },
  jlt: { taken: 1 },
  jle: { taken: 0 },
  jgt: { otherwise: 0 },
  jge: { otherwise: 1 },
};

/** What a comparison tells of its first operand. */
function learn(scope: Scope, register: number, below: number | undefined, limit: number | undefined): void {
  const held = scope.held(register);
  if (below === undefined || limit === undefined || !isNum(held)) return;
  scope.set(register, { ...held, max: Math.max(0, Math.min(held.max ?? limit, limit - below)) });
}

/** If and else, on any comparison. */
const branch: Statement = (scope) => {
  const { random, emit } = scope;
  if (scope.unit.branches > 10 || scope.depth > 3) return false;
  scope.unit.branches++;
  const [other, end] = [emit.label(), emit.label()];
  const { op } = random.pick(JUMPS);
  const register = scope.number();
  const isImmediate = random.chance(0.6);
  const operand: Operand = isImmediate
    ? { imm: random.pick([...SMALL, random.imm()]) }
    : { src: scope.number([register]) };
  const width = scope.width();
  scope.jump(op, width, register, operand, other);
  const before = scope.state.clone();
  const { taken, otherwise } = width === 64 ? (BELOW[op] ?? {}) : {};
  learn(scope, register, otherwise, maxOf(scope, operand));
  block(scope, random.between(0, 3));
  const first = scope.state;
  scope.state = before.clone();
  learn(scope, register, taken, maxOf(scope, operand));
  const hasElse = random.chance(0.6);
  if (hasElse && !first.dead) emit.to({ kind: 'ja', long: random.chance(0.1), off: 0 }, end);
  emit.place(other);
  if (hasElse) block(scope, random.between(0, 3));
  else scope.state = before;
  emit.place(end);
  scope.state = scope.state.join(first, scope.fresh);
  return true;
};

export const SCALAR_STATEMENTS: Readonly<Record<string, Statement>> = {
  alu,
  neg,
  endian,
  constant,
  copy,
  numberHelper,
  bound,
  branch,
};
