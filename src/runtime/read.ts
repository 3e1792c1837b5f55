import { openObject } from '../frontend/object.ts';
import type { ObjectFile } from '../frontend/program.ts';
import { isModule, readTranslated } from './artifacts/file.ts';

/** An object file (ELF, eBPF, little-endian) or a translated program, told by how it begins. */
export const readBytes = (bytes: Uint8Array, name?: string): ObjectFile =>
  isModule(bytes) ? readTranslated(bytes, name) : openObject(bytes, name);
