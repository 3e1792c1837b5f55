/** Where an instruction goes in the predecoded code, and how its fields are written. */
import * as op from './opcodes.ts';

/** Fields of a predecoded instruction; what is left out is 0. */
export interface Fields {
  readonly op: number;
  /** Register numbers. */
  readonly dst?: number;
  readonly src?: number;
  /** Signed 32 bits. */
  readonly off?: number;
  /** Signed or unsigned 64 bits. */
  readonly imm?: bigint | number;
  /** Of ARENA: the opcode of the access. */
  readonly arenaOp?: number;
}

const REGISTER_BYTES = 8;

/** Writes the instruction of `slot`. */
export function writeInsn(view: DataView, slot: number, fields: Fields): void {
  const at = slot * op.INSN_SIZE;
  view.setUint8(at + op.INSN_OP, fields.op);
  view.setUint8(at + op.INSN_DST, (fields.dst ?? 0) * REGISTER_BYTES);
  view.setUint8(at + op.INSN_SRC, (fields.src ?? 0) * REGISTER_BYTES);
  view.setUint8(at + op.INSN_ARENA_OP, fields.arenaOp ?? 0);
  view.setInt32(at + op.INSN_OFF, fields.off ?? 0, true);
  view.setBigInt64(at + op.INSN_IMM, BigInt(fields.imm ?? 0), true);
}
