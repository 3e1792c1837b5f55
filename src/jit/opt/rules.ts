/** Which rules there are for which operations, by the optimisation they belong to. */
import type { BinaryName } from '../builder.ts';
import type { Unary } from '../ssa/value.ts';
import { type BinaryRule, binaryType, type Rules, type UnaryRule, unaryType } from '../ssa/values.ts';
import { mergeBytes } from './bytes.ts';

import { foldBinary, foldUnary } from './constants.ts';
import {
  extendPositive,
  extendWrapped,
  maskLowHalf,
  shiftPositive,
  shiftUpAndDown,
  shiftUpAndDownSigned,
  wrapExtended,
} from './extensions.ts';
import {
  absorbingZero,
  addConstantLast,
  addConstants,
  cancelling,
  idempotent,
  joinConstants,
  joinShifts,
  knownMask,
  neutralOne,
  neutralZero,
  subtractConstant,
} from './identities.ts';
import type { Optimization } from './names.ts';
import { joinRotations, rotate } from './rotate.ts';
import { compareSwapped, equalHalves, swapLoaded, swapTwice } from './swap.ts';

type BinaryRules = { readonly [Name in BinaryName]?: readonly BinaryRule[] };
type UnaryRules = { readonly [Op in Unary]?: readonly UnaryRule[] };

const BINARY_NAMES: readonly BinaryName[] = [
  ...(['add', 'sub', 'mul', 'div_s', 'div_u', 'rem_s', 'rem_u', 'and', 'or', 'xor'] as const),
  ...(['shl', 'shr_s', 'shr_u', 'rotl', 'rotr'] as const),
  ...(['eq', 'ne', 'lt_s', 'lt_u', 'le_s', 'le_u', 'gt_s', 'gt_u', 'ge_s', 'ge_u'] as const),
];
const UNARY_OPS: readonly Unary[] = [
  ...(['i32.eqz', 'i64.eqz', 'i32.wrap', 'i64.extend_u', 'i64.extend_s'] as const),
  ...(['i32.extend8_s', 'i32.extend16_s'] as const),
  ...(['i64.extend8_s', 'i64.extend16_s', 'i64.extend32_s'] as const),
  ...(['i32.swap16', 'i32.swap', 'i64.swap'] as const),
];

/** In the order they are tried. */
const BINARY: readonly (readonly [Optimization, BinaryRules])[] = [
  ['fold', Object.fromEntries(BINARY_NAMES.map((name) => [name, [foldBinary(name, binaryType)]]))],
  [
    'fold',
    {
      add: [neutralZero, addConstants, addConstantLast],
      sub: [cancelling, subtractConstant],
      mul: [absorbingZero, neutralOne],
      div_u: [neutralOne],
      and: [absorbingZero, idempotent, knownMask, joinConstants('and')],
      or: [neutralZero, idempotent, joinConstants('or')],
      xor: [neutralZero, cancelling, joinConstants('xor')],
      shl: [neutralZero, joinShifts('shl')],
      shr_u: [neutralZero, joinShifts('shr_u')],
      shr_s: [neutralZero],
      rotl: [neutralZero],
      rotr: [neutralZero],
    },
  ],
  [
    'extensions',
    { and: [maskLowHalf], shr_u: [shiftUpAndDown], shr_s: [shiftUpAndDownSigned, shiftPositive] },
  ],
  ['bytes', { or: [mergeBytes] }],
  ['rotate', { or: [rotate], rotl: [joinRotations] }],
  [
    'swap',
    {
      eq: [equalHalves('eq'), compareSwapped('eq')],
      ne: [equalHalves('ne'), compareSwapped('ne')],
    },
  ],
];

const UNARY: readonly (readonly [Optimization, UnaryRules])[] = [
  ['fold', Object.fromEntries(UNARY_OPS.map((op) => [op, [foldUnary(op, unaryType(op))]]))],
  [
    'extensions',
    {
      'i32.wrap': [wrapExtended],
      'i64.extend_u': [extendWrapped],
      'i32.extend8_s': [extendPositive('i32.extend8_s')],
      'i32.extend16_s': [extendPositive('i32.extend16_s')],
      'i64.extend8_s': [extendPositive('i64.extend8_s')],
      'i64.extend16_s': [extendPositive('i64.extend16_s')],
      'i64.extend32_s': [extendPositive('i64.extend32_s')],
    },
  ],
  [
    'swap',
    {
      'i32.swap16': [swapTwice('i32.swap16')],
      'i32.swap': [swapTwice('i32.swap')],
      'i64.swap': [swapTwice('i64.swap'), swapLoaded],
    },
  ],
];

function joined<Name extends string, Rule>(
  parts: readonly (readonly [Optimization, { readonly [N in Name]?: readonly Rule[] }])[],
  uses: (name: Optimization) => boolean,
): { [N in Name]?: Rule[] } {
  const all: { [N in Name]?: Rule[] } = {};
  for (const [optimization, rules] of parts) {
    if (!uses(optimization)) continue;
    for (const [name, list] of Object.entries<readonly Rule[] | undefined>(rules)) {
      all[name as Name] = [...(all[name as Name] ?? []), ...(list ?? [])];
    }
  }
  return all;
}

/** The rules of the optimisations that are used. */
export const rulesOf = (uses: (name: Optimization) => boolean): Rules => ({
  binary: joined<BinaryName, BinaryRule>(BINARY, uses),
  unary: joined<Unary, UnaryRule>(UNARY, uses),
});
