import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openObject } from '../../src/frontend/object.ts';
import type { MapSpec, ObjectFile, Program } from '../../src/frontend/program.ts';

const OBJECTS = join(import.meta.dirname, '../objects');

export const objectBytes = (name: string): Uint8Array => new Uint8Array(readFileSync(join(OBJECTS, name)));

export const open = (name: string): ObjectFile => openObject(objectBytes(name), name);

export function program(object: ObjectFile, name: string): Program {
  const found = object.programs.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no program ${name} in ${object.name}`);
  return found;
}

export function map(object: ObjectFile, name: string): MapSpec {
  const found = object.maps.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no map ${name} in ${object.name}`);
  return found;
}

/** Offsets of struct members in ELF64: header and section header. */
export const ELF = {
  class: 4,
  order: 5,
  type: 16,
  machine: 18,
  sections: 40,
  entrySize: 58,
  count: 60,
} as const;

export function patched(name: string, at: number, ...bytes: number[]): Uint8Array {
  const copy = objectBytes(name);
  copy.set(bytes, at);
  return copy;
}
