import { narrowSigned, narrowUnsigned, smax, smin, umax, umin } from './bounds';

// Where a tristate number has members: bounds move inwards to the nearest of them.

/** Bits below the highest bit of `x`, and that bit. */
function upTo<T>(x: T): T {
  return ~(0 as T) >> clz<T>(x);
}

/** The least member of the tnum that is not below `low`; `low` itself when there is none. */
export function leastMember<T>(value: T, mask: T, low: T): T {
  const wrong = (low ^ value) & ~mask;
  if (wrong == 0) return low;
  const below = upTo<T>(wrong);
  const top = below ^ (below >> 1);
  if (value & top) return (low & ~below) | (value & below);
  // A bit that is 1 in low is 0 in all members: only a larger number above it helps, the least such.
  const candidates = mask & ~low & ~below;
  if (candidates == 0) return low;
  const raised = candidates & (0 - candidates);
  return (low & ~((raised << 1) - 1)) | raised | (value & (raised - 1));
}

/** The greatest member that is not above `high`; `high` itself when there is none. */
export function greatestMember<T>(value: T, mask: T, high: T): T {
  return ~leastMember<T>(~(value | mask), mask, ~high);
}

/** Narrows the bounds at `at` to the first and the last member within them. */
export function narrowToMembers<T, S>(at: u32, value: T, mask: T): void {
  if (~mask == 0) return;
  narrowUnsigned<T>(
    at,
    leastMember<T>(value, mask, umin<T>(at)),
    greatestMember<T>(value, mask, umax<T>(at)),
  );
  // Signed order is unsigned order with the sign bit inverted.
  const sign = (1 as T) << ((sizeof<T>() * 8 - 1) as T);
  const turned = (value ^ sign) & ~mask;
  const low = leastMember<T>(turned, mask, (smin<S>(at) as T) ^ sign) ^ sign;
  const high = greatestMember<T>(turned, mask, (smax<S>(at) as T) ^ sign) ^ sign;
  narrowSigned<S>(at, low as S, high as S);
}
