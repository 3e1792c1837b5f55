import { NEAR_BEHIND, WASM_PAGE } from '../abi/layout.ts';
import type { HelperExport, RuntimeExports, RuntimeImports, WasmMemory, WasmModule } from '../abi/runtime.ts';
import { WebpfError } from '../errors.ts';
import { readPart } from '../files.ts';

/** `plain` memory is for one thread and may grow to almost 4 GiB; `shared` memory can be opened by workers. */
export type MemoryKind = 'plain' | 'shared';

/** Most memory an engine may take, in pages: 4 GiB but for what lies behind the last object. */
const MAX_PAGES = 65_536 - NEAR_BEHIND / WASM_PAGE;
const INITIAL_PAGES = 16;

const modules = new Map<MemoryKind, Promise<WebAssembly.Module>>();

/** Where the compiled runtime is, or its bytes. */
export type RuntimeSource = URL | Uint8Array;

/** Written out, for bundlers to find the files by. */
const fileOf = (kind: MemoryKind): URL =>
  kind === 'shared'
    ? new URL('../../build/runtime.shared.wasm', import.meta.url)
    : new URL('../../build/runtime.wasm', import.meta.url);

async function compileModule(source: RuntimeSource): Promise<WebAssembly.Module> {
  try {
    const bytes = source instanceof URL ? await readPart(source) : source;
    return await WebAssembly.compile(bytes as BufferSource);
  } catch (cause) {
    const name = source instanceof URL ? source.pathname.split('/').pop() : 'the runtime given';
    const message = `${name} is missing or damaged: build it with "npm run build:runtime"`;
    throw new WebpfError('file', message, { stage: 'runtime', cause });
  }
}

/** The compiled runtime; what the package has is compiled once a process. */
export function runtimeModule(kind: MemoryKind, source?: RuntimeSource): Promise<WasmModule> {
  if (source !== undefined) return compileModule(source);
  const known = modules.get(kind);
  if (known) return known;
  const compiled = compileModule(fileOf(kind));
  modules.set(kind, compiled);
  return compiled;
}

export function createMemory(kind: MemoryKind, maxBytes: number): WasmMemory {
  const maximum = Math.min(MAX_PAGES, Math.max(INITIAL_PAGES, Math.ceil(maxBytes / WASM_PAGE)));
  return new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum, shared: kind === 'shared' });
}

/** The exports of the instance: the runtime's own functions, and one `bpf_*` function for each helper. */
export type Exports = RuntimeExports & Readonly<Record<`bpf_${string}`, HelperExport | undefined>>;

export async function instantiateRuntime(runtime: WasmModule, env: RuntimeImports): Promise<Exports> {
  const instance = await WebAssembly.instantiate(runtime as WebAssembly.Module, {
    env: { ...env } as unknown as WebAssembly.ModuleImports,
  });
  return instance.exports as unknown as Exports;
}
