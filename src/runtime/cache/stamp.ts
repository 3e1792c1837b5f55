import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The command line's bundle has the hash of what it was made from in its place. */
declare const WEBPF_BUILD: string | undefined;

/** Folders of the code that makes artifacts, from this one. */
const FOLDERS = ['../../isa', '../../abi', '../../verifier', '../../jit'];

function filesIn(folder: string): string[] {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return names.filter((name) => /\.[jt]s$/.test(name)).map((name) => join(folder, name));
  } catch {
    return []; // in a bundle of somebody else's: one version is one build
  }
}

function stampOfFiles(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const hash = createHash('sha256');
  for (const file of FOLDERS.flatMap((folder) => filesIn(join(here, folder))).sort()) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

let stamp: string | undefined;

/**
 * Tells builds of one version apart, so that a translation is not taken from before a change of the translator: sizes
 * and times of the files that it is made of.
 */
export function buildStamp(): string {
  stamp ??= typeof WEBPF_BUILD === 'string' ? WEBPF_BUILD : stampOfFiles();
  return stamp;
}
