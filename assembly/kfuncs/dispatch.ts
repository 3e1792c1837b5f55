/** Kernel functions by number, for the interpreter: the host has put each into the table at its number's place. */
import { KFUNC_BASE } from '../../src/abi/layout';

/** Table index of the function with the number KFUNC_BASE; the table is this instance's, so that no memory has it. */
let first: u32 = 0;

/** Says from where on the table has the functions; a function's place in it is its number's. */
export function setKfuncs(index: u32): void {
  first = index;
}

export function callKfunc(number: u32, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return call_indirect<u64>(first + (number - KFUNC_BASE), r1, r2, r3, r4, r5);
}
