import { SCALAR_32, SCALAR_64 } from '../../../src/abi/verifier';
import { smax, smin, umax, umin } from '../bounds';

// Bounds as JavaScript's numbers: beyond 2^53 rounded, which no limit of the verifier comes near.

export function sminOf(r: u32): f64 {
  return smin<i64>(r + SCALAR_64) as f64;
}

export function smaxOf(r: u32): f64 {
  return smax<i64>(r + SCALAR_64) as f64;
}

export function uminOf(r: u32): f64 {
  return umin<u64>(r + SCALAR_64) as f64;
}

export function umaxOf(r: u32): f64 {
  return umax<u64>(r + SCALAR_64) as f64;
}

export function smin32Of(r: u32): i32 {
  return smin<i32>(r + SCALAR_32);
}

export function smax32Of(r: u32): i32 {
  return smax<i32>(r + SCALAR_32);
}

export function umax32Of(r: u32): f64 {
  return umax<u32>(r + SCALAR_32) as f64;
}

/** Bits up to the highest one that may be set. */
export function widthOf(r: u32): u32 {
  return 64 - (clz<u64>(umax<u64>(r + SCALAR_64)) as u32);
}
