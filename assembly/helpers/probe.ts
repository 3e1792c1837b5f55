import { EFAULT } from '../../src/abi/maps';
import { copy, zero } from '../memory/bytes';
import { owe } from '../run/budget';
import { readable } from '../run/sandbox';
import { errno, memoryArgument } from './arguments';

// Reads of addresses that a program need not own. Here the only memory there is to read is what the program was
// given; anything else is a fault: -EFAULT, and zeros at the destination.

function fault(to: u32, size: u32): u64 {
  zero(to, size);
  return errno(-EFAULT);
}

function read(r1: u64, r2: u64, r3: u64): u64 {
  const to = memoryArgument(r1, r2, 1);
  const size = r2 as u32;
  if (size == 0) return 0;
  if (!readable(r3, size)) return fault(to, size);
  memory.copy(to, r3 as u32, size);
  return 0;
}

/** Length of the string with its NUL, at most `size`; -1 when it leaves readable memory first. */
function measure(from: u64, size: u32): i32 {
  const whole = readable(from, size);
  for (let length: u32 = 0; length < size; ++length) {
    if (!whole) {
      owe(length & 1);
      if (!readable(from + length, 1)) return -1;
    }
    if (load<u8>((from as u32) + length) == 0) return length + 1;
  }
  return size;
}

function readString(r1: u64, r2: u64, r3: u64): u64 {
  const to = memoryArgument(r1, r2, 1);
  const size = r2 as u32;
  if (size == 0) return 0;
  const length = measure(r3, size);
  if (length < 0) return fault(to, size);
  copy(to, r3 as u32, length - 1);
  store<u8>(to + length - 1, 0);
  return length;
}

export function bpf_probe_read(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return read(r1, r2, r3);
}

export function bpf_probe_read_user(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return read(r1, r2, r3);
}

export function bpf_probe_read_kernel(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return read(r1, r2, r3);
}

/** Returns the length with the NUL, which is always there. */
export function bpf_probe_read_str(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return readString(r1, r2, r3);
}

export function bpf_probe_read_user_str(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return readString(r1, r2, r3);
}

export function bpf_probe_read_kernel_str(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return readString(r1, r2, r3);
}
