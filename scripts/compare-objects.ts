/**
 * Holds rebuilt objects against the committed ones: another clang may lay a file out otherwise, but what the
 * loader reads from it must be the same program by program and map by map.
 *
 *   node --import ./scripts/typescript/register.mjs scripts/compare-objects.ts REBUILT_DIR
 *
 * Objects of test/objects, examples and bench/programs are looked for under REBUILT_DIR by the same path.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readObject } from '../src/index.ts';
import { objectDifferences } from './objects/differences.ts';

const FOLDERS = ['test/objects', 'examples', 'bench/programs'];

const committed = (): string[] =>
  FOLDERS.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.o'))
      .map((name) => join(folder, name)),
  );

async function differences(path: string, rebuilt: string): Promise<string[]> {
  if (!existsSync(rebuilt)) return ['is not built any more'];
  const [before, after] = [readFileSync(path), readFileSync(rebuilt)];
  if (before.equals(after)) return [];
  return objectDifferences(await readObject(before), await readObject(after));
}

async function main(folder: string | undefined): Promise<number> {
  if (folder === undefined) throw new Error('usage: compare-objects.ts REBUILT_DIR');
  const files = committed();
  let different = 0;
  for (const path of files) {
    const found = await differences(path, join(folder, path));
    if (found.length > 0) different++;
    for (const line of found) console.log(`${path}: ${line}`);
  }
  console.log(`${files.length} objects, ${different} load otherwise when rebuilt`);
  return different === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv[2]);
