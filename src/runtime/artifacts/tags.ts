/** How a value of plain data begins (see encode.ts); numbers are LEB128. */
export const UNDEFINED = 0;
export const NULL = 1;
export const FALSE = 2;
export const TRUE = 3;
/** The number follows; for NEGATIVE what it is below -1. */
export const INTEGER = 4;
export const NEGATIVE = 5;
/** 8 bytes, little-endian. */
export const FLOAT = 6;
/** Text of the digits follows. */
export const BIG = 7;
/** Length, then UTF-8. */
export const TEXT = 8;
/** Position among the texts so far. */
export const SAME_TEXT = 9;
/** Length, then the bytes. */
export const BYTES = 10;
/** Length, then the elements. */
export const LIST = 11;
/** Size, then key and value by turns. */
export const MAP = 12;
/** Number of fields, then name and value by turns. */
export const RECORD = 13;
/** Position among the lists, maps and records so far: the same one again. */
export const SAME = 14;
