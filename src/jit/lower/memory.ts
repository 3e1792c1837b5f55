/** Loads, stores and atomics. RFC 9669, section 5. */
import { FRAME_SIZE } from '../../abi/layout.ts';
import { TRAP_MISALIGNED } from '../../abi/traps.ts';
import type {
  AtomicInsn,
  AtomicOp,
  LoadAcquireInsn,
  LoadInsn,
  PacketInsn,
  Size,
  StoreInsn,
  StoreReleaseInsn,
} from '../../isa/insn.ts';
import type { Expr, LoadOp, StoreOp } from '../builder.ts';
import type { Scope } from '../scope.ts';
import { checkAddress } from '../windows.ts';
import { readOperand } from './alu.ts';

const FRAME_POINTER = 10;

/** A memory access of the program: where, how much, and by which instruction. */
interface Access {
  readonly register: number;
  readonly off: number;
  readonly size: Size;
  readonly write: boolean;
  readonly slot: number;
}

/** An address as WebAssembly takes it: base + offset, offset >= 0. */
interface Address {
  readonly base: Expr;
  readonly offset: number;
}

const LOADS: Readonly<Record<Size, LoadOp>> = {
  1: 'i64.load8_u',
  2: 'i64.load16_u',
  4: 'i64.load32_u',
  8: 'i64.load',
};
const SIGNED_LOADS: Readonly<Record<Size, LoadOp>> = {
  1: 'i64.load8_s',
  2: 'i64.load16_s',
  4: 'i64.load32_s',
  8: 'i64.load',
};
const STORES: Readonly<Record<Size, StoreOp>> = {
  1: 'i64.store8',
  2: 'i64.store16',
  4: 'i64.store32',
  8: 'i64.store',
};

/** r10 is read-only, so a constant offset in the frame is inside the stack whatever the program does. */
const inFrame = ({ register, off, size }: Access): boolean =>
  register === FRAME_POINTER && off >= -FRAME_SIZE && off + size <= 0;

/** The lowest address of the frame, computed once at the start of the function (see `prologue`). */
const frameBase = (scope: Scope): Expr => scope.b.get(scope.scratch('frame', 'i32'), 'i32');

/** Statements at the start of a function, once its body is lowered. */
export const prologue = (scope: Scope): Expr[] => {
  if (!scope.has('frame')) return [];
  const { b } = scope;
  const base = b.binary('i32.sub', scope.low(FRAME_POINTER), b.const32(FRAME_SIZE));
  return [b.set(scope.scratch('frame', 'i32'), base)];
};

const sum = (scope: Scope, { register, off }: Access): Expr =>
  off === 0
    ? scope.reg(register)
    : scope.b.binary('i64.add', scope.reg(register), scope.b.const64(BigInt(off)));

const isUnchecked = ({ unit }: Scope, slot: number): boolean =>
  !unit.sandbox || unit.proof.facts.get(slot)?.safe === true;

/** Through a local, unless the address is that of a register. */
const checked = (scope: Scope, access: Access): Expr => {
  const { b } = scope;
  if (access.off === 0) return checkAddress(scope, () => scope.reg(access.register), access);
  const local = scope.scratch('wide', 'i64');
  let first = true;
  const address = (): Expr => {
    if (!first) return b.get(local, 'i64');
    first = false;
    return b.tee(local, sum(scope, access), 'i64');
  };
  return checkAddress(scope, address, access);
};

/** The address of an access, after its check where it needs one. */
const address = (scope: Scope, access: Access): Address => {
  if (inFrame(access)) return { base: frameBase(scope), offset: FRAME_SIZE + access.off };
  if (!isUnchecked(scope, access.slot)) return { base: checked(scope, access), offset: 0 };
  if (access.off > 0) return { base: scope.low(access.register), offset: access.off };
  return { base: scope.b.unary('i32.wrap', sum(scope, access)), offset: 0 };
};

export const lowerLoad = (scope: Scope, insn: LoadInsn, slot: number): Expr[] => {
  const { size, signed, dst, src, off } = insn;
  const { base, offset } = address(scope, { register: src, off, size, write: false, slot });
  return [scope.setReg(dst, scope.b.load((signed ? SIGNED_LOADS : LOADS)[size], base, offset))];
};

export const lowerStore = (scope: Scope, insn: StoreInsn, slot: number): Expr[] => {
  const { size, dst, off } = insn;
  const { base, offset } = address(scope, { register: dst, off, size, write: true, slot });
  return [scope.b.store(STORES[size], base, offset, readOperand(scope, insn, 64))];
};

/** The address of an atomic access in a local, after both checks (bounds, then alignment). */
const atomicAddress = (scope: Scope, access: Access): { statements: Expr[]; local: number } => {
  const { b } = scope;
  const { base, offset } = address(scope, access);
  const local = scope.scratch('address', 'i32');
  const whole = offset === 0 ? base : b.binary('i32.add', base, b.const32(offset));
  const statements = [b.set(local, whole)];
  if (scope.unit.sandbox && access.size > 1) statements.push(alignmentCheck(scope, access, local));
  return { statements, local };
};

const alignmentCheck = (scope: Scope, access: Access, local: number): Expr => {
  const { b } = scope;
  const rest = b.binary('i32.and', b.get(local, 'i32'), b.const32(access.size - 1));
  return b.when(rest, scope.trap(TRAP_MISALIGNED, access.slot, sum(scope, access)));
};

/** A value, sized as it is in memory: 32-bit ones are zero-extended. */
const zeroExtended = ({ b }: Scope, size: 4 | 8, value: Expr): Expr =>
  size === 8 ? value : b.binary('i64.and', value, b.const64(0xffffffffn));

/** Plain read-modify-write: the old value goes to a local, the new one to memory. */
const plainAtomic = (scope: Scope, insn: AtomicInsn, local: number): Expr[] => {
  const { b } = scope;
  const old = scope.scratch('old', 'i64');
  const at = (): Expr => b.get(local, 'i32');
  const load = b.set(old, b.load(LOADS[insn.size], at(), 0));
  return [load, PLAIN[insn.op](scope, insn, at, () => b.get(old, 'i64'))];
};

type PlainLowering = (scope: Scope, insn: AtomicInsn, at: () => Expr, old: () => Expr) => Expr;

const modify =
  (name: 'add' | 'or' | 'and' | 'xor'): PlainLowering =>
  (scope, { size, src }, at, old) =>
    scope.b.store(STORES[size], at(), 0, scope.b.binary(`i64.${name}`, old(), scope.reg(src)));

const PLAIN: Readonly<Record<AtomicOp, PlainLowering>> = {
  add: modify('add'),
  or: modify('or'),
  and: modify('and'),
  xor: modify('xor'),
  xchg: (scope, { size, src }, at) => scope.b.store(STORES[size], at(), 0, scope.reg(src)),
  cmpxchg: (scope, { size, src }, at, old) => {
    const same = scope.b.binary('i64.eq', old(), zeroExtended(scope, size, scope.reg(0)));
    return scope.b.when(same, [scope.b.store(STORES[size], at(), 0, scope.reg(src))]);
  },
};

const sharedAtomic = (scope: Scope, { op, size, src }: AtomicInsn, local: number): Expr[] => {
  const { b } = scope;
  const old = scope.scratch('old', 'i64');
  const at = b.get(local, 'i32');
  // WebAssembly compares the whole i64 with the zero-extended memory, eBPF the low half only.
  const expected = (): Expr => zeroExtended(scope, size, scope.reg(0));
  const value =
    op === 'cmpxchg'
      ? b.atomicCmpxchg(size, at, 0, expected(), scope.reg(src))
      : b.atomicRmw(op, size, at, 0, scope.reg(src));
  return [b.set(old, value)];
};

/** cmpxchg returns the old value in r0, the others in src when they fetch. */
export const lowerAtomic = (scope: Scope, insn: AtomicInsn, slot: number): Expr[] => {
  const { op, fetch, size, dst, src, off } = insn;
  const { statements, local } = atomicAddress(scope, { register: dst, off, size, write: true, slot });
  statements.push(...(scope.unit.shared ? sharedAtomic : plainAtomic)(scope, insn, local));
  const old = (): Expr => scope.b.get(scope.scratch('old', 'i64'), 'i64');
  if (op === 'cmpxchg') statements.push(scope.setReg(0, old()));
  else if (fetch || op === 'xchg') statements.push(scope.setReg(src, old()));
  return statements;
};

export const lowerLoadAcquire = (scope: Scope, insn: LoadAcquireInsn, slot: number): Expr[] => {
  const { size, dst, src, off } = insn;
  const { statements, local } = atomicAddress(scope, { register: src, off, size, write: false, slot });
  const at = scope.b.get(local, 'i32');
  const value = scope.unit.shared ? scope.b.atomicLoad(size, at, 0) : scope.b.load(LOADS[size], at, 0);
  return [...statements, scope.setReg(dst, value)];
};

export const lowerStoreRelease = (scope: Scope, insn: StoreReleaseInsn, slot: number): Expr[] => {
  const { size, dst, src, off } = insn;
  const { statements, local } = atomicAddress(scope, { register: dst, off, size, write: true, slot });
  const at = scope.b.get(local, 'i32');
  const value = scope.reg(src);
  const store = scope.unit.shared
    ? scope.b.atomicStore(size, at, 0, value)
    : scope.b.store(STORES[size], at, 0, value);
  return [...statements, store];
};

/** LD_ABS and LD_IND: out of range ends the function with 0. RFC 9669, section 5.5. */
export const lowerPacket = (scope: Scope, { size, src, imm }: PacketInsn): Expr[] => {
  const { b } = scope;
  const constant = b.const32(imm);
  const offset = src === undefined ? constant : b.binary('i32.add', scope.low(src), constant);
  const value = scope.scratch('old', 'i64');
  const loaded = b.tee(value, scope.call('packetLoad', offset, b.const32(size)), 'i64');
  const outside = b.binary('i64.eq', loaded, b.const64(-1n));
  return [b.when(outside, [...scope.flush(), b.return(b.const64(0n))]), scope.setReg(0, b.get(value, 'i64'))];
};
