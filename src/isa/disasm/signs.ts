/** Pieces of C-like text that both printings share, from the families. */
import { ALU, ATOMICS, JUMPS, SIZES } from '../families.ts';
import type {
  AluInsn,
  AluOp,
  AtomicInsn,
  AtomicOp,
  CallInsn,
  Insn,
  InsnKind,
  JumpOp,
  LddwInsn,
  Size,
  Width,
} from '../insn.ts';

/** Names that the instructions themselves do not have. */
export interface CallNames {
  /** Names of kernel functions by the imm of their calls: `Program.kfuncs`. */
  readonly kfuncs?: readonly string[] | undefined;
}

/** A function for each kind of instruction. */
export type Printers<Options> = {
  readonly [K in InsnKind]: (insn: Extract<Insn, { kind: K }>, options: Options) => string;
};

const ASSIGN = new Map<AluOp, { readonly sign: string; readonly cast: string }>(
  ALU.map((family) => [family.op, family]),
);
const COMPARE = new Map<JumpOp, string>(JUMPS.map(({ op, sign }) => [op, sign]));
const UPDATE = new Map<AtomicOp, string>(ATOMICS.map(({ op, sign }) => [op, sign]));
const BITS = new Map<Size, number>(SIZES.map(({ size, bits }) => [size, bits]));

export const register = (number: number, width: Width): string => `${width === 64 ? 'r' : 'w'}${number}`;
export const compareSign = (op: JumpOp): string => COMPARE.get(op) ?? '';
export const updateSign = (op: AtomicOp): string => UPDATE.get(op) ?? '';
/** Assignment operator and, for movsx, the cast before the source. */
const assignSign = (op: AluOp): string => `${ASSIGN.get(op)?.sign ?? ''} ${ASSIGN.get(op)?.cast ?? ''}`;
/** `u32`, or `s32` for a sign-extending load. */
export const memoryType = (size: Size, signed = false): string => `${signed ? 's' : 'u'}${BITS.get(size)}`;
export const plus = (value: number): string => (value < 0 ? `${value}` : `+${value}`);
/** Whether the operation has a plain form without FETCH (add, or, and, xor). */
export const isUpdate = ({ op }: AtomicInsn): boolean => updateSign(op) !== '';

export const aluText = (insn: AluInsn, immediate: (imm: number) => string): string => {
  const { op, width, dst } = insn;
  const operand = insn.imm === undefined ? register(insn.src, width) : immediate(insn.imm);
  return `${register(dst, width)} ${assignSign(op)}${operand}`;
};

const IDENTIFIER = /^[A-Za-z_]\w*$/;

/** Name of the kernel function called, where it is known and can be read back. */
export const kfuncName = ({ target, imm, off }: CallInsn, { kfuncs = [] }: CallNames): string | undefined => {
  const name = target === 'kfunc' && off === 0 ? kfuncs[imm] : undefined;
  return name !== undefined && IDENTIFIER.test(name) ? name : undefined;
};

/** The sources of lddw but the plain constant, in brackets as bpftool has them. */
export const referenceText = ({ pseudo, lo, hi }: LddwInsn): string => {
  if (pseudo === 3) return hi === 0 ? `btf[${lo}]` : `btf[${lo}][fd:${hi}]`;
  if (pseudo === 4) return `subprog[${plus(lo)}]`;
  const map = pseudo <= 2 ? `map[fd:${lo}]` : `map[${lo}]`;
  return pseudo === 2 || pseudo === 6 ? `${map}[0]${plus(hi)}` : map;
};

/** The 64-bit constant of an lddw, unsigned. */
export const wideValue = ({ lo, hi }: LddwInsn): bigint =>
  (BigInt.asUintN(32, BigInt(hi)) << 32n) | BigInt.asUintN(32, BigInt(lo));
