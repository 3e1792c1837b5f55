/** The wide load (lddw), whose source register says what its immediate is: RFC 9669 section 5.4. */

/** Its opcode; it takes two slots. */
export const LDDW = 0x18;

/** BPF_PSEUDO_MAP_FD: the immediate is a map's descriptor; _VALUE: the address of its value. */
export const PSEUDO_MAP_FD = 1;
export const PSEUDO_MAP_VALUE = 2;
/** BPF_PSEUDO_MAP_IDX: an index into the program's maps is in the place of the descriptor. */
export const PSEUDO_MAP_INDEX = 5;
export const PSEUDO_MAP_INDEX_VALUE = 6;
