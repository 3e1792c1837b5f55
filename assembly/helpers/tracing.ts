import {
  CTX_MEMORY,
  HEADER,
  OBJ_TASK,
  RUN_PKT_DATA,
  RUN_PKT_END,
} from '../../src/abi/layout';
import {
  EINVAL,
  EOPNOTSUPP,
} from '../../src/abi/maps';
import { HOST_SIGNAL, HOST_WRITE_USER } from '../../src/abi/services';
import {
  HDR_TASK,
  PT_REGS_AX,
  RUN_ARGUMENTS,
  RUN_ATTACH_COOKIE,
  RUN_FUNCTION_IP,
  RUN_TASK,
  RUN_TASK_REGISTERS,
} from '../../src/abi/tracing';
import { hostHelper } from '../env';
import { objectArgument } from '../objects/argument';
import { run } from '../run/state';
import { contextKind, errno, memoryArgument, refuse } from './arguments';
import { bpf_probe_read_user } from './probe';

// What programs that trace ask for: kernel/trace/bpf_trace.c, kernel/bpf/helpers.c.

/** _NSIG */
const SIGNAL_MAX: u32 = 64;
const WORD: u64 = 8;

/** bpf_get_current_task(): address of the task of the run, else of the engine; what it points to is read with probe_read. */
export function bpf_get_current_task(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const own = load<u32>(run, RUN_TASK);
  return own ? own : load<u32>(HEADER, HDR_TASK);
}

/** bpf_get_current_task_btf(): as bpf_get_current_task, with the type that verified programs read it by. */
export function bpf_get_current_task_btf(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return bpf_get_current_task(r1, r2, r3, r4, r5);
}

/** bpf_task_pt_regs(task): the registers that the run has for the current task; NULL of others, and where it has none. */
export function bpf_task_pt_regs(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const task = objectArgument(r1, OBJ_TASK) as u64;
  return task == bpf_get_current_task(0, 0, 0, 0, 0) ? load<u32>(run, RUN_TASK_REGISTERS) : 0;
}

/** The context of a program that traces: a structure, or arguments. */
function tracedContext(context: u64): u32 {
  if (contextKind() != CTX_MEMORY || context != (load<u32>(run, RUN_PKT_DATA) as u64)) refuse(context);
  return context as u32;
}

/** bpf_get_func_ip(ctx): address of the traced function; 0 where the host has not said it. */
export function bpf_get_func_ip(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  tracedContext(r1);
  return load<u64>(run, RUN_FUNCTION_IP);
}

/** bpf_get_attach_cookie(ctx): 0 for none. */
export function bpf_get_attach_cookie(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  tracedContext(r1);
  return load<u64>(run, RUN_ATTACH_COOKIE);
}

export function bpf_get_func_arg_cnt(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  tracedContext(r1);
  return load<u32>(run, RUN_ARGUMENTS);
}

/** bpf_get_func_arg(ctx, n, value) */
export function bpf_get_func_arg(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const args = tracedContext(r1);
  const to = memoryArgument(r3, WORD, 1);
  const index = r2 as u32;
  if (index >= load<u32>(run, RUN_ARGUMENTS)) return errno(-EINVAL);
  store<u64>(to, load<u64>(args + index * 8));
  return 0;
}

/** bpf_get_func_ret(ctx, value): of a function that has returned. */
export function bpf_get_func_ret(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const args = tracedContext(r1);
  const to = memoryArgument(r2, WORD, 1);
  const result = args + load<u32>(run, RUN_ARGUMENTS) * 8;
  if (result + 8 > load<u32>(run, RUN_PKT_END)) return errno(-EOPNOTSUPP);
  store<u64>(to, load<u64>(result));
  return 0;
}

/** bpf_override_return(regs, rc): register ax of the context becomes rc, for the host to return instead. */
export function bpf_override_return(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const registers = tracedContext(r1);
  if (registers + PT_REGS_AX + 8 > load<u32>(run, RUN_PKT_END)) refuse(r1);
  store<u64>(registers, r2, PT_REGS_AX);
  return 0;
}

function signal(number: u64, toThread: u64): u64 {
  if ((number as u32) > SIGNAL_MAX) return errno(-EINVAL);
  return hostHelper(HOST_SIGNAL, number & 0xffff_ffff, toThread, 0, 0, 0);
}

/** bpf_send_signal(sig): by the host's `signal`; -EPERM without it. */
export function bpf_send_signal(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return signal(r1, 0);
}

/** bpf_send_signal_thread(sig): as bpf_send_signal, to the thread alone. */
export function bpf_send_signal_thread(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return signal(r1, 1);
}

/** bpf_probe_write_user(dst, src, size): by the host's `writeUser`; -EPERM without it. */
export function bpf_probe_write_user(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const from = memoryArgument(r2, r3, 0);
  return hostHelper(HOST_WRITE_USER, r1, from, r3, 0, 0);
}

/** bpf_copy_from_user(dst, size, user_ptr): user memory is the memory that there is to read. */
export function bpf_copy_from_user(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return bpf_probe_read_user(r1, r2, r3, 0, 0);
}

/** bpf_copy_from_user_task(dst, size, user_ptr, task, flags): the memory of all tasks is the same here. */
export function bpf_copy_from_user_task(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  objectArgument(r4, OBJ_TASK);
  if (r5) return errno(-EINVAL);
  return bpf_probe_read_user(r1, r2, r3, 0, 0);
}
