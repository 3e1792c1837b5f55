import { ALU, ATOMICS, ENDIAN, ENDIAN_BITS, JUMPS } from '../../src/isa/families.ts';
import type { AluOp } from '../../src/isa/insn.ts';
import { callStatements } from './calls.ts';
import {
  ARRAY_VALUE_SIZE,
  COUNTERS,
  FRAME,
  MEMORY_BASE,
  type Scope,
  STACK_WINDOW,
  type Statement,
  VALUE_BASE,
} from './scope.ts';

const DIVISIONS: ReadonlySet<AluOp> = new Set(['div', 'sdiv', 'mod', 'smod']);
const SHIFTS: ReadonlySet<AluOp> = new Set(['lsh', 'rsh', 'arsh']);

const alu: Statement = (scope) => {
  const { random, emitter } = scope;
  const { op, widths, immediate } = random.pick(ALU);
  const width = random.pick(widths);
  const dst = scope.scalar();
  if (!immediate || random.chance(0.5)) {
    emitter.alu(op, width, dst, { src: scope.scalar() });
    return;
  }
  emitter.alu(op, width, dst, { imm: aluImm(scope, op, width) });
};

/** The kernel refuses a division by an immediate 0 and a shift by more than the width. */
function aluImm(scope: Scope, op: AluOp, width: 32 | 64): number {
  const imm = scope.random.imm();
  if (!scope.profile.kernel) return imm;
  if (DIVISIONS.has(op)) return imm === 0 ? 1 : imm;
  return SHIFTS.has(op) ? imm & (width - 1) : imm;
}

const neg: Statement = (scope) => {
  const width = scope.random.pick([32, 64] as const);
  scope.emitter.emit({ kind: 'neg', width, dst: scope.scalar() });
};

const endian: Statement = (scope) => {
  const { op } = scope.random.pick(ENDIAN);
  scope.emitter.emit({
    kind: 'endian',
    op,
    bits: scope.random.pick(ENDIAN_BITS),
    dst: scope.scalar(),
  });
};

const constant: Statement = (scope) => {
  const [lo, hi] = [scope.random.imm(), scope.random.imm()];
  scope.emitter.emit({ kind: 'lddw', dst: scope.scalar(), pseudo: 0, lo, hi });
};

interface Place {
  readonly base: number;
  readonly room: number;
}

/** Memory or map value, with the bytes that may be touched from the base on. */
function place(scope: Scope): Place {
  const inMemory = scope.hasMemory && scope.random.chance(0.6);
  return inMemory
    ? { base: MEMORY_BASE, room: scope.profile.memory }
    : { base: VALUE_BASE, room: ARRAY_VALUE_SIZE };
}

const load: Statement = (scope) => {
  const { random, emitter } = scope;
  const size = scope.size();
  const signed = size !== 8 && random.chance(0.3);
  const onStack = random.chance(0.4);
  const { base, room } = place(scope);
  const src = onStack ? FRAME : base;
  const off = onStack ? scope.stackOffset(size) : random.below(room - size + 1);
  emitter.emit({ kind: 'load', size, signed, dst: scope.scalar(), src, off });
};

const store: Statement = (scope) => {
  const { random, emitter } = scope;
  const size = scope.size();
  const onStack = random.chance(0.5);
  const { base, room } = place(scope);
  const dst = onStack ? FRAME : base;
  const off = onStack ? scope.stackOffset(size) : random.below(room - size + 1);
  emitter.store(size, dst, off, scope.operand());
};

/** An address computed at run time: base + (number & mask). */
const indexed: Statement = (scope) => {
  const { random, emitter, profile } = scope;
  const { base, room } = profile.kernel ? { base: VALUE_BASE, room: ARRAY_VALUE_SIZE } : place(scope);
  const size = scope.size();
  const address = scope.scalar();
  const mask = 2 ** Math.floor(Math.log2(room)) - 1;
  emitter.alu('and', 64, address, { imm: mask & ~7 });
  emitter.alu('add', 64, address, { src: base });
  if (random.chance(0.5)) emitter.load(size, address === 5 ? 4 : 5, address, 0);
  else emitter.store(size, address, 0, { imm: random.imm() });
  scope.refill([address]);
};

/** Atomics and acquire/release, naturally aligned. Linux knows none of them on packets. */
const atomic: Statement = (scope) => {
  const { random, emitter } = scope;
  const size = random.pick([4, 8] as const);
  const [dst, off] = atomicPlace(scope, size);
  const { op, sign } = random.pick(ATOMICS);
  const fetch = sign === '' || random.chance(0.5);
  emitter.emit({ kind: 'atomic', op, fetch, size, dst, src: scope.scalar(), off });
};

const ordered: Statement = (scope) => {
  const { random, emitter } = scope;
  const size = scope.size();
  const [base, off] = atomicPlace(scope, size);
  const register = scope.scalar();
  if (random.chance(0.5)) emitter.emit({ kind: 'loadAcquire', size, dst: register, src: base, off });
  else emitter.emit({ kind: 'storeRelease', size, dst: base, src: register, off });
};

function atomicPlace(scope: Scope, size: number): [number, number] {
  const slot = (room: number): number => scope.random.below(Math.floor(room / size)) * size;
  if (scope.random.chance(0.5)) return [FRAME, slot(STACK_WINDOW) - STACK_WINDOW];
  return [VALUE_BASE, slot(ARRAY_VALUE_SIZE)];
}

/** LD_ABS and LD_IND; out of range they end the function with 0. */
const packet: Statement = (scope) => {
  const { random, emitter, profile } = scope;
  const size = random.pick([1, 2, 4] as const);
  const src = random.chance(0.4) ? scope.scalar() : undefined;
  const near = Math.max(1, profile.memory - 4);
  if (src !== undefined) emitter.mov(src, { imm: random.below(near) });
  const imm = src === undefined && random.chance(0.98) ? random.below(near) : random.below(3);
  emitter.emit({ kind: 'packet', size, src, imm });
};

const branch: Statement = (scope) => {
  const { random, emitter } = scope;
  const [other, end] = [emitter.label(), emitter.label()];
  const width = random.pick([32, 64] as const);
  const { op } = random.pick(JUMPS);
  emitter.to({ kind: 'jump', op, width, dst: scope.scalar(), off: 0, ...scope.operand() }, other);
  block(scope, random.below(4));
  const hasElse = random.chance(0.5);
  if (hasElse) emitter.to({ kind: 'ja', long: random.chance(0.3), off: 0 }, end);
  emitter.place(other);
  if (hasElse) block(scope, random.below(4));
  emitter.place(end);
  emitter.mov(scope.scalar(), { imm: random.imm() });
};

/** Counts down a register that the body leaves alone. */
const loop: Statement = (scope) => {
  const { random, emitter, profile } = scope;
  const counter = COUNTERS[scope.loops];
  if (counter === undefined) return alu(scope);
  const top = emitter.label();
  emitter.mov(counter, { imm: random.between(1, profile.trips) });
  emitter.place(top);
  scope.loops++;
  block(scope, random.between(1, 8));
  scope.loops--;
  emitter.alu('add', random.pick([32, 64] as const), counter, { imm: -1 });
  emitter.to({ kind: 'jump', op: 'jne', width: 64, dst: counter, off: 0, imm: 0 }, top);
};

/** A loop that may_goto would end after 8,388,608 turns, if its own condition did not before. */
const mayGotoLoop: Statement = (scope) => {
  const { random, emitter, profile } = scope;
  const counter = COUNTERS[scope.loops];
  if (counter === undefined) return alu(scope);
  const [top, end] = [emitter.label(), emitter.label()];
  emitter.mov(counter, { imm: random.between(1, profile.trips) });
  emitter.place(top);
  emitter.to({ kind: 'mayGoto', off: 0 }, end);
  scope.loops++;
  block(scope, random.between(1, 4));
  scope.loops--;
  emitter.alu('sub', 64, counter, { imm: 1 });
  emitter.to({ kind: 'jump', op: 'jsgt', width: 64, dst: counter, off: 0, imm: 0 }, top);
  emitter.place(end);
  emitter.mov(scope.scalar(), { imm: random.imm() });
};

/** Two entries into one loop: what structured control flow cannot express. */
const irreducible: Statement = (scope) => {
  const { random, emitter } = scope;
  const counter = COUNTERS[scope.loops];
  if (counter === undefined || scope.profile.kernel) return alu(scope);
  const [first, second] = [emitter.label(), emitter.label()];
  emitter.mov(counter, { imm: random.between(1, 16) });
  emitter.to({ kind: 'jump', op: 'jset', width: 64, dst: scope.scalar(), off: 0, imm: 1 }, second);
  scope.loops++;
  emitter.place(first);
  block(scope, random.between(1, 3));
  emitter.place(second);
  block(scope, random.between(1, 3));
  scope.loops--;
  emitter.alu('sub', 64, counter, { imm: 1 });
  emitter.to({ kind: 'jump', op: 'jsgt', width: 64, dst: counter, off: 0, imm: 0 }, first);
};

const COMMON: readonly (readonly [number, Statement])[] = [
  [30, alu],
  [3, neg],
  [5, endian],
  [4, constant],
  [12, load],
  [12, store],
  [4, indexed],
  [8, atomic],
  [4, ordered],
];
const COMPOUND: readonly (readonly [number, Statement])[] = [
  [10, branch],
  [6, loop],
  [1, irreducible],
];

function choices(scope: Scope): readonly (readonly [number, Statement])[] {
  const list = [...COMMON, ...callStatements(scope)];
  if (scope.depth < 4) list.push(...COMPOUND);
  if (scope.depth < 4 && !scope.profile.kernel) list.push([2, mayGotoLoop]);
  if (!scope.profile.kernel && scope.profile.context !== 'xdp') list.push([2, packet]);
  return list;
}

/** `count` random statements, one level deeper. */
export function block(scope: Scope, count: number): void {
  scope.depth++;
  for (let made = 0; made < count; made++) scope.random.weighted(choices(scope))(scope);
  scope.depth--;
}
