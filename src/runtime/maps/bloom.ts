import type { MapSpec } from '../../frontend/program.ts';
import type { MapCodecs } from './codecs.ts';
import type { RawMap } from './raw.ts';

/** A set that forgets nothing and answers "no" or "perhaps". */
export class BpfBloomFilter<V = unknown> {
  readonly #map: RawMap;
  readonly #codecs: MapCodecs;

  constructor(map: RawMap, codecs: MapCodecs) {
    this.#map = map;
    this.#codecs = codecs;
  }

  get spec(): MapSpec {
    return this.#map.spec;
  }

  push(value: V): this {
    this.#map.push(this.#codecs.value.encode(value));
    return this;
  }

  /** False: it was never pushed. */
  mayHave(value: V): boolean {
    return this.#map.mayHave(this.#codecs.value.encode(value));
  }
}
