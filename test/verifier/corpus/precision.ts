import type { Scalar } from '../../../src/verifier/scalar.ts';
import { parseScalar } from '../domain/log.ts';

const SCALAR = /^P?(scalar\(|-?\d)/;
const DELTA = /\bid=\d+([+-]\d+)/;

const bitsWithin = (ours: Scalar, theirs: Scalar): boolean =>
  (ours.mask | theirs.mask) === theirs.mask && ((ours.value ^ theirs.value) & ~theirs.mask) === 0n;

const rangesWithin = (ours: Scalar, theirs: Scalar): boolean =>
  ours.smin >= theirs.smin &&
  ours.smax <= theirs.smax &&
  ours.umin >= theirs.umin &&
  ours.umax <= theirs.umax &&
  ours.s32min >= theirs.s32min &&
  ours.s32max <= theirs.s32max &&
  ours.u32min >= theirs.u32min &&
  ours.u32max <= theirs.u32max;

/** Whether one text of a log tells as much of a number as another, or more. */
export function isAtLeast(ours: string, theirs: string): boolean {
  if (!SCALAR.test(ours) || !SCALAR.test(theirs)) return false;
  if (theirs.includes('scalar') && DELTA.exec(ours)?.[1] !== DELTA.exec(theirs)?.[1]) return false;
  const [known, wanted] = [parseScalar(ours), parseScalar(theirs)];
  return bitsWithin(known, wanted) && rangesWithin(known, wanted);
}
