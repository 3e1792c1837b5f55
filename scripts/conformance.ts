/**
 * Runs a folder of bpf_conformance vectors on both engines, and its `negative/` folder, which must be refused.
 *
 *   npm run conformance -- DIR [--json]
 *
 * With a `kernel-results.jsonl` in the folder, what the Linux kernel returned is held beside ours. Prints a table;
 * the exit code is 0 when every vector passes.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Table from 'cli-table3';
import { readVector, readVectors, vectorFiles } from '../test/conformance/files.ts';
import type { Vector } from '../test/conformance/format.ts';
import { type Judgement, judge } from '../test/conformance/runner.ts';

interface KernelResult {
  readonly test: string;
  readonly status: 'pass' | 'rejected';
  readonly r0?: string;
  readonly reason?: readonly string[];
}

interface Row {
  readonly test: string;
  readonly pass: boolean;
  readonly interp: Judgement;
  readonly jit: Judgement;
  readonly kernel: KernelResult | undefined;
  readonly kernelAgrees: boolean;
}

interface Refusal {
  readonly test: string;
  readonly pass: boolean;
  readonly reason: string;
}

function kernelResults(folder: string): ReadonlyMap<string, KernelResult> {
  const path = join(folder, 'kernel-results.jsonl');
  if (!existsSync(path)) return new Map();
  const results = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as KernelResult);
  return new Map(results.map((result) => [result.test, result]));
}

async function rowOf(vector: Vector, kernel: KernelResult | undefined): Promise<Row> {
  const [interp, jit] = [await judge('interp', vector), await judge('jit', vector)];
  const kernelAgrees = kernel?.r0 === undefined || BigInt(kernel.r0) === interp.r0;
  return {
    test: vector.name,
    pass: interp.pass && jit.pass && kernelAgrees,
    interp,
    jit,
    kernel,
    kernelAgrees,
  };
}

/** `unused-*` set a reserved field; the others test the suite's own runner, and only have to be no crash. */
async function refusalOf(name: string, vector: Vector | Error): Promise<Refusal> {
  if (vector instanceof Error) return { test: name, pass: true, reason: vector.message };
  const judgement = await judge('interp', vector);
  const reason = judgement.refused ?? `accepted: ${judgement.problem}`;
  return {
    test: vector.name,
    pass: judgement.refused !== undefined || !vector.name.startsWith('unused-'),
    reason,
  };
}

async function negativeRefusals(folder: string): Promise<Refusal[]> {
  const negative = join(folder, 'negative');
  if (!existsSync(negative)) return [];
  const refusals: Refusal[] = [];
  for (const name of vectorFiles(negative)) refusals.push(await refusalOf(name, tryVector(negative, name)));
  return refusals;
}

/** A file that breaks the format is refused by its reader. */
function tryVector(folder: string, name: string): Vector | Error {
  try {
    return readVector(folder, name);
  } catch (error) {
    return error as Error;
  }
}

const hex = (value: bigint | undefined): string => (value === undefined ? '-' : `0x${value.toString(16)}`);

function printTables(rows: readonly Row[], refusals: readonly Refusal[]): void {
  const failed = rows.filter(({ pass }) => !pass);
  const table = (head: string[], body: string[][]) => {
    if (body.length === 0) return;
    const out = new Table({ head, style: { head: [], border: [] }, wordWrap: true });
    out.push(...body);
    console.log(out.toString());
  };
  table(
    ['failed', 'interpreter', 'JIT', 'kernel'],
    failed.map(({ test, interp, jit, kernel }) => [test, interp.problem, jit.problem, kernel?.r0 ?? '-']),
  );
  table(
    ['refused by the kernel', 'its reason', 'interpreter', 'JIT'],
    rows
      .filter(({ kernel }) => kernel?.status === 'rejected')
      .map(({ test, kernel, interp, jit }) => [
        test,
        kernel?.reason?.join(' ') ?? '',
        hex(interp.r0),
        hex(jit.r0),
      ]),
  );
  table(
    ['must be refused', 'ours'],
    refusals.map(({ test, pass, reason }) => [test, `${pass ? '' : 'NOT REFUSED: '}${reason}`]),
  );
}

function summary(rows: readonly Row[], refusals: readonly Refusal[]): string {
  const passed = (kind: 'interp' | 'jit') => rows.filter((row) => row[kind].pass).length;
  const compared = rows.filter(({ kernel }) => kernel?.r0 !== undefined);
  const agreed = compared.filter(({ kernelAgrees }) => kernelAgrees).length;
  const unused = refusals.filter(({ test }) => test.startsWith('unused-'));
  return [
    `${rows.length} vectors: interpreter ${passed('interp')} passed, JIT ${passed('jit')} passed`,
    `kernel: ${agreed} of ${compared.length} agree`,
    `reserved fields: ${unused.filter(({ pass }) => pass).length} of ${unused.length} refused`,
  ].join('; ');
}

const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? hex(value) : value);

async function main(folder: string | undefined, json: boolean): Promise<boolean> {
  if (folder === undefined) throw new Error('usage: npm run conformance -- DIR [--json]');
  const kernel = kernelResults(folder);
  const rows: Row[] = [];
  for (const vector of readVectors(folder)) rows.push(await rowOf(vector, kernel.get(vector.name)));
  const refusals = await negativeRefusals(folder);
  if (json) for (const line of [...rows, ...refusals]) console.log(JSON.stringify(line, plain));
  else printTables(rows, refusals);
  if (!json) console.log(summary(rows, refusals));
  const all = [...rows, ...refusals];
  const passed = all.filter(({ pass }) => pass).length;
  if (!json) console.log(`${passed} passed, ${all.length - passed} failed`);
  return passed === all.length;
}

const words = process.argv.slice(2);
const passed = await main(
  words.find((word) => !word.startsWith('--')),
  words.includes('--json'),
);
process.exitCode = passed ? 0 : 1;
