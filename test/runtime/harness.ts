/** The compiled runtime by itself: maps by their addresses, helpers called as a program would call them. */
import { readFileSync } from 'node:fs';
import * as layout from '../../src/abi/layout.ts';
import { BPF_ANY } from '../../src/abi/maps.ts';
import type { HelperExport, RuntimeExports } from '../../src/abi/runtime.ts';

export type MemoryKind = 'plain' | 'shared';
export const memoryKinds: readonly MemoryKind[] = ['plain', 'shared'];

const files: Record<MemoryKind, string> = { plain: 'runtime.wasm', shared: 'runtime.shared.wasm' };
const modules = new Map<MemoryKind, WebAssembly.Module>();

function moduleOf(kind: MemoryKind): WebAssembly.Module {
  const known = modules.get(kind);
  if (known) return known;
  const bytes = readFileSync(new URL(`../../build/${files[kind]}`, import.meta.url));
  const module = new WebAssembly.Module(bytes);
  modules.set(kind, module);
  return module;
}

export interface MapShape {
  readonly type: number;
  readonly keySize?: number;
  readonly valueSize?: number;
  readonly maxEntries?: number;
  readonly flags?: number;
  readonly extra?: number;
}

export interface ProgramShape {
  /** CTX_*; raw memory when left out. */
  readonly context?: number;
  readonly sandbox?: boolean;
  /** Maps the program was given: it may touch their values and pass them to helpers. */
  readonly maps?: readonly number[];
  readonly packet?: Uint8Array;
  readonly headroom?: number;
  readonly tailroom?: number;
}

/** What a program that called a helper was ended with. */
export interface Trap {
  readonly kind: number;
  readonly value: bigint;
}

/** A callback of a program: r1 to r5 and r10 in, r0 out. */
export type Callback = (...registers: bigint[]) => bigint;

/** A module that exports its one import, of type (i64 × 6) -> i64: what lets a table hold a function of ours. */
const FORWARD = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // magic, version
  ...[1, 11, 1, 0x60, 6, 0x7e, 0x7e, 0x7e, 0x7e, 0x7e, 0x7e, 1, 0x7e], // type
  ...[2, 7, 1, 1, 0x61, 1, 0x66, 0, 0], // import a.f
  ...[7, 5, 1, 1, 0x66, 0, 0], // export f
]);

function asTableFunction(callback: Callback): () => void {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(FORWARD), { a: { f: callback } });
  const { f } = instance.exports;
  return f as () => void;
}

/** What the host's clocks say. */
export const CLOCKS = { monotonic: 1_000_000_123, boottime: 2_000_000_456, realtime: 3_000_000_789 } as const;

const SCRATCH_BYTES = 65536;
const align8 = (size: number): number => (size + 7) & ~7;
const u32Bytes = (value: number): Uint8Array => new Uint8Array(new Uint32Array([value]).buffer);

export class Runtime {
  readonly memory: WebAssembly.Memory;
  readonly exports: RuntimeExports;
  readonly cpus: number;
  /** Address of the run state. */
  run: number;
  /** Memory for keys and values; a program started with `start` may use it as its stack. */
  readonly scratch: number;
  record = 0;

  constructor(kind: MemoryKind, cpus = 1, maxPages = 4096) {
    this.cpus = cpus;
    const shared = kind === 'shared';
    this.memory = new WebAssembly.Memory({ initial: 4, maximum: maxPages, shared });
    const env = {
      memory: this.memory,
      monotonic: () => CLOCKS.monotonic,
      boottime: () => CLOCKS.boottime,
      realtime: () => CLOCKS.realtime,
      hostHelper: () => 0n,
    };
    this.exports = new WebAssembly.Instance(moduleOf(kind), { env }).exports as unknown as RuntimeExports;
    this.exports.init(cpus);
    this.run = this.exports.attach(0);
    this.scratch = this.exports.alloc(SCRATCH_BYTES);
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer);
  }

  get view(): DataView {
    return new DataView(this.memory.buffer);
  }

  /** A copy. */
  read(address: number, size: number): Uint8Array {
    return this.bytes.slice(address, address + size);
  }

  write(address: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, address);
  }

  u32(address: number): number {
    return this.view.getUint32(address, true);
  }

  setU32(address: number, value: number): void {
    this.view.setUint32(address, value, true);
  }

  u64(address: number): bigint {
    return this.view.getBigUint64(address, true);
  }

  setU64(address: number, value: bigint): void {
    this.view.setBigUint64(address, value, true);
  }

  attach(cpu: number): void {
    this.run = this.exports.attach(cpu);
  }

  /** Address, or a negative error number. */
  create(shape: MapShape): number {
    const { type, keySize = 4, valueSize = 4, maxEntries = 1, flags = 0, extra = 0 } = shape;
    return this.exports.mapCreate(type, keySize, valueSize, maxEntries, flags, extra);
  }

  keySize(map: number): number {
    return this.u32(map + layout.MAP_KEY_SIZE);
  }

  valueSize(map: number): number {
    return this.u32(map + layout.MAP_VALUE_SIZE);
  }

  count(map: number): number {
    return this.u32(map + layout.MAP_COUNT);
  }

  #key(key: Uint8Array | number): number {
    this.write(this.scratch, typeof key === 'number' ? u32Bytes(key) : key);
    return this.scratch;
  }

  #value(value: Uint8Array | number): number {
    const address = this.scratch + SCRATCH_BYTES / 2;
    this.write(address, typeof value === 'number' ? u32Bytes(value) : value);
    return address;
  }

  /** The host's lookup: CPU 0's value. */
  lookup(map: number, key: Uint8Array | number): Uint8Array | undefined {
    const address = this.exports.mapLookup(map, this.#key(key));
    return address === 0 ? undefined : this.read(address, this.valueSize(map));
  }

  update(map: number, key: Uint8Array | number, value: Uint8Array | number, flags = BPF_ANY): number {
    return this.exports.mapUpdate(map, this.#key(key), this.#value(value), flags);
  }

  delete(map: number, key: Uint8Array | number): number {
    return this.exports.mapDelete(map, this.#key(key));
  }

  /** The key after `key`, or a negative error number. */
  nextKey(map: number, key?: Uint8Array | number): Uint8Array | number {
    const out = this.scratch + SCRATCH_BYTES / 2;
    const error = this.exports.mapNextKey(map, key === undefined ? 0 : this.#key(key), out);
    return error === 0 ? this.read(out, this.keySize(map)) : error;
  }

  push(map: number, value: Uint8Array | number, flags = BPF_ANY): number {
    return this.exports.mapPush(map, this.#value(value), flags);
  }

  /** The value, or a negative error number. */
  take(map: number, operation: 'mapPop' | 'mapPeek'): Uint8Array | number {
    const error = this.exports[operation](map, this.scratch);
    return error === 0 ? this.read(this.scratch, this.valueSize(map)) : error;
  }

  /** All elements by mapDump, `max` at a time. */
  dump(map: number, max: number): [key: Uint8Array, values: Uint8Array][] {
    const perCpu = this.u32(map + layout.MAP_CPU_STRIDE) !== 0;
    const keyStride = align8(this.keySize(map));
    const valueStride = align8(this.valueSize(map)) * (perCpu ? this.cpus : 1);
    const keys = this.exports.alloc(max * (keyStride + valueStride) + 8);
    const values = keys + max * keyStride;
    const cursorOut = values + max * valueStride;
    const found: [Uint8Array, Uint8Array][] = [];
    for (let cursor = 0; cursor !== 0xffffffff; cursor = this.u32(cursorOut)) {
      const count = this.exports.mapDump(map, cursor, keys, values, max, cursorOut);
      for (let i = 0; i < count; i++) {
        const key = this.read(keys + i * keyStride, this.keySize(map));
        found.push([key, this.read(values + i * valueStride, valueStride)]);
      }
    }
    this.exports.free(keys);
    return found;
  }

  /** Records waiting in a ring, taken out of it. */
  drain(map: number, cpu = 0): Uint8Array[] {
    const records: Uint8Array[] = [];
    for (;;) {
      const address = this.exports.ringPeek(map, cpu, this.scratch);
      if (address === 0) return records;
      records.push(this.read(address, this.u32(this.scratch)));
      this.exports.ringConsume(map, cpu);
    }
  }

  /** Text printed so far, a string for each call. */
  printed(): string[] {
    const ring = this.u32(layout.HEADER + layout.HDR_PRINTK);
    return this.drain(ring).map((record) => new TextDecoder('latin1').decode(record));
  }

  /** Starts a run of a program without instructions; helpers then see its context, packet and maps. Returns r1. */
  start(shape: ProgramShape = {}): bigint {
    const { context = layout.CTX_MEMORY, sandbox = true, maps = [], packet = new Uint8Array(64) } = shape;
    const { headroom = 256, tailroom = 128 } = shape;
    const prog = this.exports.alloc(layout.PROG_SIZE);
    this.setU32(prog + layout.PROG_CTX_KIND, context);
    this.setU32(prog + layout.PROG_SANDBOX, sandbox ? 1 : 0);
    this.#grant(prog, maps);
    this.record = this.exports.alloc(layout.REC_SIZE);
    const room = this.exports.alloc(headroom + packet.length + tailroom);
    this.write(room + headroom, packet);
    this.setU32(this.record + layout.REC_DATA, room + headroom);
    this.setU32(this.record + layout.REC_LEN, packet.length);
    this.setU32(this.record + layout.REC_HARD_START, room);
    this.setU32(this.record + layout.REC_HARD_END, room + headroom + packet.length + tailroom);
    return this.exports.begin(prog, this.record);
  }

  #grant(prog: number, maps: readonly number[]): void {
    const sorted = [...maps].sort((a, b) => a - b);
    const list = this.exports.alloc(4 * sorted.length + 4);
    sorted.forEach((map, i) => {
      this.setU32(list + 4 * i, map);
    });
    this.setU32(prog + layout.PROG_MAPS, list);
    this.setU32(prog + layout.PROG_NMAPS, sorted.length);
    const regions = sorted
      .map((map) => [this.u32(map + layout.MAP_VALUES), this.u32(map + layout.MAP_VALUES_END)] as const)
      .filter(([start, end]) => end > start)
      .sort((a, b) => a[0] - b[0]);
    const table = this.exports.alloc(layout.REGION_SIZE * regions.length + 4);
    regions.forEach(([start, end], i) => {
      this.setU32(table + i * layout.REGION_SIZE + layout.REGION_START, start);
      this.setU32(table + i * layout.REGION_SIZE + layout.REGION_END, end);
      this.setU32(
        table + i * layout.REGION_SIZE + layout.REGION_ACCESS,
        layout.REGION_READ | layout.REGION_WRITE,
      );
    });
    this.setU32(prog + layout.PROG_REGIONS, table);
    this.setU32(prog + layout.PROG_NREGIONS, regions.length);
  }

  /** Gives the started program a function and returns its address, as lddw pseudo 4 loads it. */
  callback(callback: Callback): number {
    const index = this.exports.table.grow(1);
    this.exports.table.set(index, asTableFunction(callback));
    const func = this.exports.alloc(layout.FUNC_SIZE);
    const prog = this.u32(this.run + layout.RUN_PROG);
    this.setU32(func + layout.FUNC_PROG, prog);
    this.setU32(func + layout.FUNC_TABLE_INDEX, index);
    this.setU32(prog + layout.PROG_FUNCS, func);
    this.setU32(prog + layout.PROG_NFUNCS, 1);
    return func;
  }

  /** Addresses of the stack frame of the main program: [r10 - 512, r10). */
  get frame(): number {
    return this.u32(this.run + layout.RUN_STACK_TOP);
  }

  /** Calls a helper as a program does; r0 as a signed number. */
  call(name: string, ...args: readonly (number | bigint)[]): bigint {
    const helper = (this.exports as unknown as Record<string, HelperExport>)[name];
    if (!helper) throw new Error(`no helper ${name}`);
    const [r1 = 0n, r2 = 0n, r3 = 0n, r4 = 0n, r5 = 0n] = args.map((arg) => BigInt.asIntN(64, BigInt(arg)));
    return BigInt.asIntN(64, helper(r1, r2, r3, r4, r5));
  }

  /** The trap a helper call ends with; undefined when it returns. */
  trapOf(name: string, ...args: readonly (number | bigint)[]): Trap | undefined {
    try {
      this.call(name, ...args);
      return undefined;
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      return {
        kind: this.u32(this.run + layout.RUN_TRAP),
        value: this.u64(this.run + layout.RUN_TRAP_VALUE),
      };
    }
  }
}
