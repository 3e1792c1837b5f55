import { readFile } from 'node:fs/promises';
import { NEAR_BEHIND, WASM_PAGE } from '../abi/layout.ts';
import type { HelperExport, RuntimeExports, RuntimeImports, WasmMemory, WasmModule } from '../abi/runtime.ts';
import { WebpfError } from '../errors.ts';

/** `plain` memory is for one thread and may grow to almost 4 GiB; `shared` memory can be opened by workers. */
export type MemoryKind = 'plain' | 'shared';

/** Most memory an engine may take, in pages: 4 GiB but for what lies behind the last object. */
const MAX_PAGES = 65_536 - NEAR_BEHIND / WASM_PAGE;
const INITIAL_PAGES = 16;

const modules = new Map<MemoryKind, Promise<WebAssembly.Module>>();

const fileName = (kind: MemoryKind): string => (kind === 'shared' ? 'runtime.shared.wasm' : 'runtime.wasm');

async function compileModule(kind: MemoryKind): Promise<WebAssembly.Module> {
  const url = new URL(`../../build/${fileName(kind)}`, import.meta.url);
  try {
    return await WebAssembly.compile(await readFile(url));
  } catch (cause) {
    throw new WebpfError(
      'file',
      `${fileName(kind)} is missing or damaged: build it with "npm run build:runtime"`,
      {
        stage: 'runtime',
        cause,
      },
    );
  }
}

/** The compiled runtime; compiled once a process. */
export function runtimeModule(kind: MemoryKind): Promise<WasmModule> {
  const known = modules.get(kind);
  if (known) return known;
  const compiled = compileModule(kind);
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
