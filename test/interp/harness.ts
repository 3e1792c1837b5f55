/** Runs programs given as instructions in the interpreter, without an engine: descriptors are laid out by hand. */
import { readFileSync } from 'node:fs';
import * as layout from '../../src/abi/layout.ts';
import type { RuntimeExports } from '../../src/abi/runtime.ts';
import { predecode } from '../../src/interp/predecode.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { KfuncTable } from '../../src/runtime/kfuncs.ts';
import type { Exports } from '../../src/runtime/wasm.ts';
import { type Proof, sandboxProof } from '../../src/verifier/proof.ts';

export type MemoryKind = 'plain' | 'shared';

export interface ProgramInput {
  /** By slot; `undefined` at the second slot of lddw. */
  readonly insns: readonly (Insn | undefined)[];
  /** First slots of functions; 0 is added. */
  readonly functions?: readonly number[];
  /** Functions whose address is taken: positions among the functions. */
  readonly addressTaken?: readonly number[];
  readonly proof?: Proof;
  readonly context?: number;
  /** Addresses of maps the program may pass to helpers. */
  readonly maps?: readonly number[];
  /** Memory the program may touch besides: start, end, writable. */
  readonly regions?: readonly (readonly [number, number, boolean])[];
}

export interface RunOptions {
  readonly packet?: readonly number[];
  readonly budget?: number;
}

export interface Outcome {
  readonly r0: bigint;
  readonly packet: readonly number[];
  readonly trap: { readonly kind: number; readonly pc: number; readonly value: bigint } | undefined;
  readonly insns: bigint;
}

const HEADROOM = 256;

const files: Record<MemoryKind, string> = { plain: 'runtime.wasm', shared: 'runtime.shared.wasm' };
const modules = new Map<MemoryKind, WebAssembly.Module>();

function moduleOf(kind: MemoryKind): WebAssembly.Module {
  const known = modules.get(kind);
  if (known) return known;
  const module = new WebAssembly.Module(readFileSync(new URL(`../../build/${files[kind]}`, import.meta.url)));
  modules.set(kind, module);
  return module;
}

/** What the imm of kfunc calls stands for. */
export const KFUNCS: readonly string[] = ['bpf_rcu_read_lock', 'bpf_iter_num_new', 'bpf_iter_num_next'];

/** Seen by hostHelper: id and r1 to r5. */
export type HostCall = readonly [number, bigint, bigint, bigint, bigint, bigint];

export class Machine {
  readonly memory: WebAssembly.Memory;
  readonly exports: RuntimeExports;
  readonly run: number;
  readonly kfuncs: KfuncTable;
  readonly calls: HostCall[] = [];
  /** What a helper of the host's returns. */
  hostResult: (...call: HostCall) => bigint = () => 0n;

  constructor(kind: MemoryKind = 'plain') {
    const shared = kind === 'shared';
    this.memory = new WebAssembly.Memory({ initial: 4, maximum: shared ? 1024 : 65536, shared });
    const env = {
      memory: this.memory,
      monotonic: () => 0,
      boottime: () => 0,
      realtime: () => 0,
      hostHelper: (...call: HostCall) => {
        this.calls.push(call);
        return this.hostResult(...call);
      },
    };
    const instance = new WebAssembly.Instance(moduleOf(kind), { env });
    this.exports = instance.exports as unknown as RuntimeExports;
    this.kfuncs = new KfuncTable(this.exports as Exports);
    this.exports.init(1);
    this.run = this.exports.attach(0);
  }

  get view(): DataView {
    return new DataView(this.memory.buffer);
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

  /** The top of the stack: r10 of the main program. */
  get stackTop(): number {
    return this.u32(this.run + layout.RUN_STACK_TOP);
  }

  place(bytes: Uint8Array): number {
    const address = this.exports.alloc(bytes.length);
    new Uint8Array(this.memory.buffer).set(bytes, address);
    return address;
  }

  /** Writes a descriptor; its address. */
  program(input: ProgramInput): number {
    const { insns, addressTaken = [], proof = sandboxProof, maps = [], regions = [] } = input;
    const starts = [...new Set([0, ...(input.functions ?? [])])];
    const subprograms = starts.map((start, i) => ({
      start,
      length: (starts[i + 1] ?? insns.length) - start,
    }));
    const prog = this.exports.alloc(layout.PROG_SIZE);
    const functions = this.exports.alloc(16 + addressTaken.length * layout.FUNC_SIZE);
    addressTaken.forEach((index, i) => {
      const at = functions + i * layout.FUNC_SIZE;
      this.setU32(at + layout.FUNC_PROG, prog);
      this.setU32(at + layout.FUNC_PC, subprograms[index]?.start ?? 0);
      this.setU32(at + layout.FUNC_SLOTS, subprograms[index]?.length ?? 0);
    });
    const values = maps.map((map) => this.u32(map + layout.MAP_VALUES));
    const bindings = { maps, values, functions, kfunc: this.kfuncs.numberOf };
    const code = this.place(
      predecode({ decoded: { insns }, subprograms, addressTaken, kfuncNames: KFUNCS }, bindings, proof),
    );
    const fields: readonly (readonly [number, number])[] = [
      [layout.PROG_CODE, code],
      [layout.PROG_SLOTS, insns.length],
      [layout.PROG_MAIN_SLOTS, subprograms[0]?.length ?? 0],
      [layout.PROG_FUNCS, functions],
      [layout.PROG_NFUNCS, addressTaken.length],
      [layout.PROG_CTX_KIND, input.context ?? layout.CTX_MEMORY],
      [layout.PROG_SANDBOX, proof.mode === 'sandbox' ? 1 : 0],
      [layout.PROG_FRAMES, layout.MAX_FRAMES],
    ];
    for (const [offset, value] of fields) this.setU32(prog + offset, value);
    this.#grant(prog, maps, regions);
    return prog;
  }

  #grant(prog: number, maps: readonly number[], regions: NonNullable<ProgramInput['regions']>): void {
    const sorted = [...maps].sort((a, b) => a - b);
    const mapTable = this.exports.alloc(8 + 4 * maps.length);
    sorted.forEach((map, i) => {
      this.setU32(mapTable + 4 * i, map);
    });
    const table = this.exports.alloc(16 + regions.length * layout.REGION_SIZE);
    regions.forEach(([start, end, writable], i) => {
      this.setU32(table + i * layout.REGION_SIZE + layout.REGION_START, start);
      this.setU32(table + i * layout.REGION_SIZE + layout.REGION_END, end);
      this.setU32(
        table + i * layout.REGION_SIZE + layout.REGION_ACCESS,
        layout.REGION_READ | (writable ? layout.REGION_WRITE : 0),
      );
    });
    this.setU32(prog + layout.PROG_MAPS, mapTable);
    this.setU32(prog + layout.PROG_NMAPS, maps.length);
    this.setU32(prog + layout.PROG_REGIONS, table);
    this.setU32(prog + layout.PROG_NREGIONS, regions.length);
  }

  /** A batch record over a packet with headroom. */
  record(packet: readonly number[] = []): number {
    const room = this.exports.alloc(HEADROOM + packet.length + HEADROOM);
    new Uint8Array(this.memory.buffer).set(packet, room + HEADROOM);
    const record = this.exports.alloc(layout.REC_SIZE);
    this.setU32(record + layout.REC_DATA, room + HEADROOM);
    this.setU32(record + layout.REC_LEN, packet.length);
    this.setU32(record + layout.REC_HARD_START, room);
    this.setU32(record + layout.REC_HARD_END, room + HEADROOM + packet.length + HEADROOM);
    return record;
  }

  execute(prog: number, { packet = [], budget }: RunOptions = {}): Outcome {
    if (budget !== undefined) this.view.setBigInt64(this.run + layout.RUN_BUDGET, BigInt(budget), true);
    this.view.setBigUint64(this.run + layout.RUN_INSNS, 0n, true);
    const record = this.record(packet);
    try {
      this.exports.interpretBatch(prog, record, 1);
    } catch (error) {
      if (this.u32(this.run + layout.RUN_TRAP) === 0) throw error;
    }
    return this.outcome(record);
  }

  outcome(record: number): Outcome {
    const kind = this.u32(this.run + layout.RUN_TRAP);
    const data = this.u32(record + layout.REC_DATA);
    const pc = this.u32(this.run + layout.RUN_TRAP_PC);
    const value = this.u64(this.run + layout.RUN_TRAP_VALUE);
    return {
      r0: this.u64(record + layout.REC_RESULT),
      packet: [...new Uint8Array(this.memory.buffer, data, this.u32(record + layout.REC_LEN))],
      trap: kind === 0 ? undefined : { kind, pc, value },
      insns: this.u64(this.run + layout.RUN_INSNS),
    };
  }
}

/** Runs instructions in a machine of their own. */
export function execute(input: ProgramInput, options: RunOptions = {}): Outcome {
  const machine = new Machine();
  return machine.execute(machine.program(input), options);
}
