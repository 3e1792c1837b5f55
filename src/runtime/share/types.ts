/** What is sent to another thread: plain data, for `postMessage`. */
import type { WasmMemory, WasmModule } from '../../abi/runtime.ts';
import type { MapSpec, ObjectFile, Program } from '../../frontend/program.ts';
import type { Artifact, ArtifactInfo } from '../../jit/artifact.ts';
import type { ProofMode } from '../../verifier/proof.ts';
import type { ContextKind } from '../context.ts';
import type { EngineKind } from '../engine.ts';
import type { HostHelpers } from '../helpers.ts';
import type { TailCallGroup } from '../tailCalls.ts';

/** The memory of an engine, and how its programs run. */
export interface SharedEngine {
  readonly memory: WasmMemory;
  readonly runtime: WasmModule;
  readonly engine: EngineKind;
  readonly mode: ProofMode;
  readonly budget: number;
  readonly cpus: number;
}

/** How a thread attaches to it. */
export interface AttachOptions {
  /** Its CPU, which no other thread uses at the same time: from 0 to the engine's option `cpus` less one. */
  readonly cpu: number;
  /** Helpers of the host's own: functions cannot be sent, so that each thread gives its own. */
  readonly helpers?: HostHelpers | undefined;
  /** Seed of bpf_get_prandom_u32. Default: fixed, another for each CPU. */
  readonly seed?: bigint | undefined;
}

/** Translated code. */
interface Translated {
  readonly info: ArtifactInfo;
  /** Where the runtime's table has it: the entry, then the functions whose address is taken. */
  readonly indexes: readonly number[];
}

/** A program that is ready to run. Addresses are in linear memory. */
interface ReadyProgram {
  readonly program: Program;
  readonly id: number;
  readonly descriptor: number;
  readonly functions: number;
  readonly contextKind: ContextKind;
  readonly mode: ProofMode;
  /** Its maps, in the order of `program.maps`. */
  readonly maps: readonly number[];
  /** Ids of the helpers it may call. */
  readonly helpers: readonly number[];
}

export interface LoadedProgram extends ReadyProgram {
  /** Undefined for programs that are interpreted. */
  readonly translated: (Translated & { readonly artifact: Artifact }) | undefined;
}

export interface SharedProgram extends ReadyProgram {
  readonly translated: (Translated & { readonly module: WasmModule }) | undefined;
}

/** All there is to know of an object in shared memory. */
export interface SharedState {
  /** ABI_VERSION. */
  readonly abi: number;
  readonly engine: SharedEngine;
  readonly maps: readonly { readonly spec: MapSpec; readonly address: number }[];
  readonly programs: readonly SharedProgram[];
  readonly tailCalls: ReadonlyMap<number, TailCallGroup>;
  readonly object: {
    /** Without what could not be opened of it. */
    readonly file: ObjectFile;
    /** By name: addresses of its maps, descriptors of its programs. */
    readonly maps: ReadonlyMap<string, number>;
    readonly programs: ReadonlyMap<string, number>;
  };
}
