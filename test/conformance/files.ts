import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseVector, type Vector } from './format.ts';

/** Names of the vectors in a folder (not in its subfolders). */
export function vectorFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.data'))
    .sort();
}

export function readVector(folder: string, file: string): Vector {
  return parseVector(file, readFileSync(join(folder, file), 'utf8'));
}

export function readVectors(folder: string): Vector[] {
  return vectorFiles(folder).map((file) => readVector(folder, file));
}
