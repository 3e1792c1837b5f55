/** What is asked of the thread that translates, and what it answers: data that threads can hand each other. */
import type { Program } from '../../frontend/program.ts';
import type { Setting } from '../../jit/artifact.ts';
import type { Optimize } from '../../jit/opt/names.ts';
import type { CustomProgramType } from '../../verifier/custom.ts';
import type { Helper } from '../../verifier/helpers/types.ts';
import type { Proof, ProofMode } from '../../verifier/proof.ts';
import type { ContextKind } from '../context.ts';
import type { MemoryKind } from '../wasm.ts';

export interface Job {
  readonly program: Program;
  /** Undefined for a program that was verified at an earlier start: its proof is made again. */
  readonly proof: Proof | undefined;
  readonly mode: ProofMode;
  readonly setting: Setting | undefined;
  readonly contextKind: ContextKind;
  readonly memory: MemoryKind;
  readonly cpus: number;
  /** See EngineOptions. */
  readonly optimize: Optimize;
  /** What the verifier knows of the host. */
  readonly helpers: ReadonlyMap<number, Helper>;
  readonly programType: CustomProgramType | undefined;
  /** See {@link Samples}. */
  readonly samples: SharedArrayBuffer;
}

export type Made =
  | { readonly wasm: Uint8Array; readonly module: WebAssembly.Module }
  | { readonly error: string };
