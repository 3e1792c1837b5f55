/** Wide loads whose source register says what their immediate is (RFC 9669 section 5.4), by byte. */

/** Bytes of an instruction. */
export const INSN = 8;
/** Opcode of a wide load, which takes two instructions. */
export const LDDW = 0x18;

/** The immediate is a map's descriptor, or its place in the program's list of maps; _VALUE: its value's address. */
export const MAP_FD = 1;
export const MAP_VALUE = 2;
export const MAP_IDX = 5;
export const MAP_IDX_VALUE = 6;
