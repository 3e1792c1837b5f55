/**
 * Opens, links, checks and translates every program of many object files, and says what failed and why.
 *
 *   npm run corpus -- DIR-or-file… [--verdicts objects.jsonl] [--link-only] [--json]
 *
 * With --verdicts (the kernel's verdict on each program, one JSON object a line, its `object` relative to the first
 * DIR) those objects are taken, and the number of instructions linked is held against the kernel's. What fails for
 * want of CO-RE, kconfig, ksyms or kfuncs, on a big-endian object, or in a program that the kernel refused or its
 * loader could not load either, is expected; the exit code is 1 when anything else fails.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { WebpfError } from '../src/errors.ts';
import { openObject } from '../src/frontend/object.ts';
import type { ObjectFile, Program } from '../src/frontend/program.ts';
import { translate } from '../src/jit/translate.ts';
import { sandboxProof } from '../src/verifier/proof.ts';
import { checkStructure } from '../src/verifier/structure.ts';

/** What the kernel said about one program. */
interface Verdict {
  readonly object: string;
  readonly section: string;
  readonly prog: string;
  readonly verdict: string;
  readonly class: string;
  readonly insn_cnt?: number;
}

type Step = 'open' | 'link' | 'count' | 'structure' | 'translate' | 'ok';

interface Row {
  readonly object: string;
  readonly section: string;
  readonly program: string;
  /** The step that failed, or ok. */
  readonly step: Step;
  readonly expected: boolean;
  readonly reason: string;
  readonly insns: number;
  /** Bytes of WebAssembly. */
  readonly wasm: number;
  readonly ms: number;
}

interface Subject {
  readonly path: string;
  readonly verdicts: readonly Verdict[];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    verdicts: { type: 'string' },
    'link-only': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const filesBelow = (path: string): string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path, { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(o|elf)$/.test(name))
        .map((name) => join(path, name))
        .sort()
    : [path];

function judged(path: string, root: string): Subject[] {
  const groups = new Map<string, Verdict[]>();
  for (const line of readFileSync(path, 'utf8').trim().split('\n')) {
    const verdict = JSON.parse(line) as Verdict;
    groups.set(verdict.object, [...(groups.get(verdict.object) ?? []), verdict]);
  }
  return [...groups].map(([object, verdicts]) => ({ path: join(root, object), verdicts }));
}

function subjects(): Subject[] {
  if (values.verdicts !== undefined) return judged(values.verdicts, positionals[0] ?? '.');
  return positionals.flatMap(filesBelow).map((path) => ({ path, verdicts: [] }));
}

type Place = Pick<Row, 'object' | 'section' | 'program'>;

const done = (place: Place, insns: number, wasm: number, ms: number): Row => ({
  ...place,
  step: 'ok',
  expected: true,
  reason: '',
  insns,
  wasm,
  ms,
});

const failed = (place: Place, step: Step, reason: string, expected: boolean): Row => ({
  ...place,
  step,
  expected,
  reason,
  insns: 0,
  wasm: 0,
  ms: 0,
});

/** Only webpf's own errors are results; anything else is a bug and ends the run. */
function asWebpfError(error: unknown): WebpfError {
  if (error instanceof WebpfError) return error;
  throw error;
}

async function translated(program: Program, place: Place, rejected: boolean): Promise<Row> {
  const start = performance.now();
  let step: Step = 'structure';
  try {
    const structure = checkStructure(program);
    step = 'translate';
    const { wasm } = await translate(program, structure, sandboxProof);
    await WebAssembly.compile(wasm as Uint8Array<ArrayBuffer>);
    return done(place, program.code.length / 8, wasm.length, performance.now() - start);
  } catch (error) {
    const { code, message } = asWebpfError(error);
    return failed(place, step, message, code === 'unsupported' || (rejected && step === 'structure'));
  }
}

function countMismatch(program: Program, verdict: Verdict | undefined): string | undefined {
  const ours = program.code.length / 8;
  if (verdict?.insn_cnt === undefined || verdict.insn_cnt === ours) return undefined;
  return `${ours} instructions linked, ${verdict.insn_cnt} by the kernel's loader`;
}

async function programRow(object: string, program: Program, verdicts: readonly Verdict[]): Promise<Row> {
  const place = { object, section: program.section, program: program.name };
  const verdict = verdicts.find((each) => each.prog === program.name && each.section === program.section);
  const mismatch = countMismatch(program, verdict);
  if (mismatch !== undefined) return failed(place, 'count', mismatch, false);
  if (values['link-only']) return done(place, program.code.length / 8, 0, 0);
  return translated(program, place, verdict !== undefined && verdict.verdict !== 'accept');
}

/** Programs that the kernel's loader could not even hand to the kernel. */
const unloadable = (verdicts: readonly Verdict[], program?: string): boolean => {
  const own = verdicts.filter(({ prog }) => program === undefined || prog === program);
  return own.length > 0 && own.every(({ verdict }) => verdict === 'noattempt');
};

function refusedRows(object: string, { refused }: ObjectFile, verdicts: readonly Verdict[]): Row[] {
  return refused.map(({ program, section, error }) => {
    const expected = error.code === 'unsupported' || unloadable(verdicts, program);
    return failed({ object, section, program }, 'link', error.message, expected);
  });
}

function opened({ path, verdicts }: Subject): ObjectFile | Row {
  const name = basename(path);
  try {
    return openObject(readFileSync(path), name);
  } catch (error) {
    const { message } = asWebpfError(error);
    const expected =
      message.includes('big-endian') || verdicts.some(({ verdict }) => verdict === 'noattempt');
    return failed({ object: name, section: '', program: '' }, 'open', message, expected);
  }
}

async function rowsOf(subject: Subject): Promise<Row[]> {
  const object = opened(subject);
  if ('step' in object) return [object];
  const rows = refusedRows(object.name, object, subject.verdicts);
  for (const program of object.programs) rows.push(await programRow(object.name, program, subject.verdicts));
  return rows;
}

/** Messages without the names and numbers that tell programs apart. */
const reasonClass = ({ reason, object, program }: Row): string =>
  reason
    .replace(`${object}: `, '')
    .replace(`program '${program}': `, '')
    .replace(/CO-RE relocation \(.*/, 'CO-RE relocation')
    .replace(/ at insn \d+/g, '')
    .replace(/ \([^()]*:\d+\)$/, '');

function printFailures(rows: readonly Row[]): void {
  const groups = new Map<string, Row[]>();
  for (const row of rows.filter(({ step }) => step !== 'ok')) {
    const key = `${row.expected ? 'expected' : 'FAILED'}\n${row.step}\n${reasonClass(row)}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const table = new Table({
    head: ['', 'step', 'why', 'programs', 'objects'],
    colWidths: [10, 11, 60, 10, 40],
    wordWrap: true,
  });
  for (const [key, group] of [...groups].sort(([a], [b]) => a.localeCompare(b))) {
    const objects = [...new Set(group.map(({ object }) => object))];
    const shown = objects.slice(0, 4).join(' ') + (objects.length > 4 ? ` … (${objects.length})` : '');
    table.push([...key.split('\n'), group.length, shown]);
  }
  process.stdout.write(`${table.toString()}\n`);
}

function printSummary(rows: readonly Row[], objects: number): void {
  const ok = rows.filter(({ step }) => step === 'ok');
  const sum = (of: (row: Row) => number): number => ok.reduce((total, row) => total + of(row), 0);
  const what = values['link-only'] ? 'linked' : 'linked and translated';
  const unexpected = rows.filter(({ expected }) => !expected).length;
  process.stdout.write(
    `${objects} objects: ${ok.length} programs ${what} (${sum((row) => row.insns)} instructions, ${sum((row) => row.wasm)} bytes of WebAssembly, ${(sum((row) => row.ms) / 1000).toFixed(1)} s); ` +
      `${rows.length - ok.length - unexpected} refused as expected, ${unexpected} failed\n`,
  );
}

async function main(): Promise<number> {
  const all = subjects();
  const rows: Row[] = [];
  for (const [index, subject] of all.entries()) {
    const own = await rowsOf(subject);
    rows.push(...own);
    if (values.json) for (const row of own) process.stdout.write(`${JSON.stringify(row)}\n`);
    if (process.stderr.isTTY) process.stderr.write(`\r${index + 1}/${all.length}`);
  }
  if (!values.json) printFailures(rows);
  if (!values.json) printSummary(rows, all.length);
  return rows.every(({ expected }) => expected) ? 0 : 1;
}

process.exitCode = await main();
