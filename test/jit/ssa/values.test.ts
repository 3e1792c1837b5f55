import { expect, it } from 'vitest';
import { OPTIMIZATIONS } from '../../../src/jit/opt/names.ts';
import { rulesOf } from '../../../src/jit/opt/rules.ts';
import { constant, local, type Value } from '../../../src/jit/ssa/value.ts';
import { Values } from '../../../src/jit/ssa/values.ts';
import { evaluate } from '../opt/evaluate.ts';

const values = (): Values => new Values(rulesOf((name) => OPTIMIZATIONS.includes(name)));
const LOCAL = local(0, 'i64');

it('makes an expression once', () => {
  const all = values();
  const [a, b] = [local(1, 'i64'), local(2, 'i64')];
  expect(all.binary('mul', 'i64', a, b)).toBe(all.binary('mul', 'i64', a, b));
  expect(all.wrap(a)).toBe(all.wrap(a));
  expect(all.binary('shl', 'i64', a, constant('i64', 3n))).toBe(
    all.binary('shl', 'i64', a, constant('i64', 67n)),
  );
});

it('narrows sums of sums, of which each part is there twice', () => {
  const all = values();
  let sum: Value = LOCAL;
  // 2 ** 200 paths.
  for (let times = 0; times < 200; times++)
    sum = all.binary('add', 'i64', sum, times % 3 === 0 ? sum : all.binary('sub', 'i64', sum, LOCAL));
  const world = { locals: [0x1_2345_6789n], memories: [] };
  expect(evaluate(all.narrow(sum), world)).toBe(BigInt.asUintN(32, evaluate(sum, world)));
});
