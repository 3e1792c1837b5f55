/** A scalar of the numeric domain as plain numbers, and in the words of the kernel's log. */

/**
 * What is known of a 64-bit value; src/abi/verifier.ts has the conditions. Signed bounds are signed
 * numbers.
 */
export interface Scalar {
  /** Bits known to be 1. */
  readonly value: bigint;
  /** Bits not known. */
  readonly mask: bigint;
  readonly umin: bigint;
  readonly umax: bigint;
  readonly smin: bigint;
  readonly smax: bigint;
  readonly u32min: bigint;
  readonly u32max: bigint;
  readonly s32min: bigint;
  readonly s32max: bigint;
}

const ALL = (1n << 64n) - 1n;

export const UNKNOWN: Scalar = {
  value: 0n,
  mask: ALL,
  umin: 0n,
  umax: ALL,
  smin: -(1n << 63n),
  smax: (1n << 63n) - 1n,
  u32min: 0n,
  u32max: (1n << 32n) - 1n,
  s32min: -(1n << 31n),
  s32max: (1n << 31n) - 1n,
};

const hex = (x: bigint): string => (x === 0n ? '0' : `0x${BigInt.asUintN(64, x).toString(16)}`);
const isSmallSigned = (x: bigint): boolean => x >= -0x8000n && x <= 0x7fffn;
export const signedText = (x: bigint): string => (isSmallSigned(x) ? `${x}` : hex(x));
export const unsignedText = (x: bigint): string => (x <= 0xffffn ? `${x}` : hex(x));

/** The kernel prints large negative 32-bit bounds as unsigned numbers of 32 bits. */
const half = (x: bigint): bigint => (isSmallSigned(x) ? x : BigInt.asUintN(32, x));

interface Bound {
  readonly name: string;
  readonly value: bigint;
  readonly isSigned: boolean;
}

/** In the kernel's order; bounds that say nothing are left out. */
function boundsOf(scalar: Scalar): Bound[] {
  const rows = [
    ['smin', 'smin', scalar.smin],
    ['smax', 'smax', scalar.smax],
    ['umin', 'umin', scalar.umin],
    ['umax', 'umax', scalar.umax],
    ['s32min', 'smin32', half(scalar.s32min)],
    ['s32max', 'smax32', half(scalar.s32max)],
    ['u32min', 'umin32', scalar.u32min],
    ['u32max', 'umax32', scalar.u32max],
  ] as const;
  return rows
    .filter(([key]) => scalar[key] !== UNKNOWN[key])
    .map(([, name, value]) => ({ name, value, isSigned: name.startsWith('s') }));
}

/** Bounds of one side (least or greatest) that are the same number are printed together. */
function together(a: Bound, b: Bound): boolean {
  return a.name.slice(1, 4) === b.name.slice(1, 4) && a.value === b.value;
}

function boundsText(scalar: Scalar): string[] {
  const texts: string[] = [];
  for (let left = boundsOf(scalar); left[0] !== undefined; ) {
    const first = left[0];
    const same = left.filter((bound) => together(first, bound));
    left = left.filter((bound) => !same.includes(bound));
    const value = first.isSigned ? signedText(first.value) : unsignedText(first.value);
    texts.push(`${same.map(({ name }) => name).join('=')}=${value}`);
  }
  return texts;
}

const tnumHex = (x: bigint): string => `0x${x.toString(16)}`;

/**
 * What a pointer's variable offset adds to it in the kernel's log: nothing for 0, bounds and bits for what is unknown.
 *
 * @param constant how a known offset is printed
 */
export function formatBounds(scalar: Scalar, constant: (value: bigint) => string): string[] {
  const { value, mask } = scalar;
  if (mask === 0n) return value === 0n ? [] : [constant(BigInt.asIntN(64, value))];
  const bits = mask === ALL ? [] : [`var_off=(${tnumHex(value)}; ${tnumHex(mask)})`];
  return [...boundsText(scalar), ...bits];
}

/** As the kernel's log prints a scalar register (print_scalar_ranges), without its id. */
export function formatScalar(scalar: Scalar): string {
  if (scalar.mask === 0n) return signedText(BigInt.asIntN(64, scalar.value));
  return `scalar(${formatBounds(scalar, signedText).join(',')})`;
}
