import type { WasmMemory } from '../abi/runtime.ts';
import { WebpfError } from '../errors.ts';
import type { Exports, MemoryKind } from './wasm.ts';

const MAX_SIZE = 0xffffffff;

/** Of the same bytes. */
export interface Views {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly view: DataView;
}

const viewsOf = ({ buffer }: WasmMemory): Views => ({
  bytes: new Uint8Array(buffer),
  words: new Int32Array(buffer),
  view: new DataView(buffer),
});

/**
 * Linear memory as the host sees it. Views are taken anew when the memory has grown: growing detaches (plain) or
 * outdates (shared) every earlier view, so hold on to none of them.
 */
export class LinearMemory {
  readonly memory: WasmMemory;
  readonly kind: MemoryKind;
  readonly #exports: Exports;
  readonly #shared: boolean;
  #views: Views;

  constructor(memory: WasmMemory, kind: MemoryKind, exports: Exports) {
    this.memory = memory;
    this.kind = kind;
    this.#exports = exports;
    this.#shared = kind === 'shared';
    this.#views = viewsOf(memory);
  }

  /**
   * All views of it as it is now. Plain memory that has grown leaves them empty, which costs less to see than the buffer
   * does to ask for; shared memory leaves them as they are, see `reach`.
   */
  get views(): Views {
    if (this.#views.bytes.length === 0) this.#views = viewsOf(this.memory);
    return this.#views;
  }

  get bytes(): Uint8Array {
    return this.views.bytes;
  }

  /** By words of 4 bytes. */
  get words(): Int32Array {
    return this.views.words;
  }

  get view(): DataView {
    return this.views.view;
  }

  /**
   * Makes the views of shared memory reach to `end`. Others may have made it grow, which nothing here shows; growing by
   * nothing has the buffer made anew.
   */
  reach(end: number): void {
    if (!this.#shared || end <= this.#views.bytes.length) return;
    this.memory.grow(0);
    this.#views = viewsOf(this.memory);
  }

  u32(address: number): number {
    this.reach(address + 4);
    return this.view.getUint32(address, true);
  }

  setU32(address: number, value: number): void {
    this.reach(address + 4);
    this.view.setUint32(address, value, true);
  }

  u64(address: number): bigint {
    this.reach(address + 8);
    return this.view.getBigUint64(address, true);
  }

  setU64(address: number, value: bigint): void {
    this.reach(address + 8);
    this.view.setBigUint64(address, BigInt.asUintN(64, value), true);
  }

  /** A copy, safe to keep. */
  read(address: number, size: number): Uint8Array {
    this.reach(address + size);
    return this.bytes.slice(address, address + size);
  }

  write(address: number, data: Uint8Array): void {
    this.reach(address + data.length);
    this.bytes.set(data, address);
  }

  /** Zeroed memory; throws when linear memory is exhausted. */
  alloc(size: number): number {
    const address = size > MAX_SIZE ? 0 : this.#exports.alloc(size) >>> 0; // it takes 32 bits
    if (address === 0) throw outOfMemory(size);
    this.reach(address + size);
    return address;
  }

  free(address: number): void {
    if (address !== 0) this.#exports.free(address);
  }
}

/** The error for what linear memory has no room for. */
export function outOfMemory(size: number): WebpfError {
  return new WebpfError(
    'out-of-memory',
    `linear memory has no room for ${size} more bytes: lower max_entries of the maps, or raise the memory limit (at most 4 GiB)`,
    { stage: 'runtime' },
  );
}
