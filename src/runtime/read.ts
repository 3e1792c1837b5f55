import { type HostOptions, openObject } from '../frontend/object.ts';
import type { ObjectFile } from '../frontend/program.ts';
import { badArgument } from './argument.ts';
import { isModule, readTranslated } from './artifacts/file.ts';

/** Refuses options of the linker for what has been linked before. */
export function refuseLinked(host: HostOptions | undefined, what: string): void {
  if (host === undefined) return;
  throw badArgument(`options btf, kconfig and ksyms are for object files; ${what} has been linked`);
}

/** An object file (ELF, eBPF, little-endian) or a translated program, told by how it begins. */
export function readBytes(bytes: Uint8Array, name?: string, host?: HostOptions): ObjectFile {
  if (!isModule(bytes)) return openObject(bytes, name, host);
  refuseLinked(host, 'a translated program');
  return readTranslated(bytes, name);
}
