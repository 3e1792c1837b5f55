// Bob Jenkins's hash, as the kernel has it (include/linux/jhash.h): for maps where which elements share a place shows
// outside, bloom filters by what they wrongly hold, stack trace maps by their ids.

const INITIAL: u32 = 0xdead_beef;
const TRIPLE: u32 = 12;

/** The last bytes, fewer than 4, as a number. */
function lastBytes(key: u32, size: u32): u32 {
  let word: u32 = 0;
  for (let at: u32 = 0; at < size; ++at) word |= (load<u8>(key + at) as u32) << (at * 8);
  return word;
}

/** Word `index` of what is left of a key, with zeros behind its end. */
function tailWord(key: u32, size: u32, index: u32): u32 {
  const at = index * 4;
  if (at + 4 <= size) return load<u32>(key + at);
  return at < size ? lastBytes(key + at, size - at) : 0;
}

/** jhash(), and jhash2() for whole words. */
export function jhash(key: u32, size: u32, seed: u32): u32 {
  let a: u32 = INITIAL + size + seed;
  let b = a;
  let c = a;
  for (; size > TRIPLE; size -= TRIPLE, key += TRIPLE) {
    a += load<u32>(key);
    b += load<u32>(key, 4);
    c += load<u32>(key, 8);
    a = (a - c) ^ rotl<u32>(c, 4);
    c += b;
    b = (b - a) ^ rotl<u32>(a, 6);
    a += c;
    c = (c - b) ^ rotl<u32>(b, 8);
    b += a;
    a = (a - c) ^ rotl<u32>(c, 16);
    c += b;
    b = (b - a) ^ rotl<u32>(a, 19);
    a += c;
    c = (c - b) ^ rotl<u32>(b, 4);
    b += a;
  }
  if (size == 0) return c;
  return last(a + tailWord(key, size, 0), b + tailWord(key, size, 1), c + tailWord(key, size, 2));
}

function last(a: u32, b: u32, c: u32): u32 {
  c = (c ^ b) - rotl<u32>(b, 14);
  a = (a ^ c) - rotl<u32>(c, 11);
  b = (b ^ a) - rotl<u32>(a, 25);
  c = (c ^ b) - rotl<u32>(b, 16);
  a = (a ^ c) - rotl<u32>(c, 4);
  b = (b ^ a) - rotl<u32>(a, 14);
  return (c ^ b) - rotl<u32>(b, 24);
}
