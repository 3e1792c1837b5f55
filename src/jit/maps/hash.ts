/**
 * Lookups in hash maps, of keys of up to 64 bytes in whole words: the hash and the chain of src/abi/hash.ts, for this
 * size of keys. Keys are values: those that programs build on their stack need not get there.
 */
import * as abi from '../../abi/hash.ts';
import type { MapSpec } from '../../frontend/program.ts';
import type { Builder, Expr } from '../builder.ts';
import { hashTable, slotValues } from '../names.ts';
import { elementAt, type KeyWords, type KnownMap, type Lookup, type Out, valueStride } from './emit.ts';
import { emitUndisturbed } from './sequence.ts';

const WORD = 4;
const LONGEST = abi.HASH_SECRETS * WORD;

/** Can keys of that size be looked up in the program? */
export const isHashable = (keySize: number): boolean => keySize % WORD === 0 && keySize <= LONGEST;

/** As the runtime's bucketBits. */
const bucketBits = (entries: number): number => {
  const wanted = Math.ceil((entries * abi.BUCKETS_PER_3_ELEMENTS) / 3);
  return wanted <= 2 ? 1 : 32 - Math.clz32(wanted - 1);
};

/** Where a table of maps like this one has what. */
export interface Shape {
  readonly bits: number;
  /** Offset of the key in an entry. */
  readonly key: number;
  /** Bytes of an entry. */
  readonly stride: number;
  /** Offset in the table of what a link (slot + 1) times the stride is added to. */
  readonly entries: number;
}

export const shapeOf = ({ keySize, maxEntries }: MapSpec, lru: boolean): Shape => {
  const bits = bucketBits(maxEntries);
  const key = lru ? abi.ENTRY_LRU_KEY : abi.ENTRY_KEY;
  const stride = key + keySize;
  return { bits, key, stride, entries: abi.HASH_BUCKETS + 4 * 2 ** bits - stride };
};

/** The key of a lookup: its words in locals, and joined by two for the comparison. */
class Key {
  readonly #b: Builder;
  readonly #words: readonly number[];
  /** Of each pair of words; a last single word is none. */
  readonly #joined: readonly number[];

  constructor(out: Out, words: KeyWords) {
    this.#b = out.b;
    this.#words = words.map((_, index) => out.local(`map key ${index}`, 'i64'));
    const pairs = words.filter((_, index) => index % 2 === 1);
    this.#joined = pairs.map((_, pair) => out.local(`map key pair ${pair}`, 'i64'));
  }

  #word(index: number): Expr | undefined {
    const local = this.#words[index];
    return local === undefined ? undefined : this.#b.get(local, 'i64');
  }

  /** Statements before everything else. */
  load(words: KeyWords): Expr[] {
    const b = this.#b;
    return [
      ...words.map((word, index) => b.set(this.#words[index] ?? 0, word())),
      ...this.#joined.map((local, pair) => b.set(local, this.#join(pair))),
    ];
  }

  #join(pair: number): Expr {
    const b = this.#b;
    const [low = b.const64(0n), high = b.const64(0n)] = [this.#word(2 * pair), this.#word(2 * pair + 1)];
    return b.binary('i64.or', low, b.binary('i64.shl', high, b.const64(32n)));
  }

  /** i64: the sum of the products, whose high half is the hash. */
  sum(table: () => Expr): Expr {
    const b = this.#b;
    const pairs = Array.from({ length: Math.ceil(this.#words.length / 2) }, (_, pair) => {
      const [low, high] = [2 * pair, 2 * pair + 1].map((index) => this.#factor(index, table));
      return b.binary('i64.mul', low ?? b.const64(0n), high ?? b.const64(0n));
    });
    return pairs.reduce((sum, product) => b.binary('i64.add', sum, product));
  }

  /** A secret plus its word. */
  #factor(index: number, table: () => Expr): Expr {
    const secret = this.#b.load('i64.load', table(), 8 * index);
    const word = this.#word(index);
    return word === undefined ? secret : this.#b.binary('i64.add', secret, word);
  }

  /** i32: 1 when the key at `entry` + `offset` is this one. */
  isAt(entry: () => Expr, offset: number): Expr {
    const b = this.#b;
    const differences = this.#joined.map((local, pair) =>
      b.binary('i64.xor', b.load('i64.load', entry(), offset + 8 * pair), b.get(local, 'i64')),
    );
    const last = this.#words.length % 2 === 1 ? this.#word(this.#words.length - 1) : undefined;
    if (last !== undefined) {
      const end = b.load('i64.load32_u', entry(), offset + 8 * this.#joined.length);
      differences.push(b.binary('i64.xor', end, last));
    }
    const all = differences.reduce((sum, difference) => b.binary('i64.or', sum, difference));
    return b.unary('i64.eqz', all);
  }
}

/** The first link of the chain that a key of this sum belongs to. */
const firstLink = ({ b }: Out, { bits }: Shape, table: Expr, sum: Expr): Expr => {
  const bucket = b.unary('i32.wrap', b.binary('i64.shr_u', sum, b.const64(BigInt(64 - bits))));
  const link = b.binary('i32.add', table, b.binary('i32.shl', bucket, b.const32(2)));
  return b.load('i32.load', link, abi.HASH_BUCKETS);
};

/** A writer in shared memory may lead a walk astray: it ends after as many steps as the longest chain can have. */
const boundSteps = ({ b }: Out, { maxEntries }: MapSpec, steps: number, done: string): Expr => {
  const count = b.tee(steps, b.binary('i32.add', b.get(steps, 'i32'), b.const32(1)), 'i32');
  return b.br(done, b.binary('i32.gt_u', count, b.const32(maxEntries + 1)));
};

/** Statements that leave slot + 1 of the key, or 0, in a local, which is returned. */
export function emitFind(
  out: Out,
  map: KnownMap,
  words: KeyWords,
  shape: Shape,
): { statements: Expr[]; slot: number } {
  const { index, spec } = map;
  const { b } = out;
  const slot = out.local('map slot', 'i32');
  const entryLocal = out.local('map entry', 'i32');
  const [done, next] = [out.label(), out.label()];
  const table = (): Expr => out.global(hashTable(index));
  const entry = (): Expr => b.get(entryLocal, 'i32');
  const key = new Key(out, words);
  const steps = out.local('map steps', 'i32');
  const bounded = out.shared ? [boundSteps(out, spec, steps, done)] : [];
  const walk = b.loop(next, [
    ...bounded,
    b.br(done, b.unary('i32.eqz', b.get(slot, 'i32'))),
    b.set(entryLocal, elementAt(b, table(), b.get(slot, 'i32'), shape.stride)),
    b.br(done, key.isAt(entry, shape.entries + shape.key)),
    b.set(slot, b.load('i32.load', entry(), shape.entries + abi.ENTRY_NEXT)),
    b.br(next),
  ]);
  const first = firstLink(out, shape, table(), key.sum(table));
  const search = [b.set(slot, first), b.block(done, [walk])];
  const reset = out.shared ? [b.set(steps, b.const32(0)), ...search] : search;
  const found = out.shared ? emitUndisturbed(out, map, reset) : search;
  return { statements: [...key.load(words), ...found], slot };
}

/** The running CPU's value in a slot (+ 1, in a local), or 0 for 0. */
export const valueAt = ({ b, global }: Out, { index, spec }: KnownMap, slot: number): Expr => {
  const address = elementAt(b, global(slotValues(index)), b.get(slot, 'i32'), valueStride(spec));
  return b.unary('i64.extend_u', b.choose(b.get(slot, 'i32'), address, b.const32(0)));
};

export function emitHashLookup(out: Out, map: KnownMap, words: KeyWords): Lookup {
  const { statements, slot } = emitFind(out, map, words, shapeOf(map.spec, false));
  return { statements, value: valueAt(out, map, slot) };
}
