import { E2BIG, EFAULT, EINVAL, ERANGE } from '../../src/abi/maps';
import { bytesAt } from '../dynptr/access';
import { dynptrArgument, holds, isReadOnly } from '../dynptr/dynptr';
import { errno, memoryArgument } from '../helpers/arguments';
import { readable } from '../run/sandbox';
import { beginTexts, byteAt, UNREADABLE } from './text';

// Copies from addresses that nobody has checked: kernel/trace/bpf_trace.c, kernel/bpf/helpers.c. There is one memory here,
// which programs call the user's as well as the kernel's.

const PAD_ZEROS: u64 = 1;

/** The kernel has nothing in the lower half of the address space. */
function kernelFault(address: u64): i32 {
  return (address as i64) < 0 ? -EFAULT : -ERANGE;
}

/** Where the bytes go, or 0: then the error is that of `refusal`. */
function placeIn(dynptr: u32, offset: u32, size: u32): u32 {
  return isReadOnly(dynptr) ? 0 : bytesAt(dynptr, offset, size, 1);
}

function refusal(dynptr: u32, offset: u32, size: u32): i32 {
  if (!holds(dynptr, offset, size)) return -E2BIG;
  return size == 0 ? 0 : -EINVAL;
}

function copyBytes(r1: u64, offset: u32, size: u32, from: u64, fault: i32): u64 {
  const dynptr = dynptrArgument(r1, 0);
  const to = placeIn(dynptr, offset, size);
  if (to == 0) return errno(refusal(dynptr, offset, size));
  if (!readable(from, size)) return errno(fault);
  memory.copy(to, from as u32, size);
  return 0;
}

/** Copies text of at most `size` bytes with its NUL. Returns its length with the NUL, or `fault`. */
function copyText(to: u32, size: u32, from: u64, fault: i32): i32 {
  beginTexts(from, from);
  for (let i: u32 = 0; i < size; ++i) {
    const c = byteAt(from + i);
    if (c == UNREADABLE) return fault;
    store<u8>(to + i, i + 1 == size ? 0 : c);
    if (c == 0) return i + 1;
  }
  return size;
}

function copyTextTo(r1: u64, offset: u32, size: u32, from: u64, fault: i32): u64 {
  const dynptr = dynptrArgument(r1, 0);
  const to = placeIn(dynptr, offset, size);
  return errno(to == 0 ? refusal(dynptr, offset, size) : copyText(to, size, from, fault));
}

/** bpf_probe_read_kernel_dynptr(dptr, off, size, unsafe_ptr), as the next */
export function bpf_probe_read_kernel_dynptr(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return copyBytes(r1, r2 as u32, r3 as u32, r4, kernelFault(r4));
}

export function bpf_probe_read_user_dynptr(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return copyBytes(r1, r2 as u32, r3 as u32, r4, -EFAULT);
}

export function bpf_copy_from_user_dynptr(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return copyBytes(r1, r2 as u32, r3 as u32, r4, -EFAULT);
}

/** bpf_probe_read_kernel_str_dynptr(dptr, off, size, unsafe_ptr): the length with the NUL, as the next */
export function bpf_probe_read_kernel_str_dynptr(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return copyTextTo(r1, r2 as u32, r3 as u32, r4, kernelFault(r4));
}

export function bpf_probe_read_user_str_dynptr(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return copyTextTo(r1, r2 as u32, r3 as u32, r4, -EFAULT);
}

export function bpf_copy_from_user_str_dynptr(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return copyTextTo(r1, r2 as u32, r3 as u32, r4, -EFAULT);
}

/** bpf_copy_from_user_str(dst, dst_sz, unsafe_ptr, flags): the length with the NUL; BPF_F_PAD_ZEROS: zeros behind it. */
export function bpf_copy_from_user_str(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const size = r2 as u32;
  const to = memoryArgument(r1, size, 1);
  if (r4 & ~PAD_ZEROS) return errno(-EINVAL);
  if (size == 0) return 0;
  const length = copyText(to, size, r3, -EFAULT);
  const kept: u32 = length < 0 ? 0 : length;
  if (r4 & PAD_ZEROS) memory.fill(to + kept, 0, size - kept);
  return errno(length);
}
