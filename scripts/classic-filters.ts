/**
 * Holds classic filters against tcpdump: what the filters that it makes of expressions select from captures.
 *
 *   npm run classic-filters -- CAPTURE|DIR … [--json] [--record FILE]
 *
 * For each capture and each expression of test/classic/expressions.ts: `tcpdump -r CAPTURE -ddd EXPRESSION` is the
 * filter, `tcpdump -r CAPTURE -w FILE EXPRESSION` what it selects; both engines have to keep the same packets.
 * (tcpdump runs filters over files by itself, and some of what it makes the kernel would not take: it reads words of
 * scratch memory that no instruction has written. Such filters are counted, not compared.)
 * --record notes filters and selections for the tests (test/classic/selections.jsonl, of traffic-sample.pcapng).
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { type BpfObject, type CapturedPacket, open, programFromClassic, WebpfError } from '../src/index.ts';
import { EXPRESSIONS } from '../test/classic/expressions.ts';
import { digestOf, packetsOf, type Selection } from '../test/classic/selections.ts';

const run = promisify(execFile);
const MAX_OUTPUT = 1 << 28;
const WORK = mkdtempSync(join(tmpdir(), 'webpf-classic-'));
const SELECTION = join(WORK, 'selection.pcap');
const ENGINES = ['interp', 'jit'] as const;

interface Difference {
  readonly capture: string;
  readonly expression: string;
  readonly engine: string;
  readonly detail: string;
}

/** Undefined where tcpdump refuses, as it does expressions that mean nothing for a link type. */
async function tcpdump(...args: readonly string[]): Promise<Buffer | undefined> {
  try {
    return (await run('tcpdump', args, { encoding: 'buffer', maxBuffer: MAX_OUTPUT })).stdout;
  } catch {
    return undefined;
  }
}

/** The filters of one expression: one for captures of the same link type and snapshot length. */
class Filters {
  readonly #opened = new Map<string, Promise<BpfObject>>();

  async keep(filter: string, engine: (typeof ENGINES)[number], packets: readonly CapturedPacket[]) {
    const key = `${engine} ${filter}`;
    const opening = this.#opened.get(key) ?? open(programFromClassic(filter), { engine });
    this.#opened.set(key, opening);
    const program = await (await opening).program();
    return packets.filter(({ data, originalLength }) => program.retval(data, { len: originalLength }) !== 0);
  }

  async close(): Promise<void> {
    for (const opened of this.#opened.values()) (await opened)[Symbol.dispose]();
  }
}

interface Capture {
  readonly path: string;
  /** What is read in its place. */
  readonly copy: string;
  readonly packets: readonly CapturedPacket[];
}

function isAgainstTheRules(filter: string): boolean {
  try {
    programFromClassic(filter);
    return false;
  } catch (error) {
    if (error instanceof WebpfError && error.code === 'bad-program') return true;
    throw error;
  }
}

async function compare(filters: Filters, expression: string, { path: capture, copy, packets }: Capture) {
  const [filter, written] = await Promise.all([
    tcpdump('-r', copy, '-ddd', expression),
    // Without -Z, tcpdump that root runs gives up its rights, and may not write where root may.
    tcpdump('-Z', userInfo().username, '-r', copy, '-w', SELECTION, expression),
  ]);
  if (filter === undefined || written === undefined) return undefined;
  const wanted = await packetsOf(SELECTION);
  const digest = digestOf(wanted);
  const differences: Difference[] = [];
  if (isAgainstTheRules(filter.toString())) return 'unruly';
  for (const engine of ENGINES) {
    const found = await filters.keep(filter.toString(), engine, packets);
    if (digestOf(found) === digest) continue;
    const detail = `keeps ${found.length} of ${packets.length} packets, tcpdump ${wanted.length}`;
    differences.push({ capture, expression, engine, detail });
  }
  const text = filter.toString().trim().replaceAll('\n', ',');
  const selection: Selection = { expression, filter: text, packets: wanted.length, digest };
  return { selection, differences };
}

const capturesIn = (path: string): string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => /\.(pcap|pcapng)$/.test(name))
        .map((name) => join(path, name))
    : [path];

/** Packets of a capture; none of one that is no capture at all. */
async function readable(capture: string): Promise<CapturedPacket[]> {
  try {
    return await packetsOf(capture);
  } catch (error) {
    if (error instanceof WebpfError) return [];
    throw error;
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, record: { type: 'string' } },
});
/** A capture as tcpdump writes it anew, so that lengths and times are those that captures can have. */
async function normalised(path: string, index: number): Promise<Capture> {
  const copy = join(WORK, `${index}.pcap`);
  const written = await tcpdump('-Z', userInfo().username, '-r', path, '-w', copy);
  const own = written === undefined ? path : copy;
  return { path, copy: own, packets: await readable(own) };
}

const captures = await Promise.all(positionals.flatMap(capturesIn).map(normalised));
let compared = 0;
let refused = 0;
let unruly = 0;
let selected = 0;
const differences: Difference[] = [];
const selections: Selection[] = [];
for (const [index, expression] of EXPRESSIONS.entries()) {
  if (process.stderr.isTTY) process.stderr.write(`\r${index + 1} of ${EXPRESSIONS.length}`);
  const filters = new Filters();
  for (const capture of captures) {
    const outcome = await compare(filters, expression, capture);
    if (outcome === 'unruly') {
      unruly++;
      continue;
    }
    compared += outcome === undefined ? 0 : 1;
    refused += outcome === undefined ? 1 : 0;
    selected += outcome?.selection.packets ?? 0;
    if (outcome) selections.push(outcome.selection);
    differences.push(...(outcome?.differences ?? []));
  }
  await filters.close();
}
rmSync(WORK, { recursive: true });
if (values.record !== undefined)
  writeFileSync(values.record, selections.map((one) => `${JSON.stringify(one)}\n`).join(''));
for (const one of differences) {
  const { capture, expression, engine, detail } = one;
  console.log(values.json ? JSON.stringify(one) : `${capture}: ${expression}: ${engine} ${detail}`);
}
const summary = {
  captures: captures.length,
  expressions: EXPRESSIONS.length,
  compared,
  refused,
  unruly,
  selected,
};
console.log(
  values.json
    ? JSON.stringify({ ...summary, differences: differences.length })
    : `${summary.captures} captures, ${summary.expressions} expressions: ${compared} compared, ${refused} refused by tcpdump, ${unruly} against the kernel's rules, ${selected} packets selected, ${differences.length} differences`,
);
process.exitCode = differences.length === 0 && compared > 0 ? 0 : 1;
