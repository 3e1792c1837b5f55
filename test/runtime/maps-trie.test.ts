/** Tries of keys of every length, against a search through all prefixes. */
import { describe, expect, test } from 'vitest';
import * as abi from '../../src/abi/maps.ts';
import { memoryKinds, Runtime } from './harness.ts';

const MAX_ENTRIES = 40;

const random = (seed: number) => {
  let state = seed;
  return (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % n;
  };
};

const bitsOf = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');

/** A prefix as a string of bits, and as programs write it, with whatever follows the prefix in its last bytes. */
interface Prefix {
  readonly bits: string;
  readonly key: Uint8Array;
}

/** Keys differ in a few bits around `seams`, so that they part there. */
function prefixAt(draw: (n: number) => number, bytes: number, seams: readonly number[]): Prefix {
  const data = new Uint8Array(bytes);
  for (const seam of seams) {
    const bit = Math.min(bytes * 8 - 1, seam + draw(4));
    data[bit >> 3] = (data[bit >> 3] ?? 0) | (draw(2) << (7 - (bit & 7)));
  }
  const length = Math.min(bytes * 8, Math.max(0, (seams[draw(seams.length)] ?? 0) + draw(5) - 1));
  const key = new Uint8Array(4 + bytes);
  new DataView(key.buffer).setUint32(0, length, true);
  key.set(data, 4);
  return { bits: bitsOf(data).slice(0, length), key };
}

/** Longer prefixes come before those that contain them. */
const postorder = (a: string, b: string): number => {
  if (a.startsWith(b)) return -1;
  if (b.startsWith(a)) return 1;
  return a < b ? -1 : 1;
};

const longest = (known: ReadonlyMap<string, number>, bits: string): number | undefined =>
  [...known].filter(([prefix]) => bits.startsWith(prefix)).sort(([a], [b]) => b.length - a.length)[0]?.[1];

describe.each(memoryKinds)('tries in %s memory', (kind) => {
  test.each([1, 2, 4, 7, 8, 9, 16, 17, 256])('with keys of %i bytes', (bytes) => {
    const draw = random(bytes);
    const seams = [0, 4, 7, 8, 30, 60, 63, 64, 65, 100].filter((bit) => bit < bytes * 8);
    const runtime = new Runtime(kind);
    const map = runtime.create({
      type: abi.MAP_TYPE_LPM_TRIE,
      keySize: 4 + bytes,
      maxEntries: MAX_ENTRIES,
      flags: abi.BPF_F_NO_PREALLOC,
    });
    const known = new Map<string, number>();
    for (let turn = 0; turn < 1500; turn++) {
      const { bits, key } = prefixAt(draw, bytes, seams);
      const what = draw(4);
      if (what === 0) {
        expect(runtime.delete(map, key)).toBe(known.delete(bits) ? 0 : -abi.ENOENT);
      } else if (what === 1) {
        const full = !known.has(bits) && known.size === MAX_ENTRIES;
        expect(runtime.update(map, key, turn)).toBe(full ? -abi.ENOSPC : 0);
        if (!full) known.set(bits, turn);
      } else {
        const value = runtime.lookup(map, key);
        expect(value && new DataView(value.buffer).getUint32(0, true)).toBe(longest(known, bits));
      }
    }
    const walked: string[] = [];
    for (let key = runtime.nextKey(map); typeof key !== 'number'; key = runtime.nextKey(map, key)) {
      walked.push(bitsOf(key.slice(4)).slice(0, new DataView(key.buffer).getUint32(0, true)));
    }
    expect(walked).toEqual([...known.keys()].sort(postorder));
  });
});
