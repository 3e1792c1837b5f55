import { describe, expect, it } from 'vitest';
import { CAPTURE, example, scratchFolder, webpf } from './harness.ts';

const files = scratchFolder();

interface Row {
  readonly program: string;
  readonly function: string;
  readonly insn: number;
  readonly line: number | null;
  readonly file: string | null;
  readonly count: number;
}

const rowsOf = (out: string): Row[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row)
    .filter((row) => row.insn !== undefined);

/** Counts down from the first byte of memory. */
const LOOP = 'r0 = *(u8 *)(r1 + 0)\nr0 -= 1\nif r0 s> 0 goto -2\nexit\n';

describe('webpf run --profile', () => {
  it('counts over a packet, as often as it is run', async () => {
    const file = await files.write('loop.s', LOOP);
    const argv = ['run', file, '--data', '05', '--repeat', '3', '--profile', '--json'];
    const { code, out } = await webpf(argv);
    expect(code).toBe(0);
    const row = { program: 'loop', function: 'loop', file };
    expect(rowsOf(out)).toEqual([
      { ...row, insn: 0, line: 1, count: 3 },
      { ...row, insn: 1, line: 2, count: 15 },
      { ...row, insn: 2, line: 3, count: 15 },
      { ...row, insn: 3, line: 4, count: 3 },
    ]);
  });

  it('shows counts and shares on the source, the hottest lines marked', async () => {
    const file = await files.write('loop.s', LOOP);
    const { out } = await webpf(['run', file, '--data', '05', '--profile']);
    expect(out).toContain('loop: 12 instructions executed (*: the lines with half of them)');
    expect(out).toMatch(/^\* +5 +41\.7 % {2}2: r0 -= 1\n +5 +1: \(17\) r0 -= 1$/m);
    expect(out).toMatch(/^ +1 +8\.3 % {2}4: exit$/m);
  });

  it('counts over a capture, in all functions and programs that tail calls reach', async () => {
    const argv = ['run', example('pipeline.bpf.o'), '-p', 'pipeline', '-c', CAPTURE, '--profile'];
    const { out } = await webpf([...argv, '--json']);
    const rows = rowsOf(out);
    expect(rows.find(({ program }) => program === 'pipeline')).toMatchObject({ insn: 0, count: 3735 });
    expect(rows.find((row) => row.function === 'parse')).toMatchObject({ program: 'pipeline', count: 3735 });
    expect(new Set(rows.map(({ program }) => program)).size).toBeGreaterThan(1);
    const text = await webpf(argv);
    expect(text.out).toMatch(/^ +3,735 +\d+: \(85\) call bpf_map_lookup_elem#1$/m);
  });

  it('goes without source lines', async () => {
    const source = await files.write('plain.s', 'r0 = 2\nexit\n');
    const file = files.path('plain.bin');
    await webpf(['asm', source, '-o', file]);
    const { out } = await webpf(['run', file, '--profile']);
    expect(out).toMatch(
      /^plain: 2 instructions executed\nplain:\n +1 +0: \(b7\) r0 = 2\n +1 +1: \(95\) exit$/m,
    );
  });

  it('needs the JIT', async () => {
    const { code, err } = await webpf(['run', example('flows.bpf.o'), '--profile', '--engine', 'interp']);
    expect({ code, err }).toEqual({ code: 1, err: "webpf: option profile needs the JIT: engine: 'jit'\n" });
  });
});
