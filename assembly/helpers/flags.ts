// Flags of a format verb.

export const FLAG_LEFT: u32 = 1;
export const FLAG_ZERO: u32 = 2;
export const FLAG_PLUS: u32 = 4;
export const FLAG_SPACE: u32 = 8;
export const FLAG_UPPER: u32 = 16;
export const FLAG_SIGNED: u32 = 32;
