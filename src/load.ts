/**
 * webpf for browsers: opens what `webpf compile` has written. Needs no module of Node, and has no translator: object
 * files can be opened as well, and are interpreted (`engine: 'auto'` or `'interp'`).
 *
 * @example
 * import { load } from 'webpf/load';
 *
 * const object = await load('count_flows.wasm');
 * const program = await object.program();
 * console.log(program.run(packet).verdict, [...object.map('hosts')]);
 */
import { WebpfError } from './errors.ts';
import { readPart } from './files.ts';
import { Engine, type EngineOptions } from './runtime/engine.ts';
import { hostOptions, type LinkOptions } from './runtime/linkOptions.ts';
import { BpfObject, type ObjectOptions } from './runtime/object.ts';
import { checkOptions } from './runtime/objectOptions.ts';
import { readBytes } from './runtime/read.ts';

export { type ErrorCode, type SourceLine, type Stage, WebpfError } from './errors.ts';
export type { ObjectFile, Program, ProgramType } from './frontend/program.ts';
export type { BatchResult } from './runtime/batch.ts';
export type { ContextKind, RunContext } from './runtime/context.ts';
export { Engine, type EngineKind, type EngineOptions } from './runtime/engine.ts';
export { BpfMap } from './runtime/maps/map.ts';
export { BpfQueue } from './runtime/maps/queue.ts';
export { PerfBuffer, RingBuffer, TraceLog } from './runtime/maps/ring.ts';
export { BpfObject, type ObjectOptions } from './runtime/object.ts';
export { BpfProgram, type Tier } from './runtime/program.ts';
export type { RunResult } from './runtime/result.ts';
export type { Trap, TrapKind } from './runtime/trap.ts';
export { VERSION as version } from './version.ts';

/** `runtime` says where the compiled runtime is, where a bundler has moved it. */
export type LoadOptions = EngineOptions & Omit<ObjectOptions, 'cache'> & LinkOptions;

/** As the page sees it. */
function urlOf(source: string): URL {
  const base = typeof document === 'undefined' ? undefined : document.baseURI;
  try {
    return new URL(source, base);
  } catch (cause) {
    throw new WebpfError('bad-argument', `"${source}" is no URL`, { stage: 'runtime', cause });
  }
}

async function fetchBytes(url: URL): Promise<Uint8Array> {
  try {
    return await readPart(url);
  } catch (cause) {
    const message = `cannot load ${url.href}: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new WebpfError('file', message, { stage: 'runtime', subject: url.href, cause });
  }
}

/**
 * Opens a translated program (or an object file) in an engine of its own.
 *
 * @param source its URL, or its bytes
 * @throws WebpfError 'file' when it cannot be fetched; 'bad-argument' when it is damaged or made by another version
 */
export async function load(source: URL | string | Uint8Array, options: LoadOptions = {}): Promise<BpfObject> {
  const url = typeof source === 'string' ? urlOf(source) : source;
  const host = await hostOptions(options, (file) =>
    fetchBytes(typeof file === 'string' ? urlOf(file) : file),
  );
  const file =
    url instanceof URL ? readBytes(await fetchBytes(url), url.href, host) : readBytes(url, undefined, host);
  return new BpfObject(await Engine.create(options), file, await checkOptions(options), true);
}
