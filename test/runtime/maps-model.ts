/** What each map type should do, as simply as it can be said in TypeScript. */
import {
  BPF_ANY,
  BPF_EXIST,
  BPF_NOEXIST,
  E2BIG,
  EEXIST,
  EINVAL,
  ENOENT,
  ENOSPC,
} from '../../src/abi/maps.ts';

export type Value = number;

export interface Model {
  lookup(key: number): Value | undefined;
  /** A program's lookup, which an LRU map remembers. */
  use(key: number): Value | undefined;
  update(key: number, value: Value, flags: number): number;
  delete(key: number): number;
  entries(): Map<number, Value>;
}

const flagsKnown = (flags: number): boolean => flags <= BPF_EXIST;

export class ArrayModel implements Model {
  readonly #values: Value[];

  constructor(maxEntries: number) {
    this.#values = new Array<Value>(maxEntries).fill(0);
  }

  lookup(key: number): Value | undefined {
    return this.#values[key];
  }

  use(key: number): Value | undefined {
    return this.lookup(key);
  }

  update(key: number, value: Value, flags: number): number {
    if (!flagsKnown(flags)) return -EINVAL;
    if (key >= this.#values.length) return -E2BIG;
    if (flags === BPF_NOEXIST) return -EEXIST;
    this.#values[key] = value;
    return 0;
  }

  delete(): number {
    return -EINVAL;
  }

  entries(): Map<number, Value> {
    return new Map(this.#values.entries());
  }
}

export class HashModel implements Model {
  /** In the order of last use. */
  protected readonly map = new Map<number, Value>();
  readonly #maxEntries: number;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  lookup(key: number): Value | undefined {
    return this.map.get(key);
  }

  use(key: number): Value | undefined {
    return this.lookup(key);
  }

  update(key: number, value: Value, flags: number): number {
    if (!flagsKnown(flags)) return -EINVAL;
    const present = this.map.has(key);
    if (present && flags === BPF_NOEXIST) return -EEXIST;
    if (!present && flags === BPF_EXIST) return -ENOENT;
    const error = present ? 0 : this.makeRoom(this.map.size >= this.#maxEntries);
    if (error) return error;
    this.map.delete(key);
    this.map.set(key, value);
    return 0;
  }

  delete(key: number): number {
    return this.map.delete(key) ? 0 : -ENOENT;
  }

  entries(): Map<number, Value> {
    return this.map;
  }

  protected makeRoom(full: boolean): number {
    return full ? -E2BIG : 0;
  }
}

export class LruModel extends HashModel {
  override use(key: number): Value | undefined {
    const value = this.map.get(key);
    if (value === undefined) return undefined;
    this.map.delete(key);
    this.map.set(key, value);
    return value;
  }

  protected override makeRoom(full: boolean): number {
    const oldest = this.map.keys().next();
    if (full && !oldest.done) this.map.delete(oldest.value);
    return 0;
  }
}

/** A prefix of at most 16 bits. */
export interface Prefix {
  readonly length: number;
  readonly bits: number;
}

const head = (bits: number, length: number): number => (length === 0 ? 0 : bits >> (16 - length));
const idOf = ({ length, bits }: Prefix): string => `${length}/${head(bits, length)}`;

export class TrieModel {
  readonly #elements = new Map<string, { prefix: Prefix; value: Value }>();
  readonly #maxEntries: number;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#elements.size;
  }

  lookup(key: Prefix): Value | undefined {
    if (key.length > 16) return undefined;
    let best: { prefix: Prefix; value: Value } | undefined;
    for (const element of this.#elements.values()) {
      const { length, bits } = element.prefix;
      const fits = length <= key.length && head(bits, length) === head(key.bits, length);
      if (fits && length >= (best?.prefix.length ?? 0)) best = element;
    }
    return best?.value;
  }

  update(key: Prefix, value: Value, flags: number): number {
    if (!flagsKnown(flags) || key.length > 16) return -EINVAL;
    const present = this.#elements.has(idOf(key));
    if (present && flags === BPF_NOEXIST) return -EEXIST;
    if (!present && flags === BPF_EXIST) return -ENOENT;
    if (!present && this.size >= this.#maxEntries) return -ENOSPC;
    this.#elements.set(idOf(key), { prefix: key, value });
    return 0;
  }

  delete(key: Prefix): number {
    if (key.length > 16) return -EINVAL;
    return this.#elements.delete(idOf(key)) ? 0 : -ENOENT;
  }

  /** Prefix ids and values in postorder: what a longer prefix says comes before the shorter ones around it. */
  entries(): [id: string, value: Value][] {
    const under = (outer: Prefix, inner: Prefix): boolean =>
      outer.length < inner.length && head(inner.bits, outer.length) === head(outer.bits, outer.length);
    const before = (a: Prefix, b: Prefix): number => {
      if (under(a, b)) return 1;
      return under(b, a) ? -1 : a.bits - b.bits;
    };
    return [...this.#elements.values()]
      .sort((a, b) => before(a.prefix, b.prefix))
      .map(({ prefix, value }) => [idOf(prefix), value]);
  }

  static id(key: Prefix): string {
    return idOf(key);
  }
}

export class QueueModel {
  readonly #values: Value[] = [];
  readonly #maxEntries: number;
  readonly #newestFirst: boolean;

  constructor(maxEntries: number, newestFirst: boolean) {
    this.#maxEntries = maxEntries;
    this.#newestFirst = newestFirst;
  }

  push(value: Value, flags: number): number {
    if (flags !== BPF_ANY && flags !== BPF_EXIST) return -EINVAL;
    if (this.#values.length >= this.#maxEntries) {
      if (flags !== BPF_EXIST) return -E2BIG;
      this.#values.shift();
    }
    this.#values.push(value);
    return 0;
  }

  pop(): Value {
    const value = this.#newestFirst ? this.#values.pop() : this.#values.shift();
    return value ?? -ENOENT;
  }

  peek(): Value {
    return this.#values.at(this.#newestFirst ? -1 : 0) ?? -ENOENT;
  }
}
