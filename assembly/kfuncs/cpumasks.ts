import { HDR_NCPU, HEADER, RUN_CPU_BEFORE } from '../../src/abi/layout';
import { EACCES } from '../../src/abi/maps';
import { errno, memoryArgument } from '../helpers/arguments';
import { alloc, free } from '../memory/allocator';
import { run } from '../run/state';

// struct bpf_cpumask: kernel/bpf/cpumask.c. Masks are those of verified programs: an address may be any mask's. The CPUs
// there are, are the engine's.

/** A cpumask_t of CONFIG_NR_CPUS 256, the most CPUs that an engine may have, and its reference count behind it. */
const MASK_BYTES: u32 = 32;
const USAGE: u32 = 32;
const SIZE: u32 = 40;
const WORD_BITS: u32 = 64;
const WORD: u32 = 8;

@inline
function cpus(): u32 {
  return load<u32>(HEADER, HDR_NCPU);
}

@inline
function words(): u32 {
  return (cpus() + WORD_BITS - 1) / WORD_BITS;
}

/** Word of a mask, without the bits of CPUs that there are not. */
function word(mask: u32, index: u32): u64 {
  const bits = load<u64>(mask + index * WORD);
  const beyond = (index + 1) * WORD_BITS - cpus();
  return (beyond as i32) > 0 ? bits & (u64.MAX_VALUE >> beyond) : bits;
}

export function bpf_cpumask_create(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const mask = alloc(SIZE);
  if (mask) store<u32>(mask + USAGE, 1);
  return mask;
}

/** Adds to the references; how many there were. */
function count(mask: u32, change: u32): u32 {
  if (ASC_FEATURE_THREADS) return atomic.add<u32>(mask + USAGE, change);
  const before = load<u32>(mask + USAGE);
  store<u32>(mask + USAGE, before + change);
  return before;
}

export function bpf_cpumask_acquire(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  count(r1 as u32, 1);
  return r1;
}

export function bpf_cpumask_release(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  if (count(r1 as u32, -1) == 1) free(r1 as u32);
  return 0;
}

/** The first CPU in both masks at or after `from`, or the number of CPUs; `flip`: all ones to look for zeros of `a`. */
function findFirst(a: u32, b: u32, flip: u64, from: u32): u32 {
  const count = cpus();
  for (let index = from / WORD_BITS; index < words(); ++index) {
    let bits = (load<u64>(a + index * WORD) ^ flip) & (load<u64>(b + index * WORD) ^ flip);
    if (index == from / WORD_BITS) bits &= u64.MAX_VALUE << (from % WORD_BITS);
    if (bits) return min<u32>(index * WORD_BITS + (ctz(bits) as u32), count);
  }
  return count;
}

export function bpf_cpumask_first(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return findFirst(r1 as u32, r1 as u32, 0, 0);
}

export function bpf_cpumask_first_zero(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return findFirst(r1 as u32, r1 as u32, u64.MAX_VALUE, 0);
}

export function bpf_cpumask_first_and(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return findFirst(r1 as u32, r2 as u32, 0, 0);
}

/** Sets or clears a bit; the word as it was. */
function swapBit(at: u32, bit: u64, set: bool): u64 {
  if (ASC_FEATURE_THREADS) return set ? atomic.or<u64>(at, bit) : atomic.and<u64>(at, ~bit);
  const before = load<u64>(at);
  store<u64>(at, set ? before | bit : before & ~bit);
  return before;
}

/** Sets or clears a CPU's bit; whether it was set. CPUs that there are not are left alone. */
function change(cpu: u32, mask: u32, set: bool): u64 {
  if (cpu >= cpus()) return 0;
  const at = mask + (cpu / WORD_BITS) * WORD;
  const bit: u64 = (1 as u64) << (cpu % WORD_BITS);
  return swapBit(at, bit, set) & bit ? 1 : 0;
}

/** bpf_cpumask_set_cpu(cpu, mask), as the next */
export function bpf_cpumask_set_cpu(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  change(r1 as u32, r2 as u32, true);
  return 0;
}

export function bpf_cpumask_clear_cpu(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  change(r1 as u32, r2 as u32, false);
  return 0;
}

export function bpf_cpumask_test_and_set_cpu(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return change(r1 as u32, r2 as u32, true);
}

export function bpf_cpumask_test_and_clear_cpu(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return change(r1 as u32, r2 as u32, false);
}

export function bpf_cpumask_test_cpu(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const cpu = r1 as u32;
  if (cpu >= cpus()) return 0;
  return (load<u64>((r2 as u32) + (cpu / WORD_BITS) * WORD) >> (cpu % WORD_BITS)) & 1;
}

export function bpf_cpumask_setall(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const mask = r1 as u32;
  for (let index: u32 = 0; index < words(); ++index) {
    store<u64>(mask + index * WORD, u64.MAX_VALUE);
    store<u64>(mask + index * WORD, word(mask, index));
  }
  return 0;
}

export function bpf_cpumask_clear(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  memory.fill(r1 as u32, 0, MASK_BYTES);
  return 0;
}

/** bpf_cpumask_and(dst, src1, src2): whether any CPU is left. */
export function bpf_cpumask_and(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  let any: u64 = 0;
  for (let at: u32 = 0; at < words() * WORD; at += WORD) {
    store<u64>((r1 as u32) + at, load<u64>((r2 as u32) + at) & load<u64>((r3 as u32) + at));
    any |= word(r1 as u32, at / WORD);
  }
  return any ? 1 : 0;
}

export function bpf_cpumask_or(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  for (let at: u32 = 0; at < words() * WORD; at += WORD)
    store<u64>((r1 as u32) + at, load<u64>((r2 as u32) + at) | load<u64>((r3 as u32) + at));
  return 0;
}

export function bpf_cpumask_xor(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  for (let at: u32 = 0; at < words() * WORD; at += WORD)
    store<u64>((r1 as u32) + at, load<u64>((r2 as u32) + at) ^ load<u64>((r3 as u32) + at));
  return 0;
}

export function bpf_cpumask_equal(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  for (let index: u32 = 0; index < words(); ++index)
    if (word(r1 as u32, index) != word(r2 as u32, index)) return 0;
  return 1;
}

export function bpf_cpumask_intersects(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  for (let index: u32 = 0; index < words(); ++index)
    if (word(r1 as u32, index) & word(r2 as u32, index)) return 1;
  return 0;
}

/** bpf_cpumask_subset(src1, src2): whether all of the first are in the second. */
export function bpf_cpumask_subset(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  for (let index: u32 = 0; index < words(); ++index)
    if (word(r1 as u32, index) & ~word(r2 as u32, index)) return 0;
  return 1;
}

export function bpf_cpumask_empty(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return findFirst(r1 as u32, r1 as u32, 0, 0) >= cpus() ? 1 : 0;
}

export function bpf_cpumask_full(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return findFirst(r1 as u32, r1 as u32, u64.MAX_VALUE, 0) >= cpus() ? 1 : 0;
}

export function bpf_cpumask_copy(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  memory.copy(r1 as u32, r2 as u32, words() * WORD);
  return 0;
}

/** The CPU in both masks after the one given last, so that all have their turn. */
function distribute(a: u32, b: u32): u32 {
  const count = cpus();
  let next = findFirst(a, b, 0, load<u32>(run, RUN_CPU_BEFORE) + 1);
  if (next >= count) next = findFirst(a, b, 0, 0);
  if (next < count) store<u32>(run, next, RUN_CPU_BEFORE);
  return next;
}

export function bpf_cpumask_any_distribute(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return distribute(r1 as u32, r1 as u32);
}

export function bpf_cpumask_any_and_distribute(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return distribute(r1 as u32, r2 as u32);
}

export function bpf_cpumask_weight(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  let count: u64 = 0;
  for (let index: u32 = 0; index < words(); ++index) count += popcnt(word(r1 as u32, index));
  return count;
}

/** bpf_cpumask_populate(mask, src, src_sz) */
export function bpf_cpumask_populate(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const bytes = words() * WORD;
  if ((r3 as u32) < bytes) return errno(-EACCES);
  memory.copy(r1 as u32, memoryArgument(r2, bytes, 0), bytes);
  return 0;
}
