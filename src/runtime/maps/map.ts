import { BPF_ANY } from '../../abi/maps.ts';
import type { MapSpec } from '../../frontend/program.ts';
import type { MapCodecs } from './codecs.ts';
import type { RawMap } from './raw.ts';
import { type MapChange, watchMap } from './watch.ts';

/**
 * A map with keys and values decoded by BTF, used like a JavaScript `Map`. Keys of structs are objects, so compare
 * them by content, not by identity. In per-CPU maps a value is an array with one element for each CPU.
 *
 * `get` and iteration give copies: change an element with `set`.
 */
export class BpfMap<K = unknown, V = unknown> implements Iterable<[K, V]> {
  readonly #map: RawMap;
  readonly #codecs: MapCodecs;

  constructor(map: RawMap, codecs: MapCodecs) {
    this.#map = map;
    this.#codecs = codecs;
  }

  get name(): string {
    return this.#map.spec.name;
  }

  get spec(): MapSpec {
    return this.#map.spec;
  }

  /** Elements present; for arrays always max_entries. */
  get size(): number {
    return this.#map.size;
  }

  /** The same map by its bytes (`Uint8Array` keys and values), with the system call's operations. */
  get raw(): RawMap {
    return this.#map;
  }

  get(key: K): V | undefined {
    const value = this.#map.lookup(this.#codecs.key.encode(key));
    return value && (this.#codecs.value.decode(value) as V);
  }

  has(key: K): boolean {
    return this.#map.lookup(this.#codecs.key.encode(key)) !== undefined;
  }

  /**
   * @param flags BPF_ANY (default), BPF_NOEXIST or BPF_EXIST.
   * @throws WebpfError 'map-operation' with `errno` when refused (full, exists, read-only …).
   */
  set(key: K, value: V, flags: number = BPF_ANY): this {
    this.#map.update(this.#codecs.key.encode(key), this.#codecs.value.encode(value), flags);
    return this;
  }

  /** False when there was no such element. Elements of arrays cannot be deleted (-EINVAL). */
  delete(key: K): boolean {
    return this.#map.delete(this.#codecs.key.encode(key));
  }

  clear(): void {
    for (const [key] of [...this.#map.entries()]) this.#map.delete(key);
  }

  *entries(): Generator<[K, V]> {
    for (const [key, value] of this.#map.entries()) yield this.decode(key, value);
  }

  /** What the bytes of an element mean. */
  decode(key: Uint8Array, value: Uint8Array): [K, V] {
    return [this.#codecs.key.decode(key) as K, this.#codecs.value.decode(value) as V];
  }

  *keys(): Generator<K> {
    for (const [key] of this.#map.entries()) yield this.#codecs.key.decode(key) as K;
  }

  *values(): Generator<V> {
    for (const [, value] of this.#map.entries()) yield this.#codecs.value.decode(value) as V;
  }

  [Symbol.iterator](): Generator<[K, V]> {
    return this.entries();
  }

  forEach(visit: (value: V, key: K, map: this) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this);
  }

  /**
   * What changes, polled: an async iterable of batches of changes since the last look, starting from the contents
   * at the first call of `next`. Ends when `signal` is aborted or the engine is closed.
   * @param interval ms between two looks (default 1000).
   */
  watch(options: { interval?: number; signal?: AbortSignal } = {}): AsyncGenerator<MapChange<K, V>[]> {
    return watchMap<K, V>(this.#map, this.#codecs, options);
  }
}
