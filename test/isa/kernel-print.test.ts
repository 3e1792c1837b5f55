/** The kernel dialect against the running kernel's verifier log. Programs are loaded (and mostly refused), never run. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { format } from '../../src/isa/disasm.ts';
import { encode } from '../../src/isa/encode.ts';
import { HELPER_NAMES } from '../../src/isa/helpers.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { ROWS } from '../../src/isa/rows.ts';
import { insnOf } from './arbitrary.ts';

const directory = mkdtempSync(join(tmpdir(), 'webpf-log-'));
afterAll(() => rmSync(directory, { recursive: true }));

const RETURN: readonly Insn[] = [{ kind: 'alu', op: 'mov', width: 64, dst: 0, imm: 0 }, { kind: 'exit' }];
const binary = join(directory, 'verifier-log');

/** What the kernel prints for the first instruction of each program. */
const ask = (programs: readonly Uint8Array[]): string[] => {
  const input = `${programs.map((code) => Buffer.from(code).toString('hex')).join('\n')}\n`;
  return spawnSync(binary, { input, encoding: 'utf8' }).stdout.trim().split('\n');
};

const available = (): boolean => {
  const source = join(import.meta.dirname, 'verifier-log.c');
  if (spawnSync('gcc', ['-O1', '-o', binary, source]).status !== 0) return false;
  return ask([encode(RETURN)])[0] === '(b7) r0 = 0';
};
const present = available();
if (!present) console.log('gcc or bpf(2) is missing: the kernel dialect was not compared with the kernel');

/** Jumps and calls must lead somewhere before the kernel prints anything. */
const inRange = (insn: Insn): Insn => {
  if (insn.kind === 'jump' || insn.kind === 'ja' || insn.kind === 'mayGoto') return { ...insn, off: 0 };
  if (insn.kind !== 'call') return insn;
  const imm = Math.abs(insn.imm) % (HELPER_NAMES.length + 10);
  // A kernel function without BTF id or offset is none: so the kernel marks calls of weak ones that are not there.
  if (insn.target === 'kfunc') return { ...insn, imm: Math.max(1, imm) };
  return { ...insn, imm: insn.target === 'local' ? 2 : imm };
};

const programOf = (insn: Insn): Uint8Array => {
  const called = insn.kind === 'call' && insn.target === 'local';
  return encode(insn.kind === 'exit' ? [insn] : [insn, ...RETURN, ...(called ? RETURN : [])]);
};

/** What older kernels refuse unseen, and what every kernel prints otherwise: addresses of maps and functions. */
const silent = (insn: Insn): boolean => insn.kind === 'lddw' && insn.pseudo !== 0;

describe.skipIf(!present)('the verifier log agrees', () => {
  it('on random instructions of every row that the kernel has', () => {
    const insns = ROWS.flatMap((row) => fc.sample(insnOf(row), 10)).map(inRange);
    const printed = ask(insns.map(programOf));
    const compared = insns.map((insn, index) => ({
      insn,
      theirs: printed[index] ?? '-',
      ours: format(insn),
    }));
    const seen = compared.filter(({ insn, theirs }) => theirs !== '-' && !silent(insn));
    expect(seen.length).toBeGreaterThan(1000);
    expect(seen.filter(({ theirs, ours }) => theirs !== ours)).toEqual([]);
  });
});
