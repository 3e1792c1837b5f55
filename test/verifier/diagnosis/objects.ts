/** The objects of programs that are refused: test/objects/rejected-*.bpf.c. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openObject } from '../../../src/frontend/object.ts';
import type { Program } from '../../../src/frontend/program.ts';

const FOLDER = join(import.meta.dirname, '../../objects');

export const OBJECTS = ['packets', 'maps', 'objects'] as const;
export type ObjectName = (typeof OBJECTS)[number];

export const bytesOf = (name: ObjectName): Uint8Array => readFileSync(join(FOLDER, `rejected-${name}.o`));

export const programsOf = (name: ObjectName): readonly Program[] => openObject(bytesOf(name), name).programs;

export function programOf(name: ObjectName, program: string): Program {
  const found = programsOf(name).find((one) => one.name === program);
  if (found === undefined) throw new Error(`rejected-${name}.o has no program ${program}`);
  return found;
}
