/**
 * Holds the linker against libbpf: what both make of the programs of objects, by the types of a BTF file.
 *
 *   npm run core-differences -- BTF|- OBJECT|DIR … [--json]
 *
 * Needs a C compiler and libbpf (test/frontend/libbpf/relocate.c, which loads nothing). Instructions must be the same
 * but for what each numbers in its own way: maps, and functions of the kernel.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { type LinkOptions, type Program, readObject, readTypes, WebpfError } from '../src/index.ts';

const SLOT = 8;
const LDDW = 0x18;
const CALL = 0x85;
/** Where libbpf finds the kernel's configuration. */
const CONFIG = '/proc/config.gz';
/** What libbpf puts in the place of an instruction that no type answers: call#195896080. */
const POISON = 0x0bad2310;

const { positionals, values } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } });
const [btf = '-', ...paths] = positionals;
const work = mkdtempSync(join(tmpdir(), 'webpf-core-'));
const tool = join(work, 'relocate');

const objectsIn = (path: string): string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path, { withFileTypes: true }).flatMap((entry) => objectsIn(join(path, entry.name)))
    : /\.(o|elf)$/.test(path)
      ? [path]
      : [];

/** By program, its instructions after libbpf; undefined where libbpf refuses the object. */
function byLibbpf(path: string): ReadonlyMap<string, Buffer | undefined> | undefined {
  try {
    const text = execFileSync(tool, [path, btf], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 28,
    });
    return new Map(
      text
        .trim()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const [name = '', code = ''] = line.split(' ');
          return [name, code === 'error' ? undefined : Buffer.from(code, 'hex')];
        }),
    );
  } catch {
    return undefined;
  }
}

/** Instructions with what is numbered in its own way left out. */
function comparable(code: Uint8Array, poisoned: ReadonlySet<number>): string[] {
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  const lines: string[] = [];
  for (let slot = 0; slot < code.length / SLOT; slot++) {
    const at = slot * SLOT;
    const opcode = view.getUint8(at);
    const src = view.getUint8(at + 1) >> 4;
    if (poisoned.has(slot) || (opcode === CALL && view.getInt32(at + 4, true) === POISON)) {
      lines.push('poison');
      if (opcode === LDDW) slot++;
    } else if (opcode === LDDW) {
      lines.push(
        src === 0
          ? `lddw ${view.getBigUint64(at, true)} ${view.getInt32(at + 12, true)}`
          : `lddw to ${view.getUint8(at + 1) & 15}`,
      );
      slot++;
    } else if (opcode === CALL && src === 2) lines.push('kfunc');
    else lines.push(view.getBigUint64(at, true).toString(16));
  }
  return lines;
}

function differs(program: Program, theirs: Buffer): string | undefined {
  // Addresses of functions of the kernel are each host's own.
  if (program.kfuncAddresses !== undefined) return undefined;
  const own = comparable(program.code, new Set(program.poisoned?.keys()));
  const other = comparable(theirs, new Set());
  if (own.length !== other.length) return `${own.length} instructions, libbpf has ${other.length}`;
  const at = own.findIndex((text, index) => text !== other[index]);
  return at < 0 ? undefined : `instruction ${at} is ${own[at]}, libbpf's ${other[at]}`;
}

interface Difference {
  readonly object: string;
  readonly program: string;
  readonly detail: string;
}
let same = 0;
let refused = 0;
const differences: Difference[] = [];

async function compare(path: string, options: LinkOptions): Promise<void> {
  const theirs = byLibbpf(path);
  if (theirs === undefined) {
    refused++;
    return;
  }
  try {
    const file = await readObject(path, path, options);
    for (const program of file.programs) {
      const code = theirs.get(program.name);
      if (code === undefined) continue;
      const detail = differs(program, code);
      if (detail === undefined) same++;
      else differences.push({ object: path, program: program.name, detail });
    }
    for (const { program, error } of file.refused)
      if (theirs.get(program) !== undefined)
        differences.push({ object: path, program, detail: error.message });
  } catch (error) {
    if (!(error instanceof WebpfError)) throw error;
    differences.push({ object: path, program: '', detail: error.message });
  }
}

try {
  const source = fileURLToPath(new URL('../test/frontend/libbpf/relocate.c', import.meta.url));
  execFileSync('cc', ['-O1', '-o', tool, source, '-lbpf', '-lelf', '-lz']);
  const types = btf === '-' ? undefined : await readTypes(btf);
  const config = existsSync(CONFIG) ? gunzipSync(readFileSync(CONFIG)).toString() : '';
  const objects = paths.flatMap(objectsIn);
  for (const [index, path] of objects.entries()) {
    if (process.stderr.isTTY) process.stderr.write(`\r${index + 1} of ${objects.length}`);
    await compare(path, { kconfig: config, ...(types && { btf: types }) });
  }
  for (const one of differences)
    console.log(values.json ? JSON.stringify(one) : `${one.object} ${one.program}: ${one.detail}`);
  const summary = { objects: objects.length, refused, same, differences: differences.length };
  console.log(
    values.json
      ? JSON.stringify(summary)
      : `${summary.objects} objects (${refused} that libbpf refuses): ${same} programs the same, ${differences.length} differ`,
  );
  process.exitCode = differences.length === 0 && same > 0 ? 0 : 1;
} finally {
  rmSync(work, { recursive: true });
}
