import * as layout from '../../abi/layout.ts';
import { BPF_ANY, ENOENT, EPERM } from '../../abi/maps.ts';
import { WebpfError } from '../../errors.ts';
import type { MapSpec } from '../../frontend/program.ts';
import { align8 } from '../bytes.ts';
import { mapError } from '../errno.ts';
import type { LinearMemory } from '../memory.ts';
import type { Signal } from '../signal.ts';
import type { Exports } from '../wasm.ts';
import { hideLater } from './later.ts';

/** What a map needs of its engine. */
export interface MapHost {
  readonly memory: LinearMemory;
  readonly exports: Exports;
  readonly signal: Signal;
}

const CURSOR_END = 0xffffffff;
/** Bytes of elements fetched at a time when iterating. */
const DUMP_BYTES = 65536;

/** A map by its bytes: the operations of the bpf() system call. Everything typed is built on it. */
export class RawMap {
  readonly spec: MapSpec;
  /** Address of the map descriptor in linear memory. */
  readonly address: number;
  /** Bytes of a value as the host sees it: for per-CPU maps the values of all CPUs, each rounded up to 8. */
  readonly valueBytes: number;
  readonly perCpu: boolean;
  readonly #memory: LinearMemory;
  readonly #exports: Exports;
  /** Aborted when the engine is closed. */
  readonly closing: AbortSignal;
  readonly #mayHold: ((reference: number) => boolean) | undefined;
  #scratch = 0;

  /** @param mayHold for maps of programs and maps of maps: which addresses can be their values */
  constructor(spec: MapSpec, address: number, host: MapHost, mayHold?: (reference: number) => boolean) {
    const { memory } = host;
    this.spec = spec;
    this.address = address;
    this.closing = host.signal.closing;
    this.#memory = memory;
    this.#exports = host.exports;
    this.#mayHold = mayHold;
    this.perCpu = memory.u32(address + layout.MAP_CPU_STRIDE) !== 0;
    const cpus = memory.u32(layout.HEADER + layout.HDR_NCPU);
    this.valueBytes = this.perCpu ? align8(spec.valueSize) * cpus : spec.valueSize;
  }

  get size(): number {
    return this.#memory.u32(this.address + layout.MAP_COUNT);
  }

  /** Address of the first value: what direct value access (.rodata, .data, .bss) is relative to. */
  get valuesAddress(): number {
    return this.#memory.u32(this.address + layout.MAP_VALUES);
  }

  /**
   * A copy of the value, or undefined. Of bloom filters the key is what is looked for: {@link RawMap.mayHave}.
   * @param flags BPF_F_LOCK, for values with a spin lock: the copy is made under it
   */
  lookup(key: Uint8Array, flags: number = BPF_ANY): Uint8Array | undefined {
    return this.#read('lookup', key, this.#exports.mapRead, flags);
  }

  /** The value, which is not in the map any more (BPF_MAP_LOOKUP_AND_DELETE_ELEM); undefined when it was not there. */
  take(key: Uint8Array, flags: number = BPF_ANY): Uint8Array | undefined {
    this.#refuseFrozen('take');
    return this.#read('take', key, this.#exports.mapTake, flags);
  }

  /** Of a bloom filter: whether the value may have been pushed; false when it has not been. */
  mayHave(value: Uint8Array): boolean {
    this.#expect('value', value, this.valueBytes);
    const at = this.#area();
    this.#memory.write(at, value);
    const result = this.#exports.mapPeek(this.address, at);
    if (result === -ENOENT) return false;
    this.#refuse('peek', result);
    return true;
  }

  /** From now on the host writes no more (BPF_MAP_FREEZE); programs do. */
  freeze(): void {
    this.#refuse('freeze', this.#exports.mapFreeze(this.address));
  }

  update(key: Uint8Array, value: Uint8Array, flags: number = BPF_ANY): void {
    this.#refuseFrozen('update');
    this.#expect('value', value, this.valueBytes);
    this.#expectReference(value);
    const keyAddress = this.#putKey(key);
    const valueAddress = keyAddress + align8(this.spec.keySize);
    this.#memory.write(valueAddress, value);
    this.#refuse('update', this.#exports.mapUpdate(this.address, keyAddress, valueAddress, flags));
  }

  /** False when there was no such element. */
  delete(key: Uint8Array): boolean {
    this.#refuseFrozen('delete');
    const result = this.#exports.mapDelete(this.address, this.#putKey(key));
    if (result === -ENOENT) return false;
    this.#refuse('delete', result);
    return true;
  }

  push(value: Uint8Array, flags: number = BPF_ANY): void {
    this.#expect('value', value, this.valueBytes);
    const address = this.#area();
    this.#memory.write(address, value);
    this.#refuse('push', this.#exports.mapPush(this.address, address, flags));
  }

  pop(): Uint8Array | undefined {
    return this.#take('pop', this.#exports.mapPop);
  }

  peek(): Uint8Array | undefined {
    return this.#take('peek', this.#exports.mapPeek);
  }

  /**
   * Keys and values, fetched in batches. Elements added or deleted while iterating may or may not be seen, as
   * with the kernel's batch operations.
   */
  *entries(): Generator<[key: Uint8Array, value: Uint8Array]> {
    const { keySize, valueSize } = this.spec;
    const keyStride = align8(keySize);
    const cpus = this.perCpu ? this.valueBytes / align8(valueSize) : 1;
    const valueStride = align8(valueSize) * cpus;
    const max = Math.max(1, Math.floor(DUMP_BYTES / (keyStride + valueStride)));
    const keys = this.#memory.alloc(max * (keyStride + valueStride) + 8);
    const values = keys + max * keyStride;
    const cursorOut = values + max * valueStride;
    try {
      for (let cursor = 0; cursor !== CURSOR_END; ) {
        const count = this.#exports.mapDump(this.address, cursor, keys, values, max, cursorOut);
        if (count < 0) throw mapError(this.spec.name, 'iteration', count);
        cursor = this.#memory.u32(cursorOut);
        const batch = this.#memory.read(keys, max * (keyStride + valueStride));
        for (let i = 0; i < count; i++) {
          const value = max * keyStride + i * valueStride;
          yield [
            batch.subarray(i * keyStride, i * keyStride + keySize),
            hideLater(this.spec, batch.subarray(value, value + this.valueBytes)),
          ];
        }
      }
    } finally {
      this.#memory.free(keys);
    }
  }

  /** Gives back what the host's side has allocated: the map is about to be destroyed. */
  dispose(): void {
    this.#memory.free(this.#scratch);
    this.#scratch = 0;
  }

  /** .rodata once it is loaded: the verifier takes its bytes for constants, as in the kernel. */
  #refuseFrozen(operation: string): void {
    if (this.spec.frozen === true) throw mapError(this.spec.name, operation, -EPERM);
  }

  #read(
    operation: string,
    key: Uint8Array,
    call: (map: number, key: number, out: number, flags: number) => number,
    flags: number,
  ): Uint8Array | undefined {
    const keyAddress = this.#putKey(key);
    const out = keyAddress + align8(this.spec.keySize);
    const result = call(this.address, keyAddress, out, flags);
    if (result === -ENOENT) return undefined;
    this.#refuse(operation, result);
    return hideLater(this.spec, this.#memory.read(out, this.valueBytes));
  }

  #take(operation: string, call: (map: number, out: number) => number): Uint8Array | undefined {
    const out = this.#area();
    const result = call(this.address, out);
    if (result === -ENOENT) return undefined;
    this.#refuse(operation, result);
    return this.#memory.read(out, this.valueBytes);
  }

  /** Room for one key and one value, allocated at first use. */
  #area(): number {
    this.#scratch ||= this.#memory.alloc(align8(this.spec.keySize) + align8(this.valueBytes) + 8);
    return this.#scratch;
  }

  #putKey(key: Uint8Array): number {
    this.#expect('key', key, this.spec.keySize);
    const address = this.#area();
    this.#memory.write(address, key);
    return address;
  }

  #expect(what: 'key' | 'value', bytes: Uint8Array, size: number): void {
    if (bytes.length === size) return;
    throw new WebpfError(
      'bad-map',
      `map "${this.spec.name}": the ${what} has ${bytes.length} bytes, but must have ${size}`,
      { stage: 'runtime', subject: this.spec.name },
    );
  }

  /** A made-up reference would have programs run or read whatever lies there. */
  #expectReference(value: Uint8Array): void {
    if (this.#mayHold?.(new DataView(value.buffer, value.byteOffset).getUint32(0, true)) ?? true) return;
    throw new WebpfError(
      'bad-map',
      `map "${this.spec.name}": the value is no program or map of this engine: use setTailCall or setInnerMap`,
      { stage: 'runtime', subject: this.spec.name },
    );
  }

  #refuse(operation: string, result: number): void {
    if (result < 0) throw mapError(this.spec.name, operation, result);
  }
}
