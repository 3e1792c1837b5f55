/** The inline checks of the sandbox must let through and refuse what the runtime's check does, at every edge. */
import { describe, expect, test } from 'vitest';
import * as layout from '../../src/abi/layout.ts';
import * as abi from '../../src/abi/maps.ts';
import * as traps from '../../src/abi/traps.ts';
import type { Insn, Size } from '../../src/isa/insn.ts';
import { guessWindows } from '../../src/jit/hints.ts';
import type { ProgramInput } from '../interp/harness.ts';
import { alu, call, exit, jump, lddw, load, mov, r, store } from '../interp/insns.ts';
import { JitMachine } from './harness.ts';

const SIZES: readonly Size[] = [1, 2, 4, 8];

const both = async (machine: JitMachine, input: ProgramInput, packet: readonly number[] = []) => {
  const prog = await machine.translate(input, { optimize: false });
  const translated = machine.executeTranslated(prog, { packet });
  const interpreted = machine.execute(prog, { packet });
  expect(translated.trap?.kind).toBe(interpreted.trap?.kind);
  expect(translated.trap?.pc).toBe(interpreted.trap?.pc);
  if (!translated.trap) expect(translated.r0).toBe(interpreted.r0);
  return translated;
};

describe('raw memory', () => {
  test.each([0, 1, 7, 8, 9, 16])('of %i bytes, accessed at every edge', async (length) => {
    const machine = new JitMachine();
    const packet = Array.from({ length }, (_, index) => index + 1);
    for (const size of SIZES) {
      for (const off of new Set([-1, 0, length - size - 1, length - size, length - size + 1, length])) {
        const outcome = await both(machine, { insns: [load(size, 0, 1, off), exit] }, packet);
        const inside = off >= 0 && off + size <= length;
        expect({ size, off, kind: outcome.trap?.kind }).toEqual({
          size,
          off,
          kind: inside ? undefined : traps.TRAP_MEMORY,
        });
      }
    }
  });
});

describe('values of a map', () => {
  const VALUE = 16;

  /** A program that looks up element `index` and then goes on with its address in r0. */
  const withValue = (writable: boolean, index: number, rest: (slab: number) => readonly Insn[]) => {
    const machine = new JitMachine();
    const map = machine.exports.mapCreate(abi.MAP_TYPE_ARRAY, 4, VALUE, 2, 0, 0);
    const start = machine.u32(map + layout.MAP_VALUES);
    const end = machine.u32(map + layout.MAP_VALUES_END);
    const insns = [
      store(4, 10, -4, index),
      mov(2, r(10)),
      alu('add', 2, -4),
      ...lddw(1, 0n, 5),
      call(1),
      jump('jne', 0, 0, 1),
      exit,
      ...rest(end - start),
      mov(0, 0),
      exit,
    ];
    return both(machine, { insns, maps: [map], regions: [[start, end, writable]] });
  };

  test.each(SIZES)('accesses of %i bytes, at both ends of all values', async (size) => {
    const edges: readonly (readonly [number, (slab: number) => number, boolean])[] = [
      [0, () => 0, true],
      [0, () => -1, false],
      [1, (slab) => slab - VALUE - size, true],
      [1, (slab) => slab - VALUE - size + 1, false],
    ];
    for (const [index, offset, inside] of edges) {
      const { trap } = await withValue(true, index, (slab) => [
        store(size, 0, offset(slab), 5),
        load(size, 0, 0, offset(slab)),
      ]);
      expect(trap?.kind).toBe(inside ? undefined : traps.TRAP_MEMORY);
    }
  });

  test('values that programs may only read', async () => {
    expect((await withValue(false, 0, () => [load(8, 0, 0, 0)])).trap).toBeUndefined();
    expect((await withValue(false, 0, () => [store(8, 0, 0, 1)])).trap).toMatchObject({
      kind: traps.TRAP_MEMORY,
      pc: 8,
    });
  });
});

test('the window of the packet follows adjust_head', async () => {
  const machine = new JitMachine();
  const insns = [
    mov(6, r(1)),
    load(4, 7, 6, layout.XDP_MD_DATA),
    load(1, 8, 7, 0),
    mov(1, r(6)),
    mov(2, 4),
    call(44),
    load(4, 9, 6, layout.XDP_MD_DATA),
    load(1, 0, 9, 0),
    load(1, 0, 7, 0),
    exit,
  ];
  const packet = Array.from({ length: 20 }, (_, index) => index);
  const { trap } = await both(machine, { insns, context: layout.CTX_XDP }, packet);
  expect(trap).toMatchObject({ kind: traps.TRAP_MEMORY, pc: 8 });
});

test('guesses follow pointers through registers, arithmetic and the stack', () => {
  const insns = [
    mov(2, r(10)),
    alu('add', 2, -64),
    load(1, 0, 2, 0), // 2: stack
    load(4, 3, 1, 0), // 3: context
    alu('add', 3, r(4)),
    load(1, 0, 3, 0), // 5: packet
    store(8, 10, -8, r(1)), // 6: stack
    mov(1, 0),
    load(8, 5, 10, -8), // 8: stack
    load(4, 0, 5, 4), // 9: context
    ...lddw(6, 3n, 6),
    load(4, 0, 6, 0), // 12: values of map 3
    exit,
  ];
  const windows = guessWindows(insns, 0, insns.length, 'context');
  expect([...windows]).toEqual([
    [2, 'stack'],
    [3, 'context'],
    [5, 'packet'],
    [6, 'stack'],
    [8, 'stack'],
    [9, 'context'],
    [12, 3],
  ]);
});
