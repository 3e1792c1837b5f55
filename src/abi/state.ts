/**
 * The verifier's abstract state in the domain's linear memory: registers, stack slots, frames. Compiled by TypeScript
 * and by AssemblyScript. All offsets and sizes are bytes.
 *
 * The walk works on one current state at a fixed place (STATE); states to come back to and states to compare with are
 * packed copies on a heap behind it (assembly/verifier/state/pack.ts).
 */

// ---- a register, or what a stack slot holds ------------------------------------------------------------
// Its first 64 bytes are a scalar (src/abi/verifier.ts): of a pointer, the variable part of its offset.

/** u32: kind in the low byte, flags above. */
export const REG_TYPE = 64;
/** u32: registers with the same id hold the same value (or are made from the same pointer); 0 for none. */
export const REG_ID = 68;
/** u32: id of the reference that this pointer holds; 0 for none. */
export const REG_REF = 72;
/** i32: fixed part of a pointer's offset; of a scalar whose id has ID_ADDED, what was added to it. */
export const REG_OFF = 76;
/** u32: by kind: frame (fp), map index (map_*), proved range (pkt), size (mem), type (ptr_), state (iterator). */
export const REG_AUX = 80;
/** u32: by kind: which lookup of an inner map (map_*), number of the dynptr that lent it (mem). */
export const REG_AUX2 = 84;
/** u32: 1 when a decision depended on the scalar's value. */
export const REG_PRECISE = 88;
export const REG_SIZE = 96;

/** Flag of a scalar's id: the register is the value with that id plus REG_OFF. */
export const ID_ADDED = 0x8000_0000;

export const KIND_NONE = 0;
export const KIND_SCALAR = 1;
export const KIND_CTX = 2;
export const KIND_MAP = 3;
export const KIND_MAP_VALUE = 4;
export const KIND_MAP_KEY = 5;
export const KIND_STACK = 6;
export const KIND_PACKET = 7;
export const KIND_PACKET_META = 8;
export const KIND_PACKET_END = 9;
export const KIND_FLOW_KEYS = 10;
export const KIND_SOCK = 11;
export const KIND_SOCK_COMMON = 12;
export const KIND_TCP_SOCK = 13;
export const KIND_XDP_SOCK = 14;
export const KIND_TP_BUFFER = 15;
export const KIND_BTF = 16;
export const KIND_MEM = 17;
export const KIND_BUF = 18;
export const KIND_FUNC = 19;
export const KIND_DYNPTR = 20;
export const KIND_ARENA = 21;

/** Of a packet pointer's REG_AUX (i32) in place of a range: compared with the packet's end and found behind it, or not before it. */
export const RANGE_AT_END = -1;
export const RANGE_BEYOND_END = -2;

export const KIND_MASK = 0xff;
export const FLAG_NULL = 0x100;
export const FLAG_READ_ONLY = 0x200;
export const FLAG_RINGBUF = 0x400;
export const FLAG_UNTRUSTED = 0x800;
export const FLAG_TRUSTED = 0x1000;
export const FLAG_RCU = 0x2000;
export const FLAG_PERCPU = 0x4000;
/** Of memory: a part of the packet, lost when the packet may move. */
export const FLAG_PACKET_SLICE = 0x8000;

// ---- stack slots ------------------------------------------------------------------------------------------

/** What a byte of the stack is. */
export const BYTE_INVALID = 0;
export const BYTE_SPILL = 1;
export const BYTE_MISC = 2;
export const BYTE_ZERO = 3;
export const BYTE_DYNPTR = 4;
export const BYTE_ITER = 5;
export const BYTE_IRQ = 6;

/** Slots of 8 bytes in a frame; slot 0 ends at the frame pointer. */
export const MAX_SLOTS = 64;

// ---- frames of the current state -------------------------------------------------------------------------

/** r0 to r10. */
export const FRAME_REGS = 0;
/** 8 bytes a slot, the lowest address first: what each byte is. */
export const FRAME_BYTES = 1056;
/** A register a slot: what was spilled there. */
export const FRAME_SLOTS = 1568;
/** u32: slots in use: those from this on were never touched. */
export const FRAME_COUNT = 7712;
/** u64: slots whose former content nobody reads any more: written since the last checkpoint. */
export const FRAME_WRITTEN = 7720;
export const FRAME_SIZE = 7744;
export const MAX_STATE_FRAMES = 8;

// ---- memory -----------------------------------------------------------------------------------------------

/** Registers that operations of the walk make for themselves. */
export const SCRATCH = 1024;
/** u32: frames of the current state. */
export const STATE_FRAMES = 2048;
/** 8 u32, one a frame: registers that are read later (bit n: rn). */
export const STATE_LIVE = 2056;
/** Scalars with one id: u32 count, then u32 frame, u32 index (a register, or LINK_SLOT + a slot) for each. */
export const LINKS = 2112;
export const MAX_LINKS = 6;
export const LINK_SLOT = 16;
/** What backtracking still looks for, 16 bytes a frame: u32 registers, u32 0, u64 slots. */
export const WANTED = 2176;
/** Pairs of ids found equal: old u32, current u32. */
export const IDS = 2304;
export const MAX_IDS = 700;
export const STATE = 8192;
/** Packed states begin here. */
export const HEAP = 70_656;

// ---- a packed state: header, then its frames one after the other ------------------------------------------

/** u32: packed state that this one comes from; 0 for none. */
export const PACKED_PARENT = 0;
/** u32: frames. */
export const PACKED_FRAMES = 4;
/** u32: bytes of the block. */
export const PACKED_SIZE = 8;
/**
 * For each of 8 frames three u64 of slots: those read later, those written on the way here, those of which it matters
 * later that bytes of them are zero.
 */
export const PACKED_LIVENESS = 16;
export const LIVENESS_SIZE = 24;
export const PACKED_HEADER = 208;

/** Of a packed frame: u32 slots, u32 registers present (bit n: rn), u64 slots that hold a register; then bytes, registers, slots. */
export const PACKED_FRAME_COUNT = 0;
export const PACKED_FRAME_REGS = 4;
export const PACKED_FRAME_SPILLS = 8;
export const PACKED_FRAME_HEADER = 16;

/** How states are compared (assembly/verifier/state/compare.ts). */
export const COMPARE_PRECISE = 0;
/** Equal in everything: the program runs in circles. */
export const COMPARE_EXACT = 1;
/** All values count, whether decisions depended on them or not. */
export const COMPARE_WITHIN = 2;
