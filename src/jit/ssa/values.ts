/** Makes values: each in the simplest form that the rules of ../opt know for it. */
import type { BinaryName, BinaryOp, ValueType } from '../builder.ts';
import { binaryBits, COMPARISONS, setBits, unaryBits, unionBits } from './bits.ts';
import { constant, isConst, type Unary, Value, widthOf } from './value.ts';

/** The simpler form of `a op b`, or undefined. */
export type BinaryRule = (values: Values, type: ValueType, a: Value, b: Value) => Value | undefined;
/** The simpler form of `op a`, or undefined. */
export type UnaryRule = (values: Values, a: Value) => Value | undefined;

/** Rules by operation, tried in order. */
export interface Rules {
  readonly binary: { readonly [Name in BinaryName]?: readonly BinaryRule[] };
  readonly unary: { readonly [Op in Unary]?: readonly UnaryRule[] };
}

const COMMUTATIVE: ReadonlySet<BinaryName> = new Set(['add', 'mul', 'and', 'or', 'xor', 'eq', 'ne']);
const COUNTING: ReadonlySet<BinaryName> = new Set(['shl', 'shr_s', 'shr_u', 'rotl', 'rotr']);

/** The second operand: counts are taken modulo the width, so that rules need not see to it. */
const counted = (name: BinaryName, type: ValueType, value: Value): Value =>
  COUNTING.has(name) && isConst(value) && value.constant >= widthOf({ type })
    ? constant(type, value.constant % BigInt(widthOf({ type })))
    : value;

/** Type of what an operation gives: comparisons give an i32 whatever they compare. */
const RESULTS: Readonly<Record<Unary, ValueType>> = {
  'i32.eqz': 'i32',
  'i64.eqz': 'i32',
  'i32.wrap': 'i32',
  'i64.extend_u': 'i64',
  'i64.extend_s': 'i64',
  'i32.extend8_s': 'i32',
  'i32.extend16_s': 'i32',
  'i64.extend8_s': 'i64',
  'i64.extend16_s': 'i64',
  'i64.extend32_s': 'i64',
  'i32.swap16': 'i32',
  'i32.swap': 'i32',
  'i64.swap': 'i64',
};
export const unaryType = (op: Unary): ValueType => RESULTS[op];
export const binaryType = (name: BinaryName, type: ValueType): ValueType =>
  COMPARISONS.has(name) ? 'i32' : type;

const NARROWING: Readonly<Partial<Record<string, BinaryName>>> = {
  'i64.add': 'add',
  'i64.sub': 'sub',
};
/** Key of the narrow form: sums of sums have more paths than values. */
const NARROWED = 'narrow';

export class Values {
  readonly #rules: Rules;
  /** The instruction that values made from now on belong to. */
  slot: number | undefined;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  binary(name: BinaryName, type: ValueType, left: Value, right: Value): Value {
    const swapped = isConst(left) && !isConst(right) && COMMUTATIVE.has(name);
    const [a, b] = swapped ? [right, left] : [left, counted(name, type, right)];
    for (const rule of this.#rules.binary[name] ?? []) {
      const simpler = rule(this, type, a, b);
      if (simpler !== undefined) return simpler;
    }
    const op: BinaryOp = `${type}.${name}`;
    const key = `${op} ${isConst(b) ? b.constant : `v${b.id}`}`;
    return this.#once(a, key, () =>
      setBits(new Value(op, binaryType(name, type), { a, b }), binaryBits(name, a, b)),
    );
  }

  /** The expression of `first` and what the key says, made when it is not there yet. */
  #once(first: Value, key: string, make: () => Value): Value {
    const known = first.known?.get(key);
    if (known !== undefined) return known;
    const value = this.#placed(make());
    first.known ??= new Map();
    first.known.set(key, value);
    return value;
  }

  unary(op: Unary, a: Value): Value {
    for (const rule of this.#rules.unary[op] ?? []) {
      const simpler = rule(this, a);
      if (simpler !== undefined) return simpler;
    }
    return this.#once(a, op, () => setBits(new Value(op, RESULTS[op], { a }), unaryBits(op, a)));
  }

  select(condition: Value, yes: Value, no: Value): Value {
    if (isConst(condition)) return condition.constant === 0n ? no : yes;
    const made = new Value('select', yes.type, { a: yes, b: no, c: condition });
    return setBits(this.#placed(made), unionBits(yes, no));
  }

  #placed(value: Value): Value {
    value.slot = this.slot;
    return value;
  }

  /** The low half of an i64. */
  wrap(value: Value): Value {
    return this.unary('i32.wrap', value);
  }

  /**
   * The low half, computed in 32 bits as far as only the low halves of operands count: V8 copies a 64-bit sum once
   * more before it is an address.
   */
  narrow(value: Value): Value {
    const known = value.known?.get(NARROWED);
    if (known !== undefined) return known;
    const narrowed = this.#narrowed(value);
    value.known ??= new Map();
    value.known.set(NARROWED, narrowed);
    return narrowed;
  }

  #narrowed(value: Value): Value {
    const { a, b } = value;
    const name = NARROWING[value.op];
    if (name === undefined || a === undefined || b === undefined) return this.wrap(value);
    return this.binary(name, 'i32', this.narrow(a), this.narrow(b));
  }

  /** An i32 as an i64 without sign. */
  extend(value: Value): Value {
    return this.unary('i64.extend_u', value);
  }
}
