import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { encode } from '../../../src/isa/encode.ts';
import { Domain } from '../../../src/verifier/domain.ts';
import { formatScalar } from '../../../src/verifier/scalar.ts';
import { KernelJudge } from '../../kernel/kernel.ts';
import { generateScalars } from './generate.ts';
import { type LogState, parseScalar, readLog } from './log.ts';
import { Mirror } from './mirror.ts';

// What the kernel's verifier knows after each instruction of random programs, the domain must know, too:
// every bit and every bound. `kernel.json` has the kernel's words (Linux 6.18) for some of the programs;
// where bpf(2) answers, more are asked about. To record them again, as root: WEBPF_RECORD=1 npx vitest run
// test/verifier/domain/kernel.test.ts

const RECORDED = 32;
const ASKED = 1000;
const SOCKET_FILTER = 1;
const FILE = join(import.meta.dirname, 'kernel.json');

const domain = await Domain.open();
const judge = await KernelJudge.open();
const reason = typeof judge === 'string' ? judge : '';
if (reason !== '') console.log(`kernel tests skipped: ${reason}`);

async function ask(seed: number): Promise<LogState[]> {
  if (typeof judge === 'string') throw new Error(judge);
  const { errno, log } = await judge.verify({
    type: SOCKET_FILTER,
    code: encode(generateScalars(seed)),
    logLevel: 2,
  });
  if (errno !== 0) expect.fail(`seed ${seed} is rejected: ${log.slice(-300)}`);
  return readLog(log);
}

/** `SLOT R6=... R7=...`, or `SLOT>TARGET R6=...` for the other way of a jump. */
function stateText({ slot, target, registers }: LogState): string {
  const texts = [...registers].map(([register, text]) => `R${register}=${text}`);
  return [target === undefined ? `${slot}` : `${slot}>${target}`, ...texts].join(' ');
}

function stateOf(text: string): LogState {
  const [place = '', ...registers] = text.split(' R');
  const [slot, target] = place.split('>').map(Number);
  const entries = registers.map((entry) => {
    const equals = entry.indexOf('=');
    return [Number(entry.slice(0, equals)), entry.slice(equals + 1)] as const;
  });
  return { slot: slot ?? 0, target, registers: new Map(entries) };
}

const seeds = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

if (process.env['WEBPF_RECORD'] !== undefined) {
  const logs: string[][] = [];
  for (const seed of seeds(RECORDED)) logs.push((await ask(seed)).map(stateText));
  writeFileSync(FILE, `${JSON.stringify(logs, undefined, 1)}\n`);
}
const recorded = JSON.parse(readFileSync(FILE, 'utf8')) as string[][];

function worse(seed: number, log: readonly LogState[]): string[] {
  const problems = new Mirror(domain).follow(generateScalars(seed), log).worse;
  return problems.map((problem) => `seed ${seed}, ${problem}`);
}

test('the domain knows what the kernel was recorded to know', () => {
  expect(recorded).toHaveLength(RECORDED);
  const problems = seeds(RECORDED).flatMap((seed) => worse(seed, (recorded[seed - 1] ?? []).map(stateOf)));
  expect(problems).toEqual([]);
});

test('scalars are printed as the kernel prints them', () => {
  const texts = recorded.flat().flatMap((text) => [...stateOf(text).registers.values()]);
  const plain = texts.map((text) => text.replace('P', '').replace(/\(id=[^,)]*,?/, '('));
  expect(plain.map((text) => formatScalar(parseScalar(text)))).toEqual(plain);
  expect(plain.length).toBeGreaterThan(500);
});

describe.skipIf(reason !== '')('the Linux kernel', () => {
  afterAll(() => {
    if (typeof judge !== 'string') judge.close();
  });
  test('knows nothing that the domain does not know', async () => {
    for (let seed = 1; seed <= ASKED; seed++) expect(worse(seed, await ask(seed))).toEqual([]);
  });
});
