import { RUN_PKT_DATA } from '../../src/abi/layout';
import { E2BIG, EINVAL } from '../../src/abi/maps';
import { RUN_REST_READY } from '../../src/abi/packets';
import { PROG_TYPE_CGROUP_SOCKOPT } from '../../src/abi/programTypes';
import {
  HOOK_APPLY_BYTES,
  HOOK_CORK_BYTES,
  HOOK_READY,
  HOOK_RETVAL,
  HOOK_SIZE,
  HOOK_SYSCTL_CHANGED,
  HOOK_SYSCTL_NAME,
  HOOK_SYSCTL_NAME_LENGTH,
  HOOK_SYSCTL_NEW,
  HOOK_SYSCTL_NEW_LENGTH,
  HOOK_SYSCTL_VALUE,
  HOOK_SYSCTL_VALUE_LENGTH,
  RUN_HOOK,
  RUN_HOOK_TEMPLATE,
  SYSCTL_MAX,
} from '../../src/abi/tracing';
import { run } from '../run/state';
import { errno, memoryArgument } from './arguments';
import { anyContext, programType } from './socketArguments';

// What hooks of cgroups and sockets have beside their context: kernel/bpf/cgroup.c, net/core/filter.c.

/** Member of struct bpf_sockopt. */
const SOCKOPT_RETVAL: i32 = 36;
/** Members of struct bpf_sock_ops. */
const SOCK_OPS_IS_FULLSOCK: i32 = 72;
const SOCK_OPS_CB_FLAGS: i32 = 84;
/** BPF_SOCK_OPS_ALL_CB_FLAGS */
const CB_FLAGS: u32 = 0x7f;
/** BPF_F_SYSCTL_BASE_NAME */
const BASE_NAME: u64 = 1;
const SLASH: u32 = 47;

/** Address of this run's fields. */
function hook(): u32 {
  if (load<u32>(run, RUN_REST_READY) != HOOK_READY) {
    memory.copy(run + RUN_HOOK, run + RUN_HOOK_TEMPLATE, HOOK_SIZE);
    store<u32>(run, HOOK_READY, RUN_REST_READY);
  }
  return run + RUN_HOOK;
}

/** Where the return value is: struct bpf_sockopt has a member for it. */
function retval(): u32 {
  if (programType() == PROG_TYPE_CGROUP_SOCKOPT) return load<u32>(run, RUN_PKT_DATA) + SOCKOPT_RETVAL;
  return hook() + HOOK_RETVAL;
}

/** bpf_get_retval(): what the system call returns, as the host or an earlier call has said. */
export function bpf_get_retval(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return errno(load<i32>(retval()));
}

/** bpf_set_retval(retval) */
export function bpf_set_retval(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  store<i32>(retval(), r1 as i32);
  return 0;
}

/** bpf_msg_apply_bytes(msg, bytes): the verdict is for so many bytes. */
export function bpf_msg_apply_bytes(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  anyContext(r1);
  store<u32>(hook(), r2 as u32, HOOK_APPLY_BYTES);
  return 0;
}

/** bpf_msg_cork_bytes(msg, bytes): the program is to be called again with so many bytes. */
export function bpf_msg_cork_bytes(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  anyContext(r1);
  store<u32>(hook(), r2 as u32, HOOK_CORK_BYTES);
  return 0;
}

/** bpf_sock_ops_cb_flags_set(skops, flags): the member bpf_sock_ops_cb_flags; returns the flags that are not known. */
export function bpf_sock_ops_cb_flags_set(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const context = anyContext(r1);
  if (load<u32>(context, SOCK_OPS_IS_FULLSOCK) == 0) return errno(-EINVAL);
  store<u32>(context, (r2 as u32) & CB_FLAGS, SOCK_OPS_CB_FLAGS);
  return (r2 as u32) & ~CB_FLAGS;
}

/** Where the last part of the name begins. */
function baseOf(name: u32, length: u32): u32 {
  let at = length;
  while (at && load<u8>(name + at - 1) != SLASH) --at;
  return at;
}

/** bpf_sysctl_get_name(ctx, buf, size, flags): `net/ipv4/tcp_mem`, or with BPF_F_SYSCTL_BASE_NAME `tcp_mem`. */
export function bpf_sysctl_get_name(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  anyContext(r1);
  const to = memoryArgument(r2, r3, 1);
  const room = r3 as u32;
  const name = load<u32>(hook(), HOOK_SYSCTL_NAME);
  const whole = load<u32>(hook(), HOOK_SYSCTL_NAME_LENGTH);
  const from = r4 & BASE_NAME ? baseOf(name, whole) : 0;
  const length = whole - from;
  if (room == 0) return errno(-E2BIG);
  const kept = min<u32>(length, room - 1);
  memory.copy(to, name + from, kept);
  store<u8>(to + kept, 0);
  return kept < length ? errno(-E2BIG) : length;
}

/** copy_sysctl_value() of kernel/bpf/cgroup.c. */
function copyValue(to: u32, room: u32, from: u32, length: u32): u64 {
  if (length == 0) {
    memory.fill(to, 0, room);
    return errno(-EINVAL);
  }
  if (room == 0) return errno(-E2BIG);
  memory.copy(to, from, min<u32>(room, length));
  if (room > length) {
    memory.fill(to + length, 0, room - length);
    return length;
  }
  store<u8>(to + room - 1, 0);
  return errno(-E2BIG);
}

/** bpf_sysctl_get_current_value(ctx, buf, size) */
export function bpf_sysctl_get_current_value(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  anyContext(r1);
  const to = memoryArgument(r2, r3, 1);
  const from = hook();
  return copyValue(to, r3 as u32, load<u32>(from, HOOK_SYSCTL_VALUE), load<u32>(from, HOOK_SYSCTL_VALUE_LENGTH));
}

/** Member `write` of struct bpf_sysctl: a value is being written. */
function isWrite(context: u32): bool {
  return load<u32>(context) != 0;
}

/** bpf_sysctl_get_new_value(ctx, buf, size) */
export function bpf_sysctl_get_new_value(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const context = anyContext(r1);
  const to = memoryArgument(r2, r3, 1);
  const from = hook();
  const length = isWrite(context) ? load<u32>(from, HOOK_SYSCTL_NEW_LENGTH) : 0;
  return copyValue(to, r3 as u32, load<u32>(from, HOOK_SYSCTL_NEW), length);
}

/** bpf_sysctl_set_new_value(ctx, buf, size) */
export function bpf_sysctl_set_new_value(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const context = anyContext(r1);
  const from = memoryArgument(r2, r3, 0);
  const to = hook();
  const size = r3 as u32;
  if (!isWrite(context) || size == 0 || load<u32>(to, HOOK_SYSCTL_NEW_LENGTH) == 0) return errno(-EINVAL);
  if (size > <u32>SYSCTL_MAX - 1) return errno(-E2BIG);
  memory.copy(load<u32>(to, HOOK_SYSCTL_NEW), from, size);
  store<u32>(to, size, HOOK_SYSCTL_NEW_LENGTH);
  store<u32>(to, 1, HOOK_SYSCTL_CHANGED);
  return 0;
}
