import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Size } from '../../../src/isa/insn.ts';
import type { LoadOp } from '../../../src/jit/builder.ts';
import { rulesOf } from '../../../src/jit/opt/rules.ts';
import { mergeStore } from '../../../src/jit/opt/stores.ts';
import type { Effect, Store } from '../../../src/jit/ssa/effect.ts';
import { const64, load, local, type Piece, type Value } from '../../../src/jit/ssa/value.ts';
import { Values } from '../../../src/jit/ssa/values.ts';
import { evaluate, type World } from './evaluate.ts';
import { count, expectSameOf, withAndWithout } from './programs.ts';

const stores = (wasm: string): number =>
  wasm.split('\n').filter((line) => line.startsWith('i64.store')).length;

describe('stores side by side', () => {
  it.each([
    ['i64.store16', '*(u8 *)(r6 + 4) = 1\n*(u8 *)(r6 + 5) = 2'],
    ['i64.store32', '*(u8 *)(r6 + 4) = 1\n*(u8 *)(r6 + 5) = 2\n*(u16 *)(r6 + 6) = 3'],
    ['i64.store', '*(u32 *)(r6 + 4) = 1\n*(u32 *)(r6 + 0) = 2'],
    ['i64.store16', 'r7 = *(u64 *)(r6 + 8)\n*(u8 *)(r6 + 4) = r7\nr7 >>= 8\n*(u8 *)(r6 + 5) = r7'],
    ['i64.store16', 'r7 = *(u64 *)(r6 + 8)\n*(u8 *)(r6 + 5) = r7\nr7 >>= 8\n*(u8 *)(r6 + 4) = r7'],
    ['i64.store', 'r7 = *(u64 *)(r6 + 8)\n*(u32 *)(r6 + 16) = r7\nr7 >>= 32\n*(u32 *)(r6 + 20) = r7'],
  ])('are one %s', async (insn, body) => {
    const { optimised, plain } = await withAndWithout(body, ['stores']);
    expect([stores(optimised), count(optimised, insn)]).toEqual([1, 1]);
    expect(stores(plain)).toBeGreaterThan(1);
  });

  it.each([
    ['that are not neighbours', '*(u8 *)(r6 + 4) = 1\n*(u8 *)(r6 + 6) = 2', 2],
    ['of different sizes', '*(u8 *)(r6 + 4) = 1\n*(u16 *)(r6 + 5) = 2', 2],
    ['that overlap', '*(u16 *)(r6 + 4) = 1\n*(u16 *)(r6 + 5) = 2', 2],
    [
      'with a store elsewhere in between',
      'r9 = r10\nr9 += -8\n*(u8 *)(r6 + 4) = 1\n*(u64 *)(r9 + 0) = 7\n*(u8 *)(r6 + 5) = 2\nr1 = r9\nr2 = 8\nr3 = r9\nr4 = 8\nr5 = 0\ncall 28',
      3,
    ],
  ])('%s are left', async (_, body, expected) => {
    expect(stores((await withAndWithout(body, [])).optimised)).toBe(expected);
  });

  const TEXTS = {
    constants: [
      '*(u8 *)(r6 + 4) = 1',
      '*(u8 *)(r6 + 5) = 2',
      '*(u8 *)(r6 + 6) = 0xff',
      '*(u8 *)(r6 + 7) = 7',
      '*(u16 *)(r6 + 4) = -1',
    ],
    parts: [
      '*(u8 *)(r6 + 5) = r7\nr8 = r7\nr8 >>= 8\n*(u8 *)(r6 + 4) = r8',
      '*(u16 *)(r6 + 6) = r7\nr8 = r7\nr8 >>= 16\n*(u16 *)(r6 + 8) = r8',
    ],
    near: [
      '*(u8 *)(r6 + 5) = r7\nr8 = r7\nr8 >>= 7\n*(u8 *)(r6 + 4) = r8',
      '*(u16 *)(r6 + 8) = r7\nr8 = r7\nr8 >>= 16\n*(u16 *)(r6 + 6) = r8',
    ],
    loads: [
      'r9 = *(u8 *)(r6 + 5)',
      'r8 = *(u16 *)(r6 + 6)',
      'r7 = *(u64 *)(r6 + 1)',
      'r9 = *(u8 *)(r6 + 40)',
    ],
    stack: [
      '*(u8 *)(r10 - 8) = r9',
      '*(u32 *)(r10 - 8) = 5',
      '*(u32 *)(r10 - 4) = 6',
      'r7 = *(u64 *)(r10 - 8)',
      '*(u32 *)(r6 + 8) = r9',
    ],
  };

  it('change no result', async () => {
    await expectSameOf(Object.values(TEXTS).flat(), ['stores'], 25);
  });

  // ---- mergeStore as a function, over memory that is written byte by byte -----------------------------------------

  interface Step {
    readonly isLoad: boolean;
    readonly size: Size;
    readonly offset: number;
    readonly base: number;
    /** A constant, or the number of a local shifted down. */
    readonly value: number;
    readonly shift: number;
  }
  const step: fc.Arbitrary<Step> = fc.record({
    isLoad: fc.constantFrom(false, false, false, true),
    size: fc.constantFrom<Size>(1, 1, 1, 1, 2, 4),
    offset: fc.nat(4),
    base: fc.constantFrom(0, 0, 0, 0, 0, 1),
    value: fc.constantFrom(0, 0, 0, 1),
    shift: fc.constantFrom(-1, -1, 0, 0, 8, 8, 16, 4),
  });
  const LOADS: Readonly<Record<Size, LoadOp>> = {
    1: 'i64.load8_u',
    2: 'i64.load16_u',
    4: 'i64.load32_u',
    8: 'i64.load',
  };

  function effectsOf(steps: readonly Step[], merges: boolean): { effects: Effect[]; loaded: Value[] } {
    const values = new Values(rulesOf((name) => name === 'fold'));
    const locals = [0, 1, 2, 3, 4, 5].map((index) => local(index, 'i64'));
    const effects: Effect[] = [];
    const loaded: Value[] = [];
    for (const { isLoad, size, offset, base: number, value: index, shift } of steps) {
      const [base, number0] = [locals[4 + number], locals[index]];
      if (base === undefined || number0 === undefined) continue;
      const piece: Piece = { base, offset, size, kind: undefined };
      const address = values.wrap(base);
      if (isLoad) {
        const siblings: Value[] = [];
        loaded.push(load({ op: LOADS[size], piece, offset, epoch: 0, siblings }, address));
        effects.push({ kind: 'place', slot: 0, values: siblings });
        continue;
      }
      const value =
        shift < 0
          ? const64(BigInt(index * 77))
          : values.binary('shr_u', 'i64', number0, const64(BigInt(shift)));
      const store: Store = { kind: 'store', slot: 0, piece, address, offset, value };
      if (!merges || !mergeStore(values, effects, store)) effects.push(store);
    }
    return { effects, loaded };
  }

  /** Memory after the effects, and what the loads have read. */
  function runEffects(
    { effects, loaded }: { effects: readonly Effect[]; loaded: readonly Value[] },
    locals: readonly bigint[],
  ) {
    const memory = Uint8Array.from({ length: 64 }, (_, index) => 200 - index);
    const world: World = { locals, memories: [memory] };
    const known = new Map<Value, bigint>();
    for (const effect of effects) {
      if (effect.kind === 'place') for (const value of effect.values) evaluate(value, world, known);
      if (effect.kind !== 'store') continue;
      const start = Number(evaluate(effect.address, world, known)) + effect.offset;
      const value = evaluate(effect.value, world, known);
      for (let at = 0; at < effect.piece.size; at++)
        memory[start + at] = Number((value >> BigInt(8 * at)) & 0xffn);
    }
    return { memory, read: loaded.map((value) => known.get(value)) };
  }

  it('write what they wrote apart, and loads read the same', () => {
    let merged = 0;
    const numbers = fc.array(fc.bigInt(0n, (1n << 64n) - 1n), { minLength: 4, maxLength: 4 });
    // The second base is anywhere, near the first one too.
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 2, maxLength: 10 }),
        numbers,
        fc.nat(20),
        (steps, given, other) => {
          const [plain, merging] = [effectsOf(steps, false), effectsOf(steps, true)];
          merged += plain.effects.length - merging.effects.length;
          const locals = [...given, 8n, BigInt(other)];
          expect(runEffects(merging, locals)).toEqual(runEffects(plain, locals));
        },
      ),
      { numRuns: 4_000 },
    );
    expect(merged).toBeGreaterThan(100);
  });
});
