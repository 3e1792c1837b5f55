import { formatScalar, type Scalar, UNKNOWN } from '../../verifier/scalar.ts';
import { Disproof, hex } from './violation.ts';

const KEYS = ['mask', 'umin', 'umax', 'smin', 'smax', 'u32min', 'u32max', 's32min', 's32max'] as const;

/** Whether anything at all is known. */
export const saysSomething = (scalar: Scalar): boolean => KEYS.some((key) => scalar[key] !== UNKNOWN[key]);

/** Whether the scalar may be `x` (unsigned 64 bits), by each of its parts. */
export function contains(scalar: Scalar, x: bigint): boolean {
  if (scalar.mask === 0n) return x === scalar.value;
  if ((x & ~scalar.mask) !== scalar.value || x < scalar.umin || x > scalar.umax) return false;
  const signed = BigInt.asIntN(64, x);
  if (signed < scalar.smin || signed > scalar.smax) return false;
  const low = BigInt.asUintN(32, x);
  if (low < scalar.u32min || low > scalar.u32max) return false;
  const signedLow = BigInt.asIntN(32, x);
  return signedLow >= scalar.s32min && signedLow <= scalar.s32max;
}

export function checkScalar(register: number, scalar: Scalar, x: bigint): void {
  if (contains(scalar, x)) return;
  throw new Disproof('scalar', `r${register} is ${hex(x)}, not ${formatScalar(scalar)}`, x);
}
