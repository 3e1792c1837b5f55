/**
 * A decoded instruction, as every stage reads it. Offsets of jumps count 8-byte slots from the slot after
 * the instruction, as in RFC 9669; a wide instruction (lddw) takes two slots.
 */

/** ALU operations of two operands. `movsx*` exist with a register source only. */
export type AluOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'sdiv'
  | 'or'
  | 'and'
  | 'lsh'
  | 'rsh'
  | 'mod'
  | 'smod'
  | 'xor'
  | 'mov'
  | 'movsx8'
  | 'movsx16'
  | 'movsx32'
  | 'arsh';
export type EndianOp = 'le' | 'be' | 'bswap';
export type JumpOp =
  | 'jeq'
  | 'jgt'
  | 'jge'
  | 'jset'
  | 'jne'
  | 'jsgt'
  | 'jsge'
  | 'jlt'
  | 'jle'
  | 'jslt'
  | 'jsle';
export type AtomicOp = 'add' | 'or' | 'and' | 'xor' | 'xchg' | 'cmpxchg';
export type Width = 32 | 64;
/** Bytes of a memory access. */
export type Size = 1 | 2 | 4 | 8;

/** The second operand of ALU and jump instructions: a register, or an immediate (signed 32 bits). */
export type Operand =
  | { readonly src: number; readonly imm?: undefined }
  | { readonly imm: number; readonly src?: undefined };

export type AluInsn = {
  readonly kind: 'alu';
  readonly op: AluOp;
  readonly width: Width;
  readonly dst: number;
} & Operand;
export interface NegInsn {
  readonly kind: 'neg';
  readonly width: Width;
  readonly dst: number;
}
export interface EndianInsn {
  readonly kind: 'endian';
  readonly op: EndianOp;
  readonly bits: 16 | 32 | 64;
  readonly dst: number;
}
/** Source-register values of lddw (RFC 9669, section 5.4). */
export type LddwPseudo = 0 | 1 | 2 | 3 | 4 | 5 | 6;
export interface LddwInsn {
  readonly kind: 'lddw';
  readonly dst: number;
  /** 0 value, 1 map fd, 2 map-fd value, 3 BTF variable, 4 code address, 5 map index, 6 map-index value. */
  readonly pseudo: LddwPseudo;
  /** imm of the first and of the second slot, signed; the 64-bit value is (hi << 32) | (lo as u32). */
  readonly lo: number;
  readonly hi: number;
}
export interface LoadInsn {
  readonly kind: 'load';
  readonly size: Size;
  /** Sign-extending (cpu v4); never with size 8. */
  readonly signed: boolean;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
}
export type StoreInsn = {
  readonly kind: 'store';
  readonly size: Size;
  readonly dst: number;
  readonly off: number;
} & Operand;
export interface AtomicInsn {
  readonly kind: 'atomic';
  readonly op: AtomicOp;
  /** xchg and cmpxchg always fetch. */
  readonly fetch: boolean;
  readonly size: 4 | 8;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
}
/** dst = load_acquire(src + off); zero-extends. */
export interface LoadAcquireInsn {
  readonly kind: 'loadAcquire';
  readonly size: Size;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
}
/** store_release(dst + off, src). */
export interface StoreReleaseInsn {
  readonly kind: 'storeRelease';
  readonly size: Size;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
}
/** Historical packet access: r0 = big-endian packet[imm (+ src)]; out of range ends the program with 0. */
export interface PacketInsn {
  readonly kind: 'packet';
  readonly size: 1 | 2 | 4;
  /** Register added to imm (ld_ind), or undefined (ld_abs). */
  readonly src: number | undefined;
  readonly imm: number;
}
export type JumpInsn = {
  readonly kind: 'jump';
  readonly op: JumpOp;
  readonly width: Width;
  readonly dst: number;
  readonly off: number;
} & Operand;
export interface JaInsn {
  readonly kind: 'ja';
  /** True for gotol, whose offset is 32 bits wide (cpu v4). */
  readonly long: boolean;
  readonly off: number;
}
export interface MayGotoInsn {
  readonly kind: 'mayGoto';
  readonly off: number;
}
/** goto *dst (indirect jump, Linux 6.19). */
export interface GotoxInsn {
  readonly kind: 'gotox';
  readonly dst: number;
}
export interface CallInsn {
  readonly kind: 'call';
  readonly target: 'helper' | 'local' | 'kfunc';
  /**
   * Helper id, slot offset of the subprogram from the next slot, or what names the kfunc: its BTF id as the kernel has
   * it, an index into `Program.kfuncs` here.
   */
  readonly imm: number;
  /** kfunc only: index into the fd array. */
  readonly off: number;
}
export interface CallxInsn {
  readonly kind: 'callx';
  readonly dst: number;
}
export interface ExitInsn {
  readonly kind: 'exit';
}
/** dst = address-space cast of src; imm = (dst_as << 16) | src_as (arenas, Linux 6.9). */
export interface AddrSpaceCastInsn {
  readonly kind: 'addrSpaceCast';
  readonly dst: number;
  readonly src: number;
  readonly imm: number;
}

export type Insn =
  | AluInsn
  | NegInsn
  | EndianInsn
  | LddwInsn
  | LoadInsn
  | StoreInsn
  | AtomicInsn
  | LoadAcquireInsn
  | StoreReleaseInsn
  | PacketInsn
  | JumpInsn
  | JaInsn
  | MayGotoInsn
  | GotoxInsn
  | CallInsn
  | CallxInsn
  | ExitInsn
  | AddrSpaceCastInsn;

export type InsnKind = Insn['kind'];

/** Slots an instruction occupies. */
export const slotsOf = (insn: Insn): 1 | 2 => (insn.kind === 'lddw' ? 2 : 1);
