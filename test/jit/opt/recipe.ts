/** Random expressions: written once, made with whatever rules. */
import fc from 'fast-check';
import type { BinaryName, LoadOp, ValueType } from '../../../src/jit/builder.ts';
import { setBits } from '../../../src/jit/ssa/bits.ts';
import { constant, load, local, type Piece, type Unary, type Value } from '../../../src/jit/ssa/value.ts';
import { unaryType, type Values } from '../../../src/jit/ssa/values.ts';
import { Random } from '../../nodiff/random.ts';
import type { World } from './evaluate.ts';

/** Numbers of operands: the n-th last of the right type. */
type Step =
  | { readonly kind: 'constant'; readonly type: ValueType; readonly value: bigint }
  | { readonly kind: 'local'; readonly index: number }
  | {
      readonly kind: 'load';
      readonly op: LoadOp;
      readonly base: 0 | 1;
      readonly offset: number;
      readonly epoch: 0 | 1;
    }
  | { readonly kind: 'unary'; readonly op: Unary; readonly a: number }
  | {
      readonly kind: 'binary';
      readonly name: BinaryName;
      readonly type: ValueType;
      readonly a: number;
      readonly b: number;
    }
  | {
      readonly kind: 'by';
      readonly name: BinaryName;
      readonly type: ValueType;
      readonly a: number;
      readonly by: bigint;
    }
  | { readonly kind: 'narrow'; readonly a: number }
  | {
      readonly kind: 'select';
      readonly type: ValueType;
      readonly a: number;
      readonly b: number;
      readonly c: number;
    };

export type Recipe = readonly Step[];

const MASKS: readonly bigint[] = [
  0xffffffffffffffffn,
  0x7fffffffffffffffn,
  0xffffffffn,
  0x7fffffffn,
  0xffffn,
  0x7fffn,
  0xffn,
  0x7fn,
  1n,
  0xff00ff00ff00ff00n,
  0xffffffff00000000n,
];
/** By local: the bits that it may have. The last two are addresses. */
export const LOCALS = MASKS.length;
const BASES = [16n, 96n] as const;
const MEMORY = 160;
/** Bytes behind a base. */
const REACH = 24;

const EDGES: readonly bigint[] = [
  ...[0n, 1n, 2n, 7n, 8n, 15n, 16n, 24n, 31n, 32n, 33n, 40n, 48n, 56n, 63n, 64n, 65n, 96n, 0x80n, 0xffn],
  ...[0x7fffn, 0x8000n, 0xff00n, 0xffffn, 0xff0000n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 0x100000000n],
  ...[0x7fffffffffffffffn, 0x8000000000000000n, 0x2000_0000_0000_01n, -1n, -2n, -8n, -32n, -128n],
];
const number = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...EDGES) }, fc.bigInt(0n, (1n << 64n) - 1n));
const type = fc.constantFrom<ValueType>('i32', 'i64');
const operand = fc.nat(7);

const ARITHMETIC: readonly BinaryName[] = [
  ...([
    'add',
    'sub',
    'mul',
    'and',
    'or',
    'or',
    'or',
    'xor',
    'shl',
    'shr_s',
    'shr_u',
    'rotl',
    'rotr',
  ] as const),
  ...(['eq', 'ne', 'lt_s', 'lt_u', 'le_s', 'le_u', 'gt_s', 'gt_u', 'ge_s', 'ge_u'] as const),
];
const BY_CONSTANT: readonly BinaryName[] = [
  ...ARITHMETIC,
  ...(['div_u', 'rem_u', 'div_s', 'rem_s', 'shl', 'shl', 'shr_u', 'shr_u', 'shr_s', 'and'] as const),
];
const UNARY: readonly Unary[] = [
  ...(['i32.eqz', 'i64.eqz', 'i32.wrap', 'i64.extend_u', 'i64.extend_s', 'i32.extend8_s'] as const),
  ...(['i32.extend16_s', 'i64.extend8_s', 'i64.extend16_s', 'i64.extend32_s'] as const),
  ...(['i32.swap16', 'i32.swap', 'i64.swap', 'i32.wrap', 'i64.extend_u'] as const),
];

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('constant'), type, value: number }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('local'), index: fc.nat(LOCALS - 1) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('load'),
      op: fc.constantFrom<LoadOp>('i64.load8_u', 'i64.load8_u', 'i64.load16_u', 'i64.load32_u', 'i64.load'),
      base: fc.constantFrom(0, 0, 0, 1),
      offset: fc.nat(4),
      epoch: fc.constantFrom(0, 0, 0, 1),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('unary'), op: fc.constantFrom(...UNARY), a: operand }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('binary'),
      name: fc.constantFrom(...ARITHMETIC),
      type,
      a: operand,
      b: operand,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('by'),
      name: fc.constantFrom(...BY_CONSTANT),
      type,
      a: operand,
      by: number,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('narrow'), a: operand }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('select'), type, a: operand, b: operand, c: operand }),
  },
) as fc.Arbitrary<Step>;

export const recipes: fc.Arbitrary<Recipe> = fc.array(step, { minLength: 1, maxLength: 14, size: 'max' });

/** Every world respects the bits that the locals are known to have. */
export const worlds: fc.Arbitrary<World> = fc
  .record({
    locals: fc.array(number, { minLength: LOCALS, maxLength: LOCALS }),
    seed: fc.nat(),
  })
  .map(({ locals, seed }) => ({
    locals: [...locals.map((value, index) => value & (MASKS[index] ?? 0n)), ...BASES],
    memories: [seed, seed + 1].map((start) => new Random(start).bytes(MEMORY)),
  }));

/** Makes the values of recipes with one set of rules. */
class Kitchen {
  readonly #values: Values;
  readonly #locals: Value[];
  readonly made: Value[] = [];

  constructor(values: Values) {
    this.#values = values;
    this.#locals = [...MASKS, ...BASES.map(() => 0xffffffffn)].map((mask, index) =>
      setBits(local(index, 'i64'), { low: Number(mask & 0xffffffffn), high: Number(mask >> 32n) }),
    );
  }

  /** The n-th last value of a type, or a part of another. */
  #operand(n: number, wanted: ValueType): Value {
    const found = this.made.filter((value) => value.type === wanted).at(-1 - n);
    if (found !== undefined) return found;
    const whole = this.#locals[n] ?? constant('i64', 0n);
    return wanted === 'i64' ? whole : this.#values.wrap(whole);
  }

  #load(base: Value, op: LoadOp, size: Piece['size'], offset: number, epoch: number): Value {
    const piece: Piece = { base, offset, size, kind: undefined };
    return load({ op, piece, offset, epoch, siblings: [] }, this.#values.wrap(base));
  }

  cook(step: Step): Value | undefined {
    const values = this.#values;
    switch (step.kind) {
      case 'constant':
        return constant(step.type, step.value);
      case 'local':
        return this.#locals[step.index];
      case 'load': {
        const base = this.#locals[LOCALS + step.base];
        const size = SIZES[step.op] ?? 8;
        return base && this.#load(base, step.op, size, step.offset % REACH, step.epoch);
      }
      case 'unary':
        return values.unary(step.op, this.#operand(step.a, operandType(step.op)));
      case 'narrow':
        return values.narrow(this.#operand(step.a, 'i64'));
      case 'binary':
        return values.binary(
          step.name,
          step.type,
          this.#operand(step.a, step.type),
          this.#operand(step.b, step.type),
        );
      case 'by': {
        const by = constant(step.type, step.by);
        const traps = by.constant === 0n || by.constant === constant(step.type, -1n).constant;
        const isDivision = step.name.startsWith('div') || step.name.startsWith('rem');
        if (traps && isDivision) return undefined;
        return values.binary(step.name, step.type, this.#operand(step.a, step.type), by);
      }
      case 'select':
        return values.select(
          this.#operand(step.c, 'i32'),
          this.#operand(step.a, step.type),
          this.#operand(step.b, step.type),
        );
    }
  }
}

const SIZES: { readonly [Op in LoadOp]?: Piece['size'] } = {
  'i64.load8_u': 1,
  'i64.load16_u': 2,
  'i64.load32_u': 4,
  'i64.load': 8,
};

/** Extensions take an i32, except for those within 64 bits. */
const operandType = (op: Unary): ValueType => {
  if (op === 'i32.wrap' || op === 'i64.eqz') return 'i64';
  if (op === 'i64.extend_u' || op === 'i64.extend_s') return 'i32';
  return unaryType(op);
};

/** The values of all steps, in order. */
export function cook(recipe: Recipe, values: Values): readonly Value[] {
  const kitchen = new Kitchen(values);
  for (const step of recipe) {
    const value = kitchen.cook(step);
    if (value !== undefined) kitchen.made.push(value);
  }
  return kitchen.made;
}
