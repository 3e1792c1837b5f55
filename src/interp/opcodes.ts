/**
 * The predecoded instruction of the interpreter: the contract between predecode.ts and assembly/interp, compiled
 * by both. Plain constants only.
 */

/** One instruction a slot, so that a slot's number is its index. */
export const INSN_SIZE = 16;
export const INSN_OP = 0; // u8
/** Byte offset of the register in the window: number * 8. */
export const INSN_DST = 1; // u8
export const INSN_SRC = 2; // u8
/** Of a memory access: its offset. Of a jump or local call: bytes from this instruction to its target. */
export const INSN_OFF = 4; // i32
/** Immediate, already extended to 64 bits as the operation wants it. */
export const INSN_IMM = 8; // i64

// ---- forms: added to an arithmetic or jump operation -------------------------------------------------------

/** 64 bits, register operand. */
export const R64 = 0;
/** 64 bits, immediate operand. */
export const K64 = 1;
export const R32 = 2;
export const K32 = 3;

// ---- arithmetic, four forms each ---------------------------------------------------------------------------

export const ADD = 0;
export const SUB = 4;
export const MUL = 8;
export const DIV = 12;
export const SDIV = 16;
export const OR = 20;
export const AND = 24;
export const LSH = 28;
export const RSH = 32;
export const MOD = 36;
export const SMOD = 40;
export const XOR = 44;
export const MOV = 48;
export const ARSH = 52;
/** Register forms only, as NEG. */
export const MOVSX8 = 56;
export const MOVSX16 = 60;
export const MOVSX32 = 64;
export const NEG = 68;

// ---- conditional jumps, four forms each --------------------------------------------------------------------

export const JEQ = 72;
export const JGT = 76;
export const JGE = 80;
export const JSET = 84;
export const JNE = 88;
export const JSGT = 92;
export const JSGE = 96;
export const JLT = 100;
export const JLE = 104;
export const JSLT = 108;
export const JSLE = 112;

// ---- memory: add CHECKED for the sandboxed form ------------------------------------------------------------

export const CHECKED = 1;
export const LDX8 = 116;
export const LDX16 = 118;
export const LDX32 = 120;
export const LDX64 = 122;
export const LDXS8 = 124;
export const LDXS16 = 126;
export const LDXS32 = 128;
export const STX8 = 130;
export const STX16 = 132;
export const STX32 = 134;
export const STX64 = 136;
/** Stores of the immediate. */
export const ST8 = 138;
export const ST16 = 140;
export const ST32 = 142;
export const ST64 = 144;
/** imm: ATOMIC_*, with ATOMIC_FETCH. */
export const ATOMIC32 = 146;
export const ATOMIC64 = 148;
/** imm: size in bytes. */
export const LOAD_ACQUIRE = 150;
export const STORE_RELEASE = 152;

// ---- the rest ----------------------------------------------------------------------------------------------

export const JA = 154;
export const MAY_GOTO = 155;
/** imm: helper id. */
export const CALL_HELPER = 156;
/** imm: slots of the callee. */
export const CALL_LOCAL = 157;
export const CALLX = 158;
export const TAIL_CALL = 159;
export const EXIT = 160;
export const LDDW = 161;
export const BSWAP16 = 162;
export const BSWAP32 = 163;
export const BSWAP64 = 164;
/** imm: offset, off: size in bytes. */
export const LD_ABS = 165;
/** As LD_ABS, plus the register src. */
export const LD_IND = 166;
/** No instruction starts here (second slot of lddw, end of the program). */
export const INVALID = 167;

export const ATOMIC_ADD = 0;
export const ATOMIC_OR = 1;
export const ATOMIC_AND = 2;
export const ATOMIC_XOR = 3;
export const ATOMIC_XCHG = 4;
export const ATOMIC_CMPXCHG = 5;
/** Flag: the old value goes to src (cmpxchg: to r0). */
export const ATOMIC_FETCH = 8;
