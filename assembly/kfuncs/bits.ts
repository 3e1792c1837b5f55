import { E2BIG, EFAULT, EINVAL, ENOMEM } from '../../src/abi/maps';
import { errno, memoryArgument } from '../helpers/arguments';
import { giveOwned, owns, takeOwned } from '../run/owned';
import { argument, readable } from '../run/sandbox';

// struct bpf_iter_bits: u64 of up to 64 bits, or the address of the copy of more; i32 number of bits, i32 of the last.

const SIZE: u32 = 16;
const BITS: i32 = 8;
const AT: i32 = 12;
/** BITS_ITER_NR_WORDS_MAX */
const WORDS_MAX: u32 = 511;
const WORD: u32 = 8;
const WORD_BITS: u32 = 64;

function reset(iterator: u32): void {
  store<u64>(iterator, 0);
  store<u32>(iterator, 0, BITS);
  store<i32>(iterator, -1, AT);
}

/** bpf_iter_bits_new(it, unsafe_ptr, nr_words): iterates over a copy of the words. */
export function bpf_iter_bits_new(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const iterator = argument(r1, SIZE, 1);
  const words = r3 as u32;
  reset(iterator);
  if (r2 == 0 || words == 0) return errno(-EINVAL);
  if (words > WORDS_MAX) return errno(-E2BIG);
  if (!readable(r2, words * WORD)) return errno(-EFAULT);
  let copy = iterator;
  if (words > 1) {
    copy = takeOwned(words * WORD);
    if (copy == 0) return errno(-ENOMEM);
  }
  memory.copy(copy, r2 as u32, words * WORD);
  if (words > 1) store<u64>(iterator, copy);
  store<u32>(iterator, words * WORD_BITS, BITS);
  return 0;
}

/** The first set bit from `from` on, or `count`. */
function findBit(bits: u32, count: u32, from: u32): u32 {
  for (let word = from / WORD_BITS; word * WORD_BITS < count; ++word) {
    const first = max<u32>(from, word * WORD_BITS) % WORD_BITS;
    const rest = load<u64>(bits + word * WORD) >> first;
    if (rest) return word * WORD_BITS + first + (ctz(rest) as u32);
  }
  return count;
}

/** What an unverified program has made of the iterator must not lead elsewhere. */
function bitsOf(iterator: u32, count: u32): u32 {
  if (count <= WORD_BITS) return iterator;
  const copy = load<u32>(iterator);
  return owns(copy) ? copy : memoryArgument(copy, count / 8, 0);
}

/** bpf_iter_bits_next(it): address of the bit's number, in the iterator itself, or 0. */
export function bpf_iter_bits_next(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const iterator = argument(r1, SIZE, 1);
  const count = load<u32>(iterator, BITS);
  const at = load<i32>(iterator, AT);
  if (count == 0 || at >= (count as i32)) return 0;
  const bit = findBit(bitsOf(iterator, count), count, at + 1);
  store<i32>(iterator, bit, AT);
  return bit >= count ? 0 : iterator + AT;
}

/** bpf_iter_bits_destroy(it) */
export function bpf_iter_bits_destroy(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const iterator = argument(r1, SIZE, 1);
  if (load<u32>(iterator, BITS) > WORD_BITS) giveOwned(load<u32>(iterator));
  return 0;
}
