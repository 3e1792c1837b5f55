import { describe, expect, test } from 'vitest';
import * as layout from '../../src/abi/layout.ts';
import * as abi from '../../src/abi/maps.ts';
import * as traps from '../../src/abi/traps.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { sandboxProof, trustedProof } from '../../src/verifier/proof.ts';
import type { ProgramInput, RunOptions } from '../interp/harness.ts';
import {
  alu,
  call,
  callLocal,
  callx,
  exit,
  ja,
  jump,
  lddw,
  load,
  mov,
  packet,
  r,
  store,
} from '../interp/insns.ts';
import { executeTranslated, JitMachine } from './harness.ts';

const modes = [
  { name: 'sandbox', proof: sandboxProof },
  { name: 'trusted', proof: trustedProof },
];

/** Runs in both engines; all that they leave behind must be the same. */
const both = async (input: ProgramInput, options: RunOptions = {}) => {
  const machine = new JitMachine();
  const prog = await machine.translate(input);
  const { insns: _, ...outcome } = machine.executeTranslated(prog, options);
  const { insns: __, ...other } = machine.execute(prog, options);
  const comparable = ({ trap, ...rest }: typeof outcome) => ({ ...rest, kind: trap?.kind, pc: trap?.pc });
  expect(comparable(outcome)).toEqual(comparable(other));
  return outcome;
};

describe.each(modes)('calls ($name)', ({ proof }) => {
  test('arguments go along, r6 to r9 and r0 start at zero, the caller keeps its own', async () => {
    const insns = [
      mov(6, 600),
      mov(0, 5),
      mov(1, 1),
      mov(2, 20),
      callLocal(4),
      alu('add', 0, r(1)),
      alu('add', 0, r(2)),
      alu('add', 0, r(6)),
      exit,
      alu('add', 0, r(1)), // the function: r0 + r1 + r2 + r6, then it changes them
      alu('add', 0, r(2)),
      alu('add', 0, r(6)),
      mov(1, 0),
      mov(2, 0),
      mov(6, 0),
      exit,
    ];
    expect(await both({ insns, functions: [9], proof })).toMatchObject({ r0: 642n });
  });

  test('each function has its own stack', async () => {
    const insns = [
      store(8, 10, -8, 1),
      mov(1, r(10)),
      callLocal(2),
      load(8, 0, 10, -8),
      exit,
      store(8, 10, -8, 2),
      store(1, 1, -7, 1),
      mov(0, 0),
      exit,
    ];
    expect(await both({ insns, functions: [5], proof })).toMatchObject({ r0: 257n });
  });

  test('functions by address, through callx', async () => {
    const insns = [...lddw(3, 4n, 4), mov(1, 40), callx(3), exit, mov(0, r(1)), alu('add', 0, 2), exit];
    const input = { insns, functions: [5], addressTaken: [1], proof };
    expect(await both(input)).toMatchObject({ r0: 42n });
  });

  test('callx of something else traps', async () => {
    const insns = [...lddw(3, 4n, 4), alu('add', 3, 1), callx(3), exit, mov(0, 0), exit];
    const { trap } = await both({ insns, functions: [5], addressTaken: [1], proof });
    expect(trap).toMatchObject({ kind: traps.TRAP_BAD_FUNCTION, pc: 3 });
  });

  test('callx of the number of a helper', async () => {
    expect(await both({ insns: [mov(3, 8), callx(3), exit], proof })).toMatchObject({ r0: 0n });
    const { trap } = await both({ insns: [mov(3, 12), callx(3), exit], proof });
    expect(trap).toMatchObject({ kind: traps.TRAP_BAD_FUNCTION, pc: 1 });
  });

  test('callx needs room for a frame, whatever it calls', async () => {
    // Eight functions in a chain, the last of which has the rest of the stack.
    const chain = Array.from({ length: 7 }, () => [callLocal(1), exit]).flat();
    const functions = Array.from({ length: 7 }, (_, index) => 2 * index + 2);
    for (const number of [0, 8, 12, 212]) {
      const { trap } = await both({ insns: [...chain, mov(3, number), callx(3), exit], functions, proof });
      expect(trap).toMatchObject({ kind: traps.TRAP_CALL_DEPTH, pc: 15 });
    }
  });

  test('bpf_loop calls back', async () => {
    const insns = [
      mov(1, 10),
      ...lddw(2, 9n, 4),
      mov(3, r(10)),
      alu('add', 3, -8),
      store(8, 10, -8, 0),
      mov(4, 0),
      call(181),
      load(8, 1, 10, -8),
      alu('add', 0, r(1)),
      exit,
      mov(0, 0), // the callback: *ctx += index
      load(8, 3, 2, 0),
      alu('add', 3, r(1)),
      store(8, 2, 0, r(3)),
      exit,
    ];
    expect(await both({ insns, functions: [11], addressTaken: [1], proof })).toMatchObject({ r0: 55n });
  });

  test('helpers of the host', async () => {
    const machine = new JitMachine();
    machine.hostResult = (id, r1, r2, r3, r4, r5) => BigInt(id) + r1 + r2 + r3 + r4 + r5;
    const set = [1, 2, 3, 4, 5].map((register) => mov(register, register * 10));
    const insns = [
      ...set,
      call(1_000),
      mov(6, r(0)),
      call(1_000),
      alu('add', 0, r(6)),
      alu('add', 0, r(5)),
      exit,
    ];
    const prog = await machine.translate({ insns, proof });
    expect(machine.executeTranslated(prog)).toMatchObject({ r0: 2_350n });
    expect(machine.calls).toEqual([
      [1_000, 10n, 20n, 30n, 40n, 50n],
      [1_000, 10n, 20n, 30n, 40n, 50n],
    ]);
  });

  test('known helpers that the runtime lacks go to the host', async () => {
    const machine = new JitMachine();
    machine.hostResult = (id) => BigInt(id);
    const prog = await machine.translate({ insns: [call(77), exit], proof });
    expect(machine.executeTranslated(prog)).toMatchObject({ r0: 77n });
  });

  test('calls deeper than the stack trap', async () => {
    const insns = [mov(0, 0), callLocal(1), exit, ...lddw(3, -1n, 4), callx(3), exit];
    const { trap } = await both({ insns, functions: [3], addressTaken: [1], proof });
    expect(trap).toMatchObject({ kind: traps.TRAP_CALL_DEPTH, pc: 5 });
  });

  test('a packet load out of range ends the function only', async () => {
    const insns = [
      mov(6, r(1)),
      callLocal(2),
      alu('add', 0, 3),
      exit,
      mov(6, r(1)),
      packet(1, 99),
      mov(0, 9),
      exit,
    ];
    expect(await both({ insns, functions: [4], proof })).toMatchObject({ r0: 3n });
  });
});

describe('the budget', () => {
  const insns = [mov(6, 3), callLocal(3), alu('add', 6, -1), jump('jne', 6, 0, -3), exit, mov(0, 1), exit];
  // Three calls of two slots, two jumps back over three.
  const needed = 12;

  test.each([needed, needed - 1, 7, 1, 0])('of %i', async (budget) => {
    const { trap } = await both({ insns, functions: [5] }, { budget });
    expect(trap?.kind).toBe(budget < needed ? traps.TRAP_BUDGET : undefined);
  });

  test('is not spent by trusted programs', async () => {
    const trusted = await both({ insns, functions: [5], proof: trustedProof }, { budget: 1 });
    expect(trusted).toMatchObject({ r0: 1n, trap: undefined });
  });
});

describe('tail calls', () => {
  /** A machine with a program array whose slot 0 holds `target`. */
  const machineWith = async (target: readonly (Insn | undefined)[], translated: boolean) => {
    const machine = new JitMachine();
    const { exports } = machine;
    const map = exports.mapCreate(abi.MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0, 0);
    const input = { insns: target, maps: [map] };
    const prog = translated ? await machine.translate(input) : machine.program(input);
    const key = exports.alloc(8);
    const value = exports.alloc(8);
    machine.setU32(value, prog);
    expect(exports.mapUpdate(map, key, value, 0)).toBe(0);
    return { machine, map };
  };

  const jumpTo = (index: number): (Insn | undefined)[] => [...lddw(2, 0n, 5), mov(3, index), call(12)];

  test.each([true, false])('to a program that is translated: %s', async (translated) => {
    const target = [alu('add', 0, r(2)), alu('add', 0, r(6)), load(1, 1, 1, 0), alu('add', 0, r(1)), exit];
    const { machine, map } = await machineWith(target, translated);
    const insns = [mov(0, 100), mov(6, 100), ...jumpTo(0), mov(0, 1), exit];
    const prog = await machine.translate({ insns, maps: [map] });
    expect(machine.executeTranslated(prog, { packet: [7] })).toMatchObject({ r0: 7n, trap: undefined });
    expect(machine.u32(machine.run + layout.RUN_TAIL_CALLS)).toBe(1);
  });

  test('that fail leave r0 as it was', async () => {
    const { machine, map } = await machineWith([exit], true);
    const insns = [mov(0, 100), ...jumpTo(1), alu('add', 0, 1), exit];
    const prog = await machine.translate({ insns, maps: [map] });
    expect(machine.executeTranslated(prog)).toMatchObject({ r0: 101n, trap: undefined });
  });

  test('from a function return to its caller, whose program is the current one again', async () => {
    const { machine, map } = await machineWith([mov(0, 5), exit], true);
    const insns = [
      mov(6, r(1)),
      callLocal(3),
      load(1, 1, 6, 0),
      alu('add', 0, r(1)),
      exit,
      ...jumpTo(0),
      exit,
    ];
    const prog = await machine.translate({ insns, functions: [5], maps: [map] });
    expect(machine.executeTranslated(prog, { packet: [2] })).toMatchObject({ r0: 7n, trap: undefined });
    expect(machine.u32(machine.run + layout.RUN_PROG)).toBe(prog);
  });

  test('cost the slots of the target', async () => {
    const { machine, map } = await machineWith([mov(0, 5), ja(0), exit], true);
    const insns = [...jumpTo(0), exit];
    const prog = await machine.translate({ insns, maps: [map] });
    expect(machine.executeTranslated(prog, { budget: 3 })).toMatchObject({ r0: 5n });
    const { trap } = machine.executeTranslated(prog, { budget: 2 });
    expect(trap).toMatchObject({ kind: traps.TRAP_BUDGET, pc: 3 });
  });
});

test('a batch runs the program over each record', async () => {
  const machine = new JitMachine();
  const prog = await machine.translate({ insns: [load(1, 0, 1, 0), alu('mul', 0, r(2)), exit] });
  for (const bytes of [[3], [5, 1], [7, 1, 1]]) {
    expect(machine.executeTranslated(prog, { packet: bytes }).r0).toBe(
      BigInt((bytes[0] ?? 0) * bytes.length),
    );
  }
});

test('the program may be written in functions of one name', async () => {
  const insns = [callLocal(2), callLocal(3), exit, mov(0, 1), exit, alu('add', 0, 2), exit];
  expect(await executeTranslated({ insns, functions: [3, 5] })).toMatchObject({ r0: 2n });
});
