/**
 * Links each given object file with another by webpf and by bpftool, and compares what is in the results: programs,
 * maps, what is refused. Needs bpftool.
 *
 *   npm run link-differences -- FILE.o…
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linkObjects, readObject, WebpfError } from '../src/index.ts';
import { objectDifferences } from './objects/differences.ts';

const folder = mkdtempSync(join(tmpdir(), 'webpf-link-'));

interface Linked {
  readonly bytes?: Uint8Array;
  readonly error: string;
}

function byBpftool(files: readonly string[]): Linked {
  const output = join(folder, 'linked.o');
  const { status, stderr } = spawnSync('bpftool', ['gen', 'object', output, ...files], { encoding: 'utf8' });
  return status === 0 ? { bytes: readFileSync(output), error: '' } : { error: stderr.trim() };
}

function byWebpf(files: readonly string[]): Linked {
  try {
    return { bytes: linkObjects(files.map((name) => ({ name, bytes: readFileSync(name) }))), error: '' };
  } catch (error) {
    if (error instanceof WebpfError) return { error: error.message };
    throw error;
  }
}

async function differences(files: readonly string[]): Promise<string[]> {
  const [theirs, ours] = [byBpftool(files), byWebpf(files)];
  if (theirs.bytes === undefined || ours.bytes === undefined) {
    const isSame = theirs.bytes === undefined && ours.bytes === undefined;
    return isSame ? [] : [`bpftool: ${theirs.error || 'links'}; webpf: ${ours.error || 'links'}`];
  }
  return objectDifferences(await readObject(theirs.bytes, 'linked'), await readObject(ours.bytes, 'linked'));
}

async function main(files: readonly string[]): Promise<number> {
  if (files.length === 0) throw new Error('usage: link-differences.ts FILE.o…');
  let different = 0;
  for (const [i, file] of files.entries()) {
    for (const set of [[file], [file, files[(i + 1) % files.length] ?? file]]) {
      const found = await differences(set);
      if (found.length > 0) different++;
      for (const line of found) console.log(`${set.join(' + ')}: ${line}`);
    }
  }
  console.log(`${files.length * 2} links, ${different} differ from bpftool's`);
  return different === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
rmSync(folder, { recursive: true });
