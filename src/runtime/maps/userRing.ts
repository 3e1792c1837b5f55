import { E2BIG } from '../../abi/maps.ts';
import type { MapSpec } from '../../frontend/program.ts';
import { integer } from '../argument.ts';
import { mapError } from '../errno.ts';
import type { MapHost } from './raw.ts';

const MAX_SAMPLE = (1 << 30) - 1;

/** The producer of a BPF_MAP_TYPE_USER_RINGBUF map: what programs take with bpf_user_ringbuf_drain. */
export class UserRing {
  readonly spec: MapSpec;
  readonly #address: number;
  readonly #host: MapHost;

  constructor(host: MapHost, address: number, spec: MapSpec) {
    this.#host = host;
    this.#address = address;
    this.spec = spec;
  }

  /**
   * Puts a sample in, for the next program that drains.
   * @returns false when there is no room now
   * @throws WebpfError 'map-operation' (E2BIG) for samples that the ring is too small for
   */
  push(sample: Uint8Array): boolean {
    const { exports, memory } = this.#host;
    const length = integer('the length of a sample', sample.length, 0, MAX_SAMPLE);
    const at = exports.userRingReserve(this.#address, length);
    if (at === -E2BIG) throw mapError(this.spec.name, `push of ${length} bytes`, at);
    if (at < 0 && at > -4096) return false;
    memory.write(at >>> 0, sample);
    exports.userRingSubmit(this.#address, at, 0);
    return true;
  }
}
