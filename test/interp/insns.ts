/** Short forms of instructions, for tests. */
import type {
  AluOp,
  AtomicOp,
  EndianOp,
  Insn,
  JumpOp,
  LddwPseudo,
  Operand,
  Size,
  Width,
} from '../../src/isa/insn.ts';

/** A register as the second operand. */
export const r = (src: number): Operand => ({ src });
const operand = (value: number | Operand): Operand => (typeof value === 'number' ? { imm: value } : value);

export const alu = (op: AluOp, dst: number, value: number | Operand, width: Width = 64): Insn => {
  return { kind: 'alu', op, width, dst, ...operand(value) };
};
export const mov = (dst: number, value: number | Operand, width: Width = 64): Insn =>
  alu('mov', dst, value, width);
export const neg = (dst: number, width: Width = 64): Insn => ({ kind: 'neg', width, dst });
export const endian = (op: EndianOp, dst: number, bits: 16 | 32 | 64): Insn => ({
  kind: 'endian',
  op,
  bits,
  dst,
});
export const lddw = (dst: number, value: bigint, pseudo: LddwPseudo = 0): [Insn, undefined] => {
  const lo = Number(BigInt.asIntN(32, value));
  const hi = Number(BigInt.asIntN(32, value >> 32n));
  return [{ kind: 'lddw', dst, pseudo, lo, hi }, undefined];
};
export const load = (size: Size, dst: number, src: number, off: number, signed = false): Insn => {
  return { kind: 'load', size, signed, dst, src, off };
};
export const store = (size: Size, dst: number, off: number, value: number | Operand): Insn => {
  return { kind: 'store', size, dst, off, ...operand(value) };
};
export const atomic = (
  op: AtomicOp,
  fetch: boolean,
  size: 4 | 8,
  dst: number,
  off: number,
  src: number,
): Insn => {
  return { kind: 'atomic', op, fetch, size, dst, src, off };
};
export const loadAcquire = (size: Size, dst: number, src: number, off: number): Insn => {
  return { kind: 'loadAcquire', size, dst, src, off };
};
export const storeRelease = (size: Size, dst: number, off: number, src: number): Insn => {
  return { kind: 'storeRelease', size, dst, src, off };
};
export const packet = (size: 1 | 2 | 4, imm: number, src?: number): Insn => ({
  kind: 'packet',
  size,
  src,
  imm,
});
export const jump = (
  op: JumpOp,
  dst: number,
  value: number | Operand,
  off: number,
  width: Width = 64,
): Insn => {
  return { kind: 'jump', op, width, dst, off, ...operand(value) };
};
export const ja = (off: number): Insn => ({ kind: 'ja', long: false, off });
export const mayGoto = (off: number): Insn => ({ kind: 'mayGoto', off });
export const call = (id: number): Insn => ({ kind: 'call', target: 'helper', imm: id, off: 0 });
/** `imm`: slots from the next instruction to the function. */
export const callLocal = (imm: number): Insn => ({ kind: 'call', target: 'local', imm, off: 0 });
export const callx = (dst: number): Insn => ({ kind: 'callx', dst });
export const exit: Insn = { kind: 'exit' };
