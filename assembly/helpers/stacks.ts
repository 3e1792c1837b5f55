import {
  MAP_TYPE,
  RUN_KERNEL_FRAMES,
  RUN_KERNEL_STACK,
  RUN_USER_FRAMES,
  RUN_USER_STACK,
} from '../../src/abi/layout';
import {
  BPF_F_SKIP_FIELD_MASK,
  BPF_F_USER_BUILD_ID,
  BPF_F_USER_STACK,
  BPF_STACK_BUILD_ID_IP,
  EFAULT,
  EINVAL,
  MAP_TYPE_STACK_TRACE,
} from '../../src/abi/maps';
import { copy, zero } from '../memory/bytes';
import { stackInsert } from '../maps/stacks';
import { mapArgument } from '../run/sandbox';
import { run } from '../run/state';
import { anyContextArgument, errno, memoryArgument, refuse } from './arguments';

// Call stacks, which the host supplies with the event: kernel/bpf/stackmap.c. Without one there is no call chain: -EFAULT.

const FRAME: u32 = 8;
const BUILD_ID_FRAME: u32 = 32;
const B_ADDRESS: usize = 24;

function framesAt(user: bool): u32 {
  return load<u32>(run + (user ? RUN_USER_STACK : RUN_KERNEL_STACK));
}

function frameCount(user: bool): u32 {
  return load<u32>(run + (user ? RUN_USER_FRAMES : RUN_KERNEL_FRAMES));
}

/** bpf_get_stackid(ctx, map, flags): the frames of the event, numbered as the kernel does. */
export function bpf_get_stackid(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  anyContextArgument(r1);
  const map = mapArgument(r2);
  if (load<u32>(map, MAP_TYPE) != MAP_TYPE_STACK_TRACE) refuse(r2);
  const user = (r3 & BPF_F_USER_STACK) != 0;
  return errno(stackInsert(map, framesAt(user), frameCount(user), r3));
}

/** Addresses as frames of the given size; there are no files here that have a build id. */
function writeFrames(to: u32, from: u32, count: u32, size: u32): void {
  if (size == FRAME) {
    copy(to, from, count * FRAME);
    return;
  }
  zero(to, count * size);
  for (let index: u32 = 0; index < count; ++index) {
    store<u32>(to + index * size, BPF_STACK_BUILD_ID_IP);
    store<u64>(to + index * size, load<u64>(from + index * FRAME), B_ADDRESS);
  }
}

function frameError(size: u32, flags: u64): i32 {
  const user = (flags & BPF_F_USER_STACK) != 0;
  const buildIds = (flags & BPF_F_USER_BUILD_ID) != 0;
  if (flags & ~((BPF_F_SKIP_FIELD_MASK as u64) | BPF_F_USER_STACK | BPF_F_USER_BUILD_ID)) return -EINVAL;
  if (buildIds && !user) return -EINVAL;
  return size % (buildIds ? BUILD_ID_FRAME : FRAME) ? -EINVAL : 0;
}

/** Bytes written, or a negative error number. */
function readStack(to: u32, size: u32, flags: u64): i32 {
  const error = frameError(size, flags);
  if (error) return error;
  const user = (flags & BPF_F_USER_STACK) != 0;
  const skip = (flags & BPF_F_SKIP_FIELD_MASK) as u32;
  const total = frameCount(user);
  if (total == 0 || total < skip) return -EFAULT;
  const frame: u32 = flags & BPF_F_USER_BUILD_ID ? BUILD_ID_FRAME : FRAME;
  const count = min<u32>(total - skip, size / frame);
  writeFrames(to, framesAt(user) + skip * FRAME, count, frame);
  zero(to + count * frame, size - count * frame);
  return (count * frame) as i32;
}

function stackInto(to: u64, size: u64, flags: u64): u64 {
  const buffer = memoryArgument(to, size, 1);
  const result = readStack(buffer, size as u32, flags);
  if (result < 0) zero(buffer, size as u32);
  return errno(result);
}

/** bpf_get_stack(ctx, buf, size, flags): the frames of the event; bytes written. */
export function bpf_get_stack(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  anyContextArgument(r1);
  return stackInto(r2, r3, r4);
}
