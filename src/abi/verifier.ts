/**
 * The verifier's numeric domain: what is known of a scalar, at an address of its linear memory. Compiled by
 * TypeScript and by AssemblyScript. All offsets and sizes are bytes.
 *
 * A scalar is a tristate number and eight bounds; the values it stands for satisfy all of them:
 *
 *   (x & ~mask) == value,  umin <= x <= umax,  smin <= (s64)x <= smax,
 *   u32min <= (u32)x <= u32max,  s32min <= (s32)x <= s32max
 */

/** u64: bits known to be 1. */
export const SCALAR_VALUE = 0;
/** u64: bits not known; no bit is set in both. */
export const SCALAR_MASK = 8;
/** The 64-bit bounds: umin, umax (u64), smin, smax (i64). */
export const SCALAR_64 = 16;
/** The bounds of the low half: umin, umax (u32), smin, smax (i32). */
export const SCALAR_32 = 48;
/** A walk may keep a register's type, id and offset behind its scalar. */
export const SCALAR_SIZE = 64;

/** Below this address the memory belongs to the domain itself; scalars are 8-byte aligned from here on. */
export const DOMAIN_END = 1024;
/** In the domain's own part: the scalar that an immediate operand becomes. */
export const DOMAIN_IMMEDIATE = 64;
/** In the domain's own part: a scalar that operations make for themselves. */
export const DOMAIN_SPARE = 128;

// ---- numbers of the operations of src/isa/insn.ts -----------------------------------------------------

export const ALU_ADD = 0;
export const ALU_SUB = 1;
export const ALU_MUL = 2;
export const ALU_DIV = 3;
export const ALU_SDIV = 4;
export const ALU_OR = 5;
export const ALU_AND = 6;
export const ALU_LSH = 7;
export const ALU_RSH = 8;
export const ALU_MOD = 9;
export const ALU_SMOD = 10;
export const ALU_XOR = 11;
export const ALU_MOV = 12;
export const ALU_MOVSX8 = 13;
export const ALU_MOVSX16 = 14;
export const ALU_MOVSX32 = 15;
export const ALU_ARSH = 16;

/** Each condition and its opposite differ in bit 0 alone. */
export const JUMP_EQ = 0;
export const JUMP_NE = 1;
export const JUMP_LT = 2;
export const JUMP_GE = 3;
export const JUMP_GT = 4;
export const JUMP_LE = 5;
export const JUMP_SLT = 6;
export const JUMP_SGE = 7;
export const JUMP_SGT = 8;
export const JUMP_SLE = 9;
export const JUMP_SET = 10;
/** No instruction: what holds where jset is not taken. */
export const JUMP_NSET = 11;

export const ENDIAN_LE = 0;
export const ENDIAN_BE = 1;
export const ENDIAN_BSWAP = 2;
