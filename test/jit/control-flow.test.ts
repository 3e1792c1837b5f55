import { expect, test } from 'vitest';
import { TRAP_UNSUPPORTED } from '../../src/abi/traps.ts';
import { buildCfg } from '../../src/isa/cfg.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { type Proof, trustedProof } from '../../src/verifier/proof.ts';
import { execute } from '../interp/harness.ts';
import { alu, exit, ja, jump, load, mayGoto, mov, r } from '../interp/insns.ts';
import { dice, evaluate, programOf, randomGraph } from './graphs.ts';
import { executeTranslated, JitMachine } from './harness.ts';

const isIrreducible = (insns: readonly Insn[]): boolean =>
  buildCfg({ insns }, { start: 0, length: insns.length }).irreducibleEdges.length > 0;

const tryGraph = async (seed: number, far: number): Promise<boolean> => {
  const roll = dice(seed);
  const graph = randomGraph(roll, 2 + roll(40), far);
  const insns = programOf(graph, roll);
  const { r0, trap } = await executeTranslated(
    { insns, proof: trustedProof },
    { optimize: (seed & 7) === 0 },
  );
  expect({ seed, r0, trap }).toEqual({ seed, r0: evaluate(graph), trap: undefined });
  return isIrreducible(insns);
};

test('random graphs with near edges: most nest', async () => {
  let irreducible = 0;
  for (let seed = 0; seed < 80; seed++) if (await tryGraph(seed, 0)) irreducible++;
  expect(irreducible).toBeLessThan(40);
});

test('random graphs with far edges: many are irreducible', async () => {
  let irreducible = 0;
  for (let seed = 1000; seed < 1080; seed++) if (await tryGraph(seed, 40)) irreducible++;
  expect(irreducible).toBeGreaterThan(20);
});

test('the budget ends random graphs where it ends them in the interpreter', async () => {
  const machine = new JitMachine();
  for (let seed = 0; seed < 60; seed++) {
    const roll = dice(seed);
    const insns = programOf(randomGraph(roll, 2 + roll(30), 20), roll);
    const prog = await machine.translate({ insns }, { optimize: false });
    const budget = roll(800);
    const { r0, trap } = machine.executeTranslated(prog, { budget });
    const other = machine.execute(prog, { budget });
    expect({ seed, r0, trap }).toEqual({ seed, r0: other.r0, trap: other.trap });
  }
});

const exits = async (insns: readonly Insn[], r0: bigint): Promise<void> => {
  const packet = Array.from({ length: 64 }, (_, index) => index);
  expect(await executeTranslated({ insns }, { packet })).toMatchObject({ r0, trap: undefined });
};

const times = (count: number, make: (index: number) => Insn[]): Insn[] =>
  Array.from({ length: count }, (_, index) => make(index)).flat();

/** Fills in the offsets of jumps to a slot. */
const jumpTo = (slot: number, target: number, op: 'jeq' | 'jlt', imm: number): Insn =>
  jump(op, 2, imm, target - slot - 1);

test('20,000 instructions in a line', async () => {
  await exits([mov(0, 0), ...times(19_998, () => [alu('add', 0, 1)]), exit], 19_998n);
});

test('65,000 checked loads', async () => {
  await exits([mov(0, 0), ...times(65_000, (index) => [load(1, 0, 1, index % 64)]), exit], 39n);
});

test('20,000 instructions of branches one after another', async () => {
  const diamond = (index: number): Insn[] => [
    jump('jgt', 1, index, 2),
    alu('add', 0, 1),
    ja(1),
    alu('add', 0, 2),
  ];
  await exits([mov(0, 0), ...times(5_000, diamond), exit], 10_000n);
});

test('a ladder of 5,000 cases that all lead to one place', async () => {
  const cases = 5_000;
  const rung = (index: number): Insn[] => [
    jump('jne', 2, index, 2),
    mov(0, index),
    ja(3 * (cases - index - 1)),
  ];
  await exits([mov(0, 0), mov(2, 4_711), ...times(cases, rung), exit], 4_711n);
});

test('10,000 jumps into a line of code', async () => {
  const count = 10_000;
  const ladder = times(count, (index) => [jumpTo(2 + index, 2 + 2 * count - index, 'jeq', index)]);
  await exits([mov(0, 0), mov(2, 99), ...ladder, ...times(count, () => [alu('add', 0, 1)]), exit], 99n);
});

/** Loops around loops, each left at once. */
const nest = (depth: number): Insn[] => {
  const close = (index: number): Insn[] => [jumpTo(2 + depth + index, 1 + depth - index, 'jlt', 5)];
  return [mov(0, 0), mov(2, 9), ...times(depth, () => [alu('add', 0, 1)]), ...times(depth, close), exit];
};

test.each([10, 200, 3_000])('%i nested loops', async (depth) => {
  await exits(nest(depth), BigInt(depth));
});

test('6,000 loops one after another', async () => {
  const loop = [mov(2, 3), alu('add', 0, 1), alu('sub', 2, 1), jump('jne', 2, 0, -3)];
  await exits([mov(0, 0), ...times(6_000, () => loop), exit], 18_000n);
});

test('loops that begin at the first instruction, and that consist of one', async () => {
  await exits([alu('add', 0, 1), jump('jlt', 0, 5, -2), exit], 5n);
  const { trap } = await executeTranslated({ insns: [ja(-1)] }, { budget: 10 });
  expect(trap).toEqual({ kind: 3, pc: 0, value: 1n });
});

test('may_goto counts in each frame, also where it leads nowhere', async () => {
  const machine = new JitMachine();
  const insns = [mov(0, 0), mayGoto(0), alu('add', 0, 1), mayGoto(1), ja(-4), exit];
  const prog = await machine.translate({ insns, proof: trustedProof });
  expect(machine.executeTranslated(prog)).toEqual({ ...machine.execute(prog), insns: expect.anything() });
});

test('a jump of offset 0 is no jump', async () => {
  await exits([mov(0, 7), jump('jeq', 0, r(0), 0), jump('jne', 0, r(0), 0), exit], 7n);
});

const kfunc = (imm: number): Insn => ({ kind: 'call', target: 'kfunc', imm, off: 0 });
const cast: Insn = { kind: 'addrSpaceCast', dst: 1, src: 1, imm: 1 };

const dead = (...slots: number[]): Proof => ({
  ...trustedProof,
  mode: 'verified',
  facts: new Map(slots.map((slot) => [slot, { dead: true }])),
});

test('dead code need not be such as can be translated', async () => {
  // A branch over a call of a kernel function, an arena cast, and a loop of its own.
  const insns = [
    mov(0, 7),
    jump('jeq', 0, 7, 4),
    kfunc(0),
    cast,
    alu('add', 0, 1),
    jump('jne', 0, 9, -2),
    exit,
  ];
  const proof = dead(2, 3, 4, 5);
  const outcome = await executeTranslated({ insns, proof });
  expect(outcome).toMatchObject({ r0: 7n, trap: undefined });
  expect(execute({ insns, proof })).toMatchObject({ r0: 7n, trap: undefined });
});

test('dead code that is reached all the same ends the run', async () => {
  const input = { insns: [mov(0, 7), jump('jeq', 0, 7, 1), exit, kfunc(0), exit], proof: dead(3, 4) };
  const trap = { kind: TRAP_UNSUPPORTED, pc: 3 };
  expect((await executeTranslated(input)).trap).toMatchObject(trap);
  expect(execute(input).trap).toMatchObject(trap);
});
