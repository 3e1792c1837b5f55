import { describe, expect, it } from 'vitest';
import * as layout from '../../src/abi/layout.ts';
import {
  TRAP_BAD_FUNCTION,
  TRAP_BUDGET,
  TRAP_CALL_DEPTH,
  TRAP_HELPER_MEMORY,
  TRAP_MEMORY,
} from '../../src/abi/traps.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { sandboxProof, trustedProof } from '../../src/verifier/proof.ts';
import { execute, type ProgramInput } from './harness.ts';
import * as i from './insns.ts';

const LOOP = 181;
const LOOKUP = 1;

/** Slots of `loopOver`, before its callback. */
const CALL_SLOTS = 8;

/** bpf_loop(turns, callback, r10 - 8, 0), then `rest`; the callback stands behind them. */
const loopOver = (
  turns: number,
  callback: readonly (Insn | undefined)[],
  rest: Insn[] = [],
): ProgramInput => {
  const start = CALL_SLOTS + rest.length;
  return {
    insns: [
      i.mov(1, turns),
      ...i.lddw(2, BigInt(start - 2), 4),
      i.mov(3, i.r(10)),
      i.alu('add', 3, -8),
      i.mov(4, 0),
      i.call(LOOP),
      ...rest,
      i.exit,
      ...callback,
    ],
    functions: [start],
    addressTaken: [1],
  };
};

/** *(u64 *)ctx += index. */
const sum: Insn[] = [
  i.load(8, 3, 2, 0),
  i.alu('add', 3, i.r(1)),
  i.store(8, 2, 0, i.r(3)),
  i.mov(0, 0),
  i.exit,
];

describe.each([sandboxProof, trustedProof])('bpf_loop, $mode', (proof) => {
  it('calls the function so many times, with index and context', () => {
    expect(execute({ ...loopOver(100, sum), proof }).r0).toBe(100n);
    const read = [i.load(8, 0, 10, -8)];
    expect(execute({ ...loopOver(100, sum, read), proof }).r0).toBe(4950n);
  });

  it('ends when the function returns 1', () => {
    const callback = [i.mov(0, 0), i.jump('jlt', 1, 6, 1), i.mov(0, 1), i.exit];
    expect(execute({ ...loopOver(100, callback), proof }).r0).toBe(7n);
  });

  it('gives the function its own frame and clean registers, and leaves the caller what it had', () => {
    const wipe = [6, 7, 8, 9].map((n) => i.mov(n, -1));
    const callback = [
      ...[3, 4, 5, 6, 7, 8, 9].map((n) => i.alu('or', 0, i.r(n))),
      ...wipe,
      i.store(8, 10, -8, 77),
      i.exit,
    ];
    const input = loopOver(3, callback, [
      i.alu('add', 0, i.r(1)),
      i.alu('add', 0, i.r(6)),
      i.load(8, 7, 10, -8),
    ]);
    expect(execute({ ...input, proof }).r0).toBe(6n);
  });

  it('counts the instructions of the function', () => {
    expect(execute({ ...loopOver(10, [i.mov(0, 0), i.exit]), proof }).insns).toBe(7n + 20n);
  });
});

describe('traps around callbacks', () => {
  it('tell the slot inside the function', () => {
    const callback = [i.load(8, 0, 1, 0), i.exit];
    expect(execute(loopOver(1, callback)).trap).toEqual({ kind: TRAP_MEMORY, pc: CALL_SLOTS, value: 0n });
  });

  it('tell the slot of the helper call where the function cannot be called', () => {
    const pc = CALL_SLOTS - 2;
    expect(execute(loopOver(1000, [i.mov(0, 0), i.exit]), { budget: 100 }).trap).toMatchObject({
      kind: TRAP_BUDGET,
      pc,
    });
    const broken = loopOver(1, [i.exit]);
    const insns = [...broken.insns.slice(0, 1), ...i.lddw(2, 8n), ...broken.insns.slice(3)];
    expect(execute({ ...broken, insns }).trap).toMatchObject({ kind: TRAP_BAD_FUNCTION, pc });
  });

  it('know the slot of the helper again after the function called helpers itself', () => {
    const callback = [i.mov(1, 0), i.call(9999), i.mov(0, 0), i.exit];
    expect(execute(loopOver(100, callback), { budget: 50 }).trap).toMatchObject({
      kind: TRAP_BUDGET,
      pc: CALL_SLOTS - 2,
    });
  });

  it('nest to 8 frames', () => {
    const again: (Insn | undefined)[] = [
      i.mov(1, 1),
      ...i.lddw(2, -2n, 4),
      i.mov(3, 0),
      i.mov(4, 0),
      i.call(LOOP),
      i.mov(0, 0),
      i.exit,
    ];
    const input = loopOver(1, again);
    expect(execute(input).trap).toMatchObject({ kind: TRAP_CALL_DEPTH, pc: CALL_SLOTS + 5 });
  });

  it('check what helpers are given', () => {
    const insns = [...i.lddw(1, 64n), i.mov(2, i.r(10)), i.call(LOOKUP), i.exit];
    expect(execute({ insns }).trap?.pc).toBe(3);
    const format = [i.mov(1, layout.HEADER), i.mov(2, 8), i.call(6), i.exit];
    expect(execute({ insns: format }).trap).toMatchObject({ kind: TRAP_HELPER_MEMORY, pc: 2 });
  });
});
