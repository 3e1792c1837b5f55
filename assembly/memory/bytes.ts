// Short copies and comparisons inline: memory.copy and memory.fill cost a call out of wasm code, more than the
// 4 to 64 bytes of a usual key or value.

const SHORT: u32 = 64;

function copyTail(to: u32, from: u32, size: u32): void {
  if (size & 4) {
    store<u32>(to, load<u32>(from));
    to += 4;
    from += 4;
  }
  if (size & 2) {
    store<u16>(to, load<u16>(from));
    to += 2;
    from += 2;
  }
  if (size & 1) store<u8>(to, load<u8>(from));
}

/** Copies; the two areas do not overlap. */
export function copy(to: u32, from: u32, size: u32): void {
  if (size > SHORT) {
    memory.copy(to, from, size);
    return;
  }
  while (size >= 8) {
    store<u64>(to, load<u64>(from));
    to += 8;
    from += 8;
    size -= 8;
  }
  if (size) copyTail(to, from, size);
}

export function zero(to: u32, size: u32): void {
  if (size > SHORT) {
    memory.fill(to, 0, size);
    return;
  }
  for (; size >= 8; size -= 8, to += 8) store<u64>(to, 0);
  for (; size; --size, ++to) store<u8>(to, 0);
}

export function equal(a: u32, b: u32, size: u32): bool {
  for (; size >= 8; size -= 8, a += 8, b += 8) {
    if (load<u64>(a) != load<u64>(b)) return false;
  }
  for (; size; --size, ++a, ++b) {
    if (load<u8>(a) != load<u8>(b)) return false;
  }
  return true;
}

export function roundUp(size: u64, unit: u64): u64 {
  return (size + unit - 1) & ~(unit - 1);
}
