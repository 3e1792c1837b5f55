import { SCALAR_32, SCALAR_64 } from '../../src/abi/verifier';
import { narrowTo, widenTo } from './bounds';
import { maskOf, setTnum, valueOf } from './scalar';
import { sync } from './sync';
import { narrowTnum } from './tnum';

/** Narrows `d` to what `s` allows as well. False when they have nothing in common; `d` is then of no use. */
export function meet(d: u32, s: u32): bool {
  narrowTo<u64, i64>(d + SCALAR_64, s + SCALAR_64);
  narrowTo<u32, i32>(d + SCALAR_32, s + SCALAR_32);
  return narrowTnum(d, valueOf(s), maskOf(s)) && sync(d);
}

/** Widens `d` to all that either may be. */
export function join(d: u32, s: u32): void {
  const unknown = maskOf(d) | maskOf(s) | (valueOf(d) ^ valueOf(s));
  setTnum(d, valueOf(d) & ~unknown, unknown);
  widenTo<u64, i64>(d + SCALAR_64, s + SCALAR_64);
  widenTo<u32, i32>(d + SCALAR_32, s + SCALAR_32);
  sync(d);
}
