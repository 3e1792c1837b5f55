// Bounds of one width: umin, umax, smin, smax side by side, of the types T = u64 and S = i64 (SCALAR_64 of
// a scalar) or T = u32 and S = i32 (SCALAR_32). Narrowing keeps what is there and adds to it; setting
// replaces.

export function umin<T>(at: u32): T {
  return load<T>(at);
}

export function umax<T>(at: u32): T {
  return load<T>(at + sizeof<T>());
}

export function smin<S>(at: u32): S {
  return load<S>(at + 2 * sizeof<S>());
}

export function smax<S>(at: u32): S {
  return load<S>(at + 3 * sizeof<S>());
}

export function setUnsigned<T>(at: u32, low: T, high: T): void {
  store<T>(at, low);
  store<T>(at + sizeof<T>(), high);
}

export function setSigned<S>(at: u32, low: S, high: S): void {
  store<S>(at + 2 * sizeof<S>(), low);
  store<S>(at + 3 * sizeof<S>(), high);
}

export function setUnbounded<T, S>(at: u32): void {
  setUnsigned<T>(at, 0, ~(0 as T));
  const least = (1 as S) << ((sizeof<S>() * 8 - 1) as S);
  setSigned<S>(at, least, ~least);
}

/** Whether some bound has become narrower since this was last cleared. */
let narrowed: bool = false;

export function clearNarrowed(): void {
  narrowed = false;
}

export function hasNarrowed(): bool {
  return narrowed;
}

/** Narrows one bound; most attempts find nothing to do. */
function replace<T>(place: u32, bound: T): void {
  store<T>(place, bound);
  narrowed = true;
}

export function narrowUnsigned<T>(at: u32, low: T, high: T): void {
  if (low > umin<T>(at)) replace<T>(at, low);
  if (high < umax<T>(at)) replace<T>(at + sizeof<T>(), high);
}

export function narrowSigned<S>(at: u32, low: S, high: S): void {
  if (low > smin<S>(at)) replace<S>(at + 2 * sizeof<S>(), low);
  if (high < smax<S>(at)) replace<S>(at + 3 * sizeof<S>(), high);
}

/**
 * The values from `low` upwards to `high`, around the end of the number range where low is above high. One
 * such arc gives unsigned bounds, signed bounds, or both, depending on which of the two borders it crosses.
 */
export function narrowArc<T, S>(at: u32, low: T, high: T): void {
  if (low <= high) narrowUnsigned<T>(at, low, high);
  if ((low as S) <= (high as S)) narrowSigned<S>(at, low as S, high as S);
}

/** The same, replacing what is there; without bounds where `isArc` is false. */
export function setArc<T, S>(at: u32, low: T, high: T, isArc: bool): void {
  const least = (1 as S) << ((sizeof<S>() * 8 - 1) as S);
  const inOrder = isArc && low <= high;
  const inSignedOrder = isArc && (low as S) <= (high as S);
  setUnsigned<T>(at, inOrder ? low : 0, inOrder ? high : ~(0 as T));
  setSigned<S>(at, inSignedOrder ? (low as S) : least, inSignedOrder ? (high as S) : ~least);
}

/** What unsigned bounds say of the signed ones. */
export function signedFromUnsigned<T, S>(at: u32): void {
  const low = umin<T>(at) as S;
  const high = umax<T>(at) as S;
  if (low <= high) narrowSigned<S>(at, low, high);
}

/**
 * What signed bounds say of the unsigned ones. Bounds on both sides of zero are two unsigned intervals, one
 * at either end; where the unsigned bounds touch only one of them, the value is in that one.
 */
export function unsignedFromSigned<T, S>(at: u32): void {
  const low = smin<S>(at);
  const high = smax<S>(at);
  if ((low as T) <= (high as T)) {
    narrowUnsigned<T>(at, low as T, high as T);
  } else if (umax<T>(at) < (low as T)) {
    narrowUnsigned<T>(at, 0, high as T);
    narrowSigned<S>(at, umin<T>(at) as S, high);
  } else if (umin<T>(at) > (high as T)) {
    narrowUnsigned<T>(at, low as T, ~(0 as T));
    narrowSigned<S>(at, low, umax<T>(at) as S);
  }
}

export function areEmpty<T, S>(at: u32): bool {
  return umin<T>(at) > umax<T>(at) || smin<S>(at) > smax<S>(at);
}

export function contain<T, S>(at: u32, x: T): bool {
  return (
    umin<T>(at) <= x && x <= umax<T>(at) && smin<S>(at) <= (x as S) && (x as S) <= smax<S>(at)
  );
}

/** Whether the bounds at `inner` lie within those at `outer`. */
export function enclose<T, S>(outer: u32, inner: u32): bool {
  return (
    umin<T>(outer) <= umin<T>(inner) &&
    umax<T>(outer) >= umax<T>(inner) &&
    smin<S>(outer) <= smin<S>(inner) &&
    smax<S>(outer) >= smax<S>(inner)
  );
}

export function narrowTo<T, S>(at: u32, other: u32): void {
  narrowUnsigned<T>(at, umin<T>(other), umax<T>(other));
  narrowSigned<S>(at, smin<S>(other), smax<S>(other));
}

/** The least bounds that enclose both. */
export function widenTo<T, S>(at: u32, other: u32): void {
  setUnsigned<T>(at, min<T>(umin<T>(at), umin<T>(other)), max<T>(umax<T>(at), umax<T>(other)));
  setSigned<S>(at, min<S>(smin<S>(at), smin<S>(other)), max<S>(smax<S>(at), smax<S>(other)));
}
