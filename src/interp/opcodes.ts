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
/** Of ARENA: the opcode of the access. */
export const INSN_ARENA_OP = 3; // u8
/** Of a memory access: its offset. Of a jump or local call: bytes from this instruction to its target. */
export const INSN_OFF = 4; // i32
/** Immediate, already extended to 64 bits as the operation wants it. */
export const INSN_IMM = 8; // i64

/** No instruction starts here: second slot of lddw, end of the program, memory never written. */
export const INVALID = 0;

// ---- forms: added to an arithmetic or jump operation -------------------------------------------------------

/** 64 bits, register operand. */
export const R64 = 0;
/** 64 bits, immediate operand. */
export const K64 = 1;
export const R32 = 2;
export const K32 = 3;

// ---- arithmetic, four forms each ---------------------------------------------------------------------------

export const ADD = 4;
export const SUB = 8;
export const MUL = 12;
export const DIV = 16;
export const SDIV = 20;
export const OR = 24;
export const AND = 28;
export const LSH = 32;
export const RSH = 36;
export const MOD = 40;
export const SMOD = 44;
export const XOR = 48;
export const MOV = 52;
export const ARSH = 56;
/** Register forms only, as NEG. */
export const MOVSX8 = 60;
export const MOVSX16 = 64;
export const MOVSX32 = 68;
export const NEG = 72;

// ---- conditional jumps, four forms each --------------------------------------------------------------------

export const JEQ = 76;
export const JGT = 80;
export const JGE = 84;
export const JSET = 88;
export const JNE = 92;
export const JSGT = 96;
export const JSGE = 100;
export const JLT = 104;
export const JLE = 108;
export const JSLT = 112;
export const JSLE = 116;

// ---- memory, two forms each --------------------------------------------------------------------------------

/** The proof says that the access needs no check. */
export const TRUSTED = 0;
/** Address checked against the memory of the program. */
export const CHECKED = 19;
export const LDX8 = 120;
export const LDX16 = 121;
export const LDX32 = 122;
export const LDX64 = 123;
export const LDXS8 = 124;
export const LDXS16 = 125;
export const LDXS32 = 126;
export const STX8 = 127;
export const STX16 = 128;
export const STX32 = 129;
export const STX64 = 130;
/** Stores of the immediate. */
export const ST8 = 131;
export const ST16 = 132;
export const ST32 = 133;
export const ST64 = 134;
/** imm: ATOMIC_*, with ATOMIC_FETCH. */
export const ATOMIC32 = 135;
export const ATOMIC64 = 136;
/** imm: size in bytes. */
export const LOAD_ACQUIRE = 137;
export const STORE_RELEASE = 138;

// ---- operations of one form --------------------------------------------------------------------------------

export const SOLE = 0;
export const JA = 158;
export const MAY_GOTO = 159;
/** imm: helper id. */
export const CALL_HELPER = 160;
/** imm: slots of the callee. */
export const CALL_LOCAL = 161;
export const CALLX = 162;
export const TAIL_CALL = 163;
export const EXIT = 164;
export const LDDW = 165;
export const BSWAP16 = 166;
export const BSWAP32 = 167;
export const BSWAP64 = 168;
/** imm: offset, off: size in bytes. */
export const LD_ABS = 169;
/** As LD_ABS, plus the register src. */
export const LD_IND = 170;
/** imm: number of the function; off: bytes from this instruction to its fix-ups, 0 for none. */
export const CALL_KFUNC = 171;
/** A memory access of a proved program to its arena: the opcode of the access (TRUSTED) is at INSN_ARENA_OP. */
export const ARENA = 172;

/**
 * Fix-ups are behind the code, in the form of instructions: INSN_DST the register that takes INSN_IMM, INSN_OFF 1
 * when another follows.
 */

export const ATOMIC_ADD = 0;
export const ATOMIC_OR = 1;
export const ATOMIC_AND = 2;
export const ATOMIC_XOR = 3;
export const ATOMIC_XCHG = 4;
export const ATOMIC_CMPXCHG = 5;
/** Flag: the old value goes to src (cmpxchg: to r0). */
export const ATOMIC_FETCH = 8;
