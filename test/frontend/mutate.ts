/** Damaged copies of object files, the same for the same seed. */

/** A generator of 32-bit numbers (mulberry32). */
export type Random = () => number;

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

const INTERESTING = [0, 1, 2, 7, 8, 0x7f, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff];

const pick = <T>(list: readonly T[], random: Random): T => list[random() % list.length] as T;

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Somewhere in the file; half of the time in the ELF header or the section table, where damage tells most. */
function place(bytes: Uint8Array, random: Random): number {
  const table = bytes.length >= 64 ? Number(view(bytes).getBigUint64(40, true)) : 0;
  const kind = random() % 4;
  if (kind === 0) return random() % Math.min(64, bytes.length);
  if (kind === 1 && table < bytes.length) return table + (random() % (bytes.length - table));
  return random() % bytes.length;
}

const flip: Mutation = (bytes, random) => {
  const at = place(bytes, random);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (random() & 7));
  return bytes;
};

const setByte: Mutation = (bytes, random) => {
  bytes[place(bytes, random)] = random() & 0xff;
  return bytes;
};

const setWord: Mutation = (bytes, random) => {
  const at = place(bytes, random) & ~3;
  if (at + 4 > bytes.length) return bytes;
  const around = view(bytes).getUint32(at, true) + (random() % 9) - 4;
  const value = random() & 1 ? pick(INTERESTING, random) : around;
  view(bytes).setUint32(at, value >>> 0, true);
  return bytes;
};

const truncate: Mutation = (bytes, random) => bytes.slice(0, random() % (bytes.length + 1));

const copyWithin: Mutation = (bytes, random) => {
  const from = place(bytes, random);
  bytes.copyWithin(place(bytes, random), from, from + (random() % 128));
  return bytes;
};

const fill: Mutation = (bytes, random) => {
  const at = place(bytes, random);
  bytes.fill(random() & 1 ? 0 : 0xff, at, at + (random() % 64));
  return bytes;
};

const insert: Mutation = (bytes, random) => {
  const at = place(bytes, random);
  const extra = new Uint8Array(random() % 32);
  return Uint8Array.from([...bytes.subarray(0, at), ...extra, ...bytes.subarray(at)]);
};

const MUTATIONS: readonly Mutation[] = [
  flip,
  flip,
  setByte,
  setByte,
  setWord,
  setWord,
  setWord,
  copyWithin,
  fill,
  truncate,
  insert,
];

/** One to eight damages to a copy of `bytes`. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let out: Uint8Array = bytes.slice();
  for (let n = 1 + (random() & 7); n > 0 && out.length > 0; n--) out = pick(MUTATIONS, random)(out, random);
  return out;
}
