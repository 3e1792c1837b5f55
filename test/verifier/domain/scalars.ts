import type { Domain } from '../../../src/verifier/domain.ts';
import { type Scalar, UNKNOWN } from '../../../src/verifier/scalar.ts';
import type { Random } from '../../nodiff/random.ts';
import { u64 } from './reference.ts';

// Random values near the borders where mistakes live, and random scalars around them.

const BORDERS = [
  0n,
  1n << 8n,
  1n << 16n,
  1n << 31n,
  1n << 32n,
  3n << 31n,
  1n << 63n,
  (1n << 63n) | (1n << 31n),
];

const bits64 = (random: Random): bigint => Buffer.from(random.bytes(8)).readBigUInt64LE();

/** A number of at most 64 bits whose length is random. */
export const someLength = (random: Random): bigint => bits64(random) >> BigInt(random.below(65));

export function someValue(random: Random): bigint {
  if (random.below(3) === 0) return someLength(random);
  const border = BORDERS[random.below(BORDERS.length)] ?? 0n;
  const sign = random.below(2) === 0 ? 1n : -1n;
  return u64(sign * border + BigInt(random.below(41)) - 20n);
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** An interval around x inside [low, high]; now and then all of that. */
function around(random: Random, x: bigint, low: bigint, high: bigint): [bigint, bigint] {
  if (random.below(3) === 0) return [low, high];
  const length = (): bigint => (random.below(2) === 0 ? BigInt(random.below(5)) : someLength(random));
  return [most(low, x - length()), least(high, x + length())];
}

function someMask(random: Random): bigint {
  const kind = random.below(5);
  if (kind === 0) return UNKNOWN.mask;
  if (kind === 1) return someLength(random);
  if (kind === 2) return u64(bits64(random) & bits64(random));
  if (kind === 3) return (0xffn << BigInt(random.below(60))) & UNKNOWN.mask;
  return u64(someLength(random) << BigInt(random.below(32)));
}

/** A scalar, not synchronised, that x satisfies. */
export function scalarAround(random: Random, x: bigint): Scalar {
  const mask = someMask(random);
  const [umin, umax] = around(random, x, UNKNOWN.umin, UNKNOWN.umax);
  const [smin, smax] = around(random, BigInt.asIntN(64, x), UNKNOWN.smin, UNKNOWN.smax);
  const [u32min, u32max] = around(random, BigInt.asUintN(32, x), UNKNOWN.u32min, UNKNOWN.u32max);
  const [s32min, s32max] = around(random, BigInt.asIntN(32, x), UNKNOWN.s32min, UNKNOWN.s32max);
  return { value: x & ~mask, mask, umin, umax, smin, smax, u32min, u32max, s32min, s32max };
}

/** Writes a random scalar to an address. @returns values that it may have, one at least */
export function place(domain: Domain, random: Random, address: number): bigint[] {
  const x = someValue(random);
  const scalar = scalarAround(random, x);
  domain.write(address, scalar);
  if (domain.ops.sync(address) === 0 || domain.ops.contains(address, x) === 0) {
    throw new Error(`synchronisation loses ${x} from ${describe(scalar)}`);
  }
  const known = domain.read(address);
  const ends = [known.umin, known.umax, u64(known.smin), u64(known.smax), known.value];
  const flips = [1n, 1n << 31n, 1n << 63n, bits64(random)].map((bits) => x ^ (bits & scalar.mask));
  return [
    x,
    ...[...ends, ...flips, u64(x + 1n), u64(x - 1n)].filter(
      (y) => y !== x && domain.ops.contains(address, y),
    ),
  ];
}

export const describe = (scalar: Scalar): string =>
  Object.entries(scalar)
    .map(
      ([name, value]) =>
        `${name}=${name.includes('s') && name !== 'mask' ? value : `0x${value.toString(16)}`}`,
    )
    .join(' ');
