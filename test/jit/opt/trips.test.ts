import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildCfg } from '../../../src/isa/cfg.ts';
import type { AluOp, Insn, JumpOp, Width } from '../../../src/isa/insn.ts';
import { findLoops } from '../../../src/jit/loops.ts';
import { loopOf, type Trips, tripsOf } from '../../../src/jit/opt/trips.ts';
import { alu, call, exit, ja, jump, load, mov, r } from '../../interp/insns.ts';
import { jumps, alu as reference } from '../reference.ts';

/** Of the only loop. */
function trips(insns: readonly (Insn | undefined)[]): Trips | undefined {
  const cfg = buildCfg({ insns }, { start: 0, length: insns.length });
  const header = cfg.backEdges[0]?.to ?? 0;
  const loop = loopOf(cfg, findLoops(cfg).innermost, header);
  return loop && tripsOf(cfg, insns, loop);
}

const START = [mov(1, 0), mov(0, 0)];

describe('trips', () => {
  it('of a loop that tests at its end, or at its start', () => {
    expect(trips([...START, alu('add', 0, 5), alu('add', 1, 1), jump('jlt', 1, 10, -3), exit])?.count).toBe(
      10,
    );
    expect(trips([...START, jump('jge', 1, 10, 2), alu('add', 1, 1), ja(-3), exit])?.count).toBe(11);
  });

  it('with counters that wrap in 32 bits, or go down', () => {
    expect(trips([mov(1, -3, 32), ja(0), alu('add', 1, 1, 32), jump('jne', 1, 2, -2), exit])?.count).toBe(5);
    expect(trips([mov(1, -3, 32), ja(0), alu('add', 1, 1), jump('jne', 1, 2, -2, 32), exit])?.count).toBe(5);
    expect(trips([mov(1, 9), ja(0), alu('sub', 1, 2), jump('jsgt', 1, 0, -2), exit])?.count).toBe(5);
  });

  it.each([
    ['a step that never hits the limit', [...START, alu('add', 1, 2), jump('jne', 1, 7, -2), exit]],
    ['too many', [...START, alu('add', 1, 1), jump('jlt', 1, 4097, -2), exit]],
    ['a start that is not known', [load(8, 1, 10, -8), ja(0), alu('add', 1, 1), jump('jlt', 1, 9, -2), exit]],
    [
      'a counter that is loaded',
      [...START, alu('add', 1, 1), load(8, 1, 10, -8), jump('jlt', 1, 9, -3), exit],
    ],
    ['a call that changes it', [...START, alu('add', 0, 1), call(5), jump('jlt', 0, 9, -3), exit]],
    [
      'a counter that a block beside the way changes',
      [
        ...START,
        load(1, 2, 10, -8),
        alu('add', 1, 1),
        jump('jeq', 2, 0, 1),
        mov(1, 9),
        jump('jlt', 1, 9, -5),
        exit,
      ],
    ],
    [
      'a copy of it that such a block changes, behind where it is made',
      [
        ...START,
        load(1, 2, 10, -8),
        mov(3, r(1)),
        jump('jeq', 2, 0, 1),
        mov(3, 9),
        alu('add', 1, 1),
        jump('jlt', 3, 9, -6),
        exit,
      ],
    ],
  ])('%s: none', (_, insns) => {
    expect(trips(insns)).toBeUndefined();
  });

  it('of a loop that may be left before are those of the exit that is known', () => {
    const insns = [
      ...START,
      load(1, 2, 10, -8),
      jump('jeq', 2, 0, 2),
      alu('add', 1, 1),
      jump('jlt', 1, 6, -4),
      exit,
    ];
    expect(trips(insns)).toMatchObject({ count: 6, decider: 2 });
  });

  interface Step {
    readonly op: AluOp;
    readonly width: Width;
    readonly dst: number;
    readonly value: number;
    readonly isRegister: boolean;
  }
  const width = fc.constantFrom<Width>(32, 64);
  const small = fc.oneof(fc.integer({ min: -4, max: 12 }), fc.integer({ min: -0x80000000, max: 0x7fffffff }));
  const step = fc.record({
    op: fc.constantFrom<AluOp>(
      'add',
      'add',
      'add',
      'sub',
      'sub',
      'mul',
      'and',
      'or',
      'mov',
      'xor',
      'lsh',
      'rsh',
    ),
    width,
    dst: fc.integer({ min: 1, max: 3 }),
    value: small,
    isRegister: fc.boolean(),
  });
  const conditions = [
    'jeq',
    'jne',
    'jgt',
    'jge',
    'jlt',
    'jle',
    'jset',
    'jsgt',
    'jsge',
    'jslt',
    'jsle',
  ] as const;
  const loops = fc.record({
    starts: fc.tuple(small, small, small),
    steps: fc.array(step, { minLength: 1, maxLength: 4 }),
    test: fc.record({
      op: fc.constantFrom<JumpOp>(...conditions),
      width,
      dst: fc.integer({ min: 1, max: 3 }),
      value: small,
    }),
  });

  const insnOf = ({ op, width: bits, dst, value, isRegister }: Step): Insn =>
    alu(op, dst, isRegister ? r(1 + (Math.abs(value) % 3)) : op.endsWith('sh') ? value & 31 : value, bits);

  const MOST = 4096;

  /** How often the loop runs, by running it; more than MOST: too often. */
  function run(starts: readonly number[], body: readonly Insn[], test: Insn): number {
    const registers = [0n, ...starts.map((value) => BigInt.asUintN(64, BigInt(value)))];
    const operand = ({ src, imm }: { src?: number | undefined; imm?: number | undefined }): bigint =>
      src === undefined ? BigInt.asUintN(64, BigInt(imm ?? 0)) : (registers[src] ?? 0n);
    for (let count = 1; count <= MOST; count++) {
      for (const insn of body)
        if (insn.kind === 'alu')
          registers[insn.dst] = reference(insn.op, insn.width, registers[insn.dst] ?? 0n, operand(insn));
      if (test.kind !== 'jump' || !jumps(test.op, test.width, registers[test.dst] ?? 0n, operand(test)))
        return count;
    }
    return MOST + 1;
  }

  it('are as often as the loop runs', () => {
    let known = 0;
    fc.assert(
      fc.property(loops, ({ starts, steps, test: { op, width: bits, dst, value } }) => {
        const body = steps.map(insnOf);
        const test = jump(op, dst, value, -body.length - 1, bits);
        const insns = [...starts.map((start, index) => mov(1 + index, start)), ...body, test, exit];
        const found = trips(insns)?.count;
        const runs = run(starts, body, test);
        if (found === undefined) return;
        known += runs > 1 ? 1 : 0;
        expect(found).toBe(runs);
      }),
      { numRuns: 600 },
    );
    expect(known).toBeGreaterThan(3);
  });
});
