import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OPTIMIZATIONS, type Optimization } from '../../../src/jit/opt/names.ts';
import { rulesOf } from '../../../src/jit/opt/rules.ts';
import type { Value } from '../../../src/jit/ssa/value.ts';
import { Values } from '../../../src/jit/ssa/values.ts';
import { evaluate, type World } from './evaluate.ts';
import { cook, recipes, worlds } from './recipe.ts';

const used: fc.Arbitrary<readonly Optimization[]> = fc.oneof(
  fc.constant(OPTIMIZATIONS),
  fc.subarray([...OPTIMIZATIONS]),
);

const possible = ({ low, high }: Value): bigint => (BigInt(high) << 32n) | BigInt(low);

function expectSame(plain: readonly Value[], simple: readonly Value[], world: World): void {
  const known = new Map<Value, bigint>();
  simple.forEach((value, index) => {
    const before = plain[index];
    if (before === undefined) throw new Error('not the same recipe');
    const expected = evaluate(before, world, known);
    const number = evaluate(value, world, known);
    expect([index, value.type, number]).toEqual([index, before.type, expected]);
    for (const one of [value, before]) expect(number & ~possible(one)).toBe(0n);
  });
}

describe('simplified values', () => {
  it('stand for the same numbers, and have no bits that they cannot have', () => {
    fc.assert(
      fc.property(recipes, used, fc.array(worlds, { minLength: 3, maxLength: 3 }), (recipe, names, all) => {
        const plain = cook(recipe, new Values(rulesOf(() => false)));
        const simple = cook(recipe, new Values(rulesOf((name) => names.includes(name))));
        for (const world of all) expectSame(plain, simple, world);
      }),
      { numRuns: 2_000 },
    );
  });
});
