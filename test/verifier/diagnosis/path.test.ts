import { expect, test } from 'vitest';
import type { Program } from '../../../src/frontend/program.ts';
import { programFromAssembly } from '../../../src/frontend/raw.ts';
import type { Rejection } from '../../../src/verifier/verification.ts';
import { verify } from '../../../src/verifier/verify.ts';
import { programOf } from './objects.ts';

async function refused(program: Program): Promise<Rejection> {
  const { rejection } = await verify(program);
  if (rejection === undefined) throw new Error(`${program.name} is accepted`);
  return rejection;
}

const assembled = (text: string): Program => programFromAssembly(text, { name: 'main', type: 'xdp' });

test('rounds of a loop are told once, with their number', async () => {
  const { path, earlier } = await refused(programOf('maps', 'too_long'));
  expect(path).toHaveLength(1);
  expect(path[0]).toMatchObject({ insn: 4, taken: false, source: { line: 163 }, target: { line: 163 } });
  expect(path[0]?.count).toBeGreaterThan(200_000);
  expect(earlier).toBe(0);
});

test('rounds of several branches are folded together', async () => {
  const { path } = await refused(
    assembled(`
      r6 = 0
      top: r6 += 1
      r7 = r6
      r7 &= 1
      if r7 == 5 goto out
      if r6 < 10 goto top
      out: r0 = r9
      exit`),
  );
  expect(path.map(({ insn, taken, count }) => [insn, taken, count])).toEqual([
    [4, false, 9],
    [5, true, 9],
    [4, false, undefined],
    [5, false, undefined],
  ]);
});

test('of many branches the last ones are told', async () => {
  const checks = Array.from({ length: 40 }, (_, i) => `if r6 == ${i} goto out`).join('\n');
  const { path, earlier } = await refused(
    assembled(`r6 = *(u32 *)(r1 + 12)\n${checks}\nr0 = r9\nout: r0 = 0\nexit`),
  );
  expect(path).toHaveLength(32);
  expect(earlier).toBe(8);
  expect(path.at(-1)?.insn).toBe(40);
});

test('functions that are entered are named', async () => {
  const { path } = await refused(programOf('packets', 'in_a_function'));
  expect(path.map(({ source, enters }) => [source?.line, enters])).toEqual([
    [94, undefined],
    [95, 'is_tcp'],
  ]);
  const callback = await refused(programOf('maps', 'callback_result'));
  expect(callback.path.map(({ enters }) => enters)).toEqual(['add']);
});

test('registers come with what they hold and where it came from', async () => {
  const { registers } = await refused(programOf('maps', 'index_too_large'));
  expect(registers).toEqual([
    {
      register: 2,
      state: 'map_value(map=.bss,ks=4,vs=512,smin=smin32=0,smax=umax=smax32=umax32=512,var_off=(0x0; 0x3f8))',
      origin: 'the address of totals',
    },
  ]);
});

test('values are followed through calls and the stack', async () => {
  const { registers, summary } = await refused(
    assembled(`
      r6 = *(u32 *)(r1 + 16)
      *(u64 *)(r10 - 8) = r6
      call 5
      r1 = *(u64 *)(r10 - 8)
      call same
      r0 = *(u32 *)(r0 + 0)
      exit
      same: r0 = r1
      exit`),
  );
  expect(registers[0]?.origin).toBe('rx_queue_index of struct xdp_md (line 2)');
  expect(summary).toMatch(
    /^main:7 reads memory through rx_queue_index of struct xdp_md \(line 2\), which is a number/,
  );
});
