/** What an instruction does to the values of registers and places, seen as plain 64-bit numbers. */
import type { AluInsn, AtomicInsn, Insn, InsnKind, LddwInsn, LoadInsn, StoreInsn } from '../../isa/insn.ts';
import { ALU_NUMBER, ENDIAN_NUMBER } from '../domain.ts';
import type { StateExports } from '../state/memory.ts';
import { overlap, type Place, REGISTERS } from './places.ts';

/** Current values, at addresses of the domain's memory. */
export interface Values {
  readonly ops: StateExports;
  readonly places: readonly Place[];
  /** Of a register (below 10), or of a place behind them. */
  readonly at: (index: number) => number;
  /** The place that the instruction at hand loads or stores, where it is the function's own. */
  readonly place: Place | undefined;
}

const FRAME_POINTER = 10;

function forget({ ops, at }: Values, ...registers: number[]): void {
  for (const register of registers) ops.setUnknown(at(register));
}

/** The address in r10 is a number nobody knows. */
function operand(values: Values, register: number): number {
  const { ops, at } = values;
  const index = register === FRAME_POINTER ? REGISTERS + values.places.length : register;
  if (register === FRAME_POINTER) ops.setUnknown(at(index));
  return at(index);
}

function alu(insn: AluInsn, values: Values): void {
  const { ops, at } = values;
  const { op, width, dst, src } = insn;
  const number = ALU_NUMBER[op];
  if (src === undefined) ops.aluImm(number, width, at(dst), insn.imm);
  else ops.alu(number, width, at(dst), operand(values, src));
}

function lddw({ dst, pseudo, lo, hi }: LddwInsn, values: Values): void {
  if (pseudo !== 0) forget(values, dst);
  else values.ops.setConst(values.at(dst), (BigInt(hi) << 32n) | BigInt(lo >>> 0));
}

const indexOf = ({ places }: Values, { offset, size }: Place): number =>
  places.findIndex((place) => place.offset === offset && place.size === size);

function load({ dst, size, signed }: LoadInsn, values: Values): void {
  const { ops, at, place } = values;
  const index = place === undefined ? -1 : indexOf(values, place);
  if (index < 0) forget(values, dst);
  else ops.copy(at(dst), at(REGISTERS + index));
  if (size === 8) return;
  if (signed) ops.signExtend(at(dst), size);
  else ops.zeroExtend(at(dst), size);
}

function store(insn: StoreInsn, values: Values): void {
  const { ops, at, place, places } = values;
  if (place === undefined) return;
  places.forEach((other, index) => {
    if (!overlap(place, other)) return;
    const to = at(REGISTERS + index);
    if (other.offset !== place.offset || other.size !== place.size) ops.setUnknown(to);
    else if (insn.src === undefined) ops.setConst(to, BigInt(insn.imm));
    else ops.copy(to, operand(values, insn.src));
  });
}

/** Nothing is known of what is stored. */
function storeUnknown({ ops, at, place, places }: Values): void {
  places.forEach((other, index) => {
    if (place !== undefined && overlap(place, other)) ops.setUnknown(at(REGISTERS + index));
  });
}

function atomic({ op, fetch, src }: AtomicInsn, values: Values): void {
  storeUnknown(values);
  if (op === 'cmpxchg') forget(values, 0);
  else if (fetch) forget(values, src);
}

const nothing = (): void => undefined;
const call = (_: unknown, values: Values): void => forget(values, 0, 1, 2, 3, 4, 5);

const TRANSFER: { readonly [K in InsnKind]: (insn: Extract<Insn, { kind: K }>, values: Values) => void } = {
  alu,
  neg: ({ width, dst }, { ops, at }) => ops.neg(width, at(dst)),
  endian: ({ op, bits, dst }, { ops, at }) => ops.endian(ENDIAN_NUMBER[op], bits, at(dst)),
  lddw,
  load,
  store,
  atomic,
  loadAcquire: ({ dst, size }, values) => {
    forget(values, dst);
    if (size < 8) values.ops.zeroExtend(values.at(dst), size);
  },
  storeRelease: (_, values) => storeUnknown(values),
  packet: call,
  jump: nothing,
  ja: nothing,
  mayGoto: nothing,
  gotox: nothing,
  call,
  callx: call,
  exit: nothing,
  addrSpaceCast: ({ dst }, values) => forget(values, dst),
};

const transferOf = <K extends InsnKind>(kind: K, insn: Extract<Insn, { kind: K }>, values: Values): void =>
  TRANSFER[kind](insn, values);

export const transfer = (insn: Insn, values: Values): void => transferOf(insn.kind, insn, values);
