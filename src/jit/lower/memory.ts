/** Loads, stores and atomics. RFC 9669, section 5. */
import { ARENA_ALIGNED } from '../../abi/layout.ts';
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
import type { InsnFacts } from '../../verifier/proof.ts';
import type { Expr } from '../builder.ts';
import { mapGlobal } from '../names.ts';
import { type Cell, cellKey } from '../opt/stack.ts';
import type { Flow } from '../ssa/flow.ts';
import { const64, type Piece, type Unary, type Value } from '../ssa/value.ts';
import { checkAddress } from '../windows.ts';
import { readOperand } from './alu.ts';

/** A memory access of the program: where, how much, and by which instruction. */
interface Access {
  readonly register: number;
  readonly off: number;
  readonly size: Size;
  readonly write: boolean;
  readonly facts: InsnFacts | undefined;
  readonly isAtomic?: boolean;
}

/** Kind of the base register of accesses to an arena. */
const ARENA = 'arena';

const sum = (flow: Flow, { register, off }: Access): Value =>
  flow.values.binary('add', 'i64', flow.reg(register), const64(BigInt(off)));

/** Where an access to the program's arena goes, see arenaAddress of the runtime. */
const arenaPiece = (flow: Flow, access: Access): Piece => {
  const { size, isAtomic = false } = access;
  const { b, unit } = flow.scope;
  const address = flow.result('i32', [flow.values.wrap(sum(flow, access))], ([at], set) => [
    set(
      flow.scope.call(
        'arenaAddress',
        unit.global(mapGlobal(unit.arena)),
        at as Expr,
        b.const32(isAtomic ? size | ARENA_ALIGNED : size),
      ),
    ),
  ]);
  return { base: flow.values.extend(address), offset: 0, size, kind: undefined };
};

/** The piece of memory of an access, behind its check where it needs one. */
const pieceOf = (flow: Flow, access: Access): Piece => {
  const { register, off, size, write, facts } = access;
  const { unit } = flow.scope;
  if (facts?.memory === ARENA) return arenaPiece(flow, access);
  const piece = flow.frame.piece(flow.reg(register), off, size, facts?.memory);
  if (!unit.sandbox || facts?.safe === true) return piece;
  if (flow.frame.holds(piece)) return piece;
  const { slot } = flow;
  const address = sum(flow, access);
  const checked = flow.result('i32', [address, address, address], (uses, set) => {
    const left = [...uses];
    return [set(checkAddress(flow.scope, () => left.shift() as Expr, { size, write, slot }))];
  });
  return { base: flow.values.extend(checked), offset: 0, size, kind: undefined };
};

/** The access's piece of the stack, when that is a local. */
const cellOf = (flow: Flow, size: Size, facts: InsnFacts | undefined): Cell | undefined =>
  facts?.stackOffset === undefined ? undefined : flow.frame.cell(cellKey(facts.stackOffset, size));

const MASKS: Readonly<Record<Size, bigint>> = {
  1: 0xffn,
  2: 0xffffn,
  4: 0xffffffffn,
  8: 0xffffffffffffffffn,
};

function readCell(flow: Flow, { local, shift, isWhole }: Cell, size: Size): Value {
  const value = flow.cell(local);
  if (isWhole) return value;
  return flow.truncated(flow.values.binary('shr_u', 'i64', value, const64(BigInt(shift))), size);
}

function writeCell(flow: Flow, { local, shift, isWhole }: Cell, size: Size, value: Value): void {
  const part = flow.truncated(value, size);
  if (isWhole) {
    flow.setCell(local, part);
    return;
  }
  const { values } = flow;
  const rest = values.binary('and', 'i64', flow.cell(local), const64(~(MASKS[size] << BigInt(shift))));
  const moved = values.binary('shl', 'i64', part, const64(BigInt(shift)));
  flow.setCell(local, values.binary('or', 'i64', rest, moved));
}

const SIGNED: Readonly<Record<Size, Unary | undefined>> = {
  1: 'i64.extend8_s',
  2: 'i64.extend16_s',
  4: 'i64.extend32_s',
  8: undefined,
};

export const lowerLoad = (flow: Flow, insn: LoadInsn, facts: InsnFacts | undefined): void => {
  const { size, signed, dst, src, off } = insn;
  const cell = cellOf(flow, size, facts);
  const value = cell
    ? readCell(flow, cell, size)
    : flow.load(pieceOf(flow, { register: src, off, size, write: false, facts }));
  const extension = signed ? SIGNED[size] : undefined;
  flow.set(dst, extension === undefined ? value : flow.values.unary(extension, value));
};

export const lowerStore = (flow: Flow, insn: StoreInsn, facts: InsnFacts | undefined): void => {
  const { size, dst, off } = insn;
  const value = readOperand(flow, insn, 64);
  const cell = cellOf(flow, size, facts);
  if (cell) writeCell(flow, cell, size, value);
  else flow.store(pieceOf(flow, { register: dst, off, size, write: true, facts }), value);
};

/** Traps in a sandbox unless the address is a multiple of the size. */
function checkAlignment(flow: Flow, { size }: Access, piece: Piece): void {
  if (!flow.scope.unit.sandbox || size === 1) return;
  const { address, offset } = flow.frame.address(flow.values, piece);
  const { slot } = flow;
  const { b } = flow.scope;
  const whole = flow.pin(
    flow.values.binary('add', 'i64', flow.values.extend(address), const64(BigInt(offset))),
  );
  flow.act([flow.values.wrap(whole), whole], ([test, at]) => [
    b.when(
      b.binary('i32.and', test as Expr, b.const32(size - 1)),
      flow.scope.trap(TRAP_MISALIGNED, slot, at as Expr),
    ),
  ]);
}

/** The piece of an atomic access, after both checks (bounds, then alignment). */
const atomicPiece = (flow: Flow, access: Access): Piece => {
  const piece = pieceOf(flow, { ...access, isAtomic: true });
  checkAlignment(flow, access, piece);
  return piece;
};

type Change = (flow: Flow, old: Value, operand: Value) => Value;

const operation =
  (name: 'add' | 'or' | 'and' | 'xor'): Change =>
  (flow, old, operand) =>
    flow.values.binary(name, 'i64', old, operand);

const CHANGES: Readonly<Record<Exclude<AtomicOp, 'cmpxchg'>, Change>> = {
  add: operation('add'),
  or: operation('or'),
  and: operation('and'),
  xor: operation('xor'),
  xchg: (_flow, _old, operand) => operand,
};

/** Plain read-modify-write; the old value. */
const plainAtomic = (flow: Flow, { op, size, src }: AtomicInsn, piece: Piece): Value => {
  const old = flow.load(piece);
  const operand = flow.reg(src);
  if (op !== 'cmpxchg') {
    flow.store(piece, CHANGES[op](flow, old, operand));
    return old;
  }
  const same = flow.values.binary('eq', 'i64', old, flow.truncated(flow.reg(0), size));
  flow.store(piece, flow.values.select(same, operand, old));
  return old;
};

const sharedAtomic = (flow: Flow, { op, size, src }: AtomicInsn, piece: Piece): Value => {
  const { address, offset } = flow.frame.address(flow.values, piece);
  const { b } = flow.scope;
  // WebAssembly compares the whole i64 with the zero-extended memory, eBPF the low half only.
  const operands = [address, flow.reg(src), ...(op === 'cmpxchg' ? [flow.truncated(flow.reg(0), size)] : [])];
  const old = flow.result('i64', operands, ([at, value, expected], set) => [
    set(
      op === 'cmpxchg'
        ? b.atomicCmpxchg(size, at as Expr, offset, expected as Expr, value as Expr)
        : b.atomicRmw(op, size, at as Expr, offset, value as Expr),
    ),
  ]);
  flow.memory.forget();
  return old;
};

/** cmpxchg returns the old value in r0, the others in src when they fetch. */
export const lowerAtomic = (flow: Flow, insn: AtomicInsn, facts: InsnFacts | undefined): void => {
  const { op, fetch, size, dst, src, off } = insn;
  const piece = atomicPiece(flow, { register: dst, off, size, write: true, facts });
  const old = (flow.scope.unit.shared ? sharedAtomic : plainAtomic)(flow, insn, piece);
  if (op === 'cmpxchg') flow.set(0, old);
  else if (fetch || op === 'xchg') flow.set(src, old);
};

export const lowerLoadAcquire = (flow: Flow, insn: LoadAcquireInsn, facts: InsnFacts | undefined): void => {
  const { size, dst, src, off } = insn;
  const piece = atomicPiece(flow, { register: src, off, size, write: false, facts });
  if (!flow.scope.unit.shared) {
    flow.set(dst, flow.load(piece));
    return;
  }
  const { address, offset } = flow.frame.address(flow.values, piece);
  const value = flow.result('i64', [address], ([at], set) => [
    set(flow.scope.b.atomicLoad(size, at as Expr, offset)),
  ]);
  flow.memory.forget();
  flow.set(dst, value);
};

export const lowerStoreRelease = (flow: Flow, insn: StoreReleaseInsn, facts: InsnFacts | undefined): void => {
  const { size, dst, src, off } = insn;
  const piece = atomicPiece(flow, { register: dst, off, size, write: true, facts });
  if (!flow.scope.unit.shared) {
    flow.store(piece, flow.reg(src));
    return;
  }
  const { address, offset } = flow.frame.address(flow.values, piece);
  flow.act([address, flow.reg(src)], ([at, value]) => [
    flow.scope.b.atomicStore(size, at as Expr, offset, value as Expr),
  ]);
  flow.memory.forget();
};

/** LD_ABS and LD_IND: out of range ends the function with 0. RFC 9669, section 5.5. */
export const lowerPacket = (flow: Flow, { size, src, imm }: PacketInsn): void => {
  const { values, scope } = flow;
  const { b } = scope;
  const constant = values.wrap(const64(BigInt(imm)));
  const offset = src === undefined ? constant : values.binary('add', 'i32', flow.low(src), constant);
  const loaded = flow.result('i64', [offset], ([at], set) => [
    set(scope.call('packetLoad', at as Expr, b.const32(size))),
  ]);
  const outside = values.binary('eq', 'i64', loaded, const64(-1n));
  flow.act([outside], ([test]) => [b.when(test as Expr, [...scope.flush(), ...flow.frame.end(scope)])]);
  flow.set(0, loaded);
};
