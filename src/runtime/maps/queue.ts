import { BPF_ANY } from '../../abi/maps.ts';
import type { MapSpec } from '../../frontend/program.ts';
import type { MapCodecs } from './codecs.ts';
import type { RawMap } from './raw.ts';

/** A queue (first in, first out) or a stack (last in, first out) map. */
export class BpfQueue<V = unknown> {
  readonly #map: RawMap;
  readonly #codecs: MapCodecs;

  constructor(map: RawMap, codecs: MapCodecs) {
    this.#map = map;
    this.#codecs = codecs;
  }

  get spec(): MapSpec {
    return this.#map.spec;
  }

  get size(): number {
    return this.#map.size;
  }

  /**
   * @param flags BPF_ANY, or BPF_EXIST to drop the oldest value when full.
   * @throws WebpfError 'map-operation' (E2BIG) when full.
   */
  push(value: V, flags: number = BPF_ANY): this {
    this.#map.push(this.#codecs.value.encode(value), flags);
    return this;
  }

  /** Removes and returns the next value; undefined when empty. */
  pop(): V | undefined {
    const value = this.#map.pop();
    return value && (this.#codecs.value.decode(value) as V);
  }

  peek(): V | undefined {
    const value = this.#map.peek();
    return value && (this.#codecs.value.decode(value) as V);
  }
}
