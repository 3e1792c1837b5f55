// The kernel's ctype, for bytes.

export function isSpace(c: u32): bool {
  return c == 32 || c - 9 < 5 || c == 160;
}

export function isDigit(c: u32): bool {
  return c - 48 < 10;
}

export function isAlnum(c: u32): bool {
  return isDigit(c) || (c | 0x20) - 97 < 26;
}
