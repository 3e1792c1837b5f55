/** What led to a run, and who runs: what programs that trace ask for beside their context. */
import * as layout from '../abi/layout.ts';
import { EFAULT, EPERM } from '../abi/maps.ts';
import { HOST_SIGNAL, HOST_WRITE_USER } from '../abi/services.ts';
import * as abi from '../abi/tracing.ts';
import { badArgument, integer, unsigned64 } from './argument.ts';
import { type PerfCounter, writeCounter } from './counters.ts';
import type { HelperTable } from './helpers.ts';
import type { LinearMemory } from './memory.ts';
import type { HostObject } from './objects/object.ts';
import type { ObjectTable } from './objects/table.ts';

export interface Traced {
  /** Address of the traced function (bpf_get_func_ip). Default 0: not known. */
  readonly functionIp?: bigint;
  /** What the program was attached with (bpf_get_attach_cookie). Default 0: nothing. */
  readonly cookie?: bigint;
  /** How many arguments the function has; `functionArgs` says it by itself. Default 0. */
  readonly argumentCount?: number;
  /** The current task (bpf_get_current_task), of this engine. Default: one of which nothing can be read. */
  readonly task?: HostObject;
  /** The cgroup it is in. Default: the root, whose id is 1. */
  readonly cgroup?: HostObject;
  /** Its registers, as they were when it entered the kernel (bpf_task_pt_regs): a struct pt_regs. Default: not known. */
  readonly registers?: HostObject;
  /** What the perf event has counted that the program is run for (bpf_perf_prog_read_value). Default: not known. */
  readonly counter?: PerfCounter;
  /** Of a program that is run at a function's entry and at its return (kprobe.session, uprobe.session). */
  readonly session?: TracedSession;
}

export interface TracedSession {
  /** Whether the function has returned (bpf_session_is_return). Default false. */
  readonly isReturn?: boolean;
  /** Eight bytes that both runs share (bpf_session_cookie): an object of kind `other`. Default: eight of the run's own. */
  readonly cookie?: HostObject;
}

/** What programs may do to tasks, as far as the host lets them. */
export interface TaskHost {
  /** bpf_send_signal (`process`) and bpf_send_signal_thread. @returns an error number of Linux, positive, or nothing */
  readonly signal?: (signal: number, to: 'process' | 'thread') => number | undefined;
  /** bpf_probe_write_user. @returns false for an address that is none (-EFAULT) */
  readonly writeUser?: (address: bigint, bytes: Uint8Array) => boolean;
}

const FIELDS_START = abi.RUN_TASK;
const FIELDS_END = abi.RUN_ARGUMENTS + 4;
const MAX_ARGUMENTS = 12;
const WORD = 8;

/** @param run address of the run state */
export function writeTraced(memory: LinearMemory, run: number, traced: Traced): void {
  const {
    functionIp = 0n,
    cookie = 0n,
    argumentCount = 0,
    task,
    cgroup,
    registers,
    counter,
    session,
  } = traced;
  memory.bytes.fill(0, run + FIELDS_START, run + FIELDS_END);
  memory.setU32(run + abi.RUN_TASK, task?.addressIn(memory) ?? 0);
  memory.setU32(run + abi.RUN_CGROUP, cgroup?.addressIn(memory) ?? 0);
  memory.setU64(run + abi.RUN_FUNCTION_IP, unsigned64('functionIp', functionIp));
  memory.setU64(run + abi.RUN_ATTACH_COOKIE, unsigned64('cookie', cookie));
  writeSession(memory, run, session);
  memory.setU32(run + abi.RUN_TASK_REGISTERS, registers?.addressIn(memory) ?? 0);
  memory.setU32(run + abi.RUN_HAS_EVENT_VALUE, counter === undefined ? 0 : 1);
  if (counter !== undefined) writeCounter(memory, run + abi.RUN_EVENT_VALUE, counter);
  memory.setU32(run + abi.RUN_ARGUMENTS, integer('argumentCount', argumentCount, 0, MAX_ARGUMENTS));
}

function writeSession(
  memory: LinearMemory,
  run: number,
  { isReturn = false, cookie }: TracedSession = {},
): void {
  if (cookie !== undefined && cookie.size < WORD)
    throw badArgument(`the cookie of a session has ${WORD} bytes, not ${cookie.size}`);
  memory.setU32(run + abi.RUN_SESSION_IS_RETURN, isReturn ? 1 : 0);
  memory.setU32(run + abi.RUN_SESSION_COOKIE, cookie?.addressIn(memory) ?? 0);
  memory.setU64(run + abi.RUN_OWN_COOKIE, 0n);
}

/** The task that is the current one unless a run has another: it has no members, but the pid of option `task`. */
export function makeCurrentTask(memory: LinearMemory, objects: ObjectTable): HostObject {
  const cookie = memory.u64(layout.HEADER + layout.HDR_PID_TGID) & 0xffff_ffffn;
  const task = objects.create({ kind: 'task', cookie });
  memory.setU32(layout.HEADER + abi.HDR_TASK, task.address);
  return task;
}

export function serveTasks(helpers: HelperTable, memory: LinearMemory, host: TaskHost): void {
  helpers.serve(HOST_SIGNAL, ([signal, toThread]) => {
    const error = host.signal?.(Number(signal), toThread === 0n ? 'process' : 'thread');
    return -(host.signal === undefined ? EPERM : (error ?? 0));
  });
  helpers.serve(HOST_WRITE_USER, ([address, from, size]) => {
    if (host.writeUser === undefined) return -EPERM;
    return host.writeUser(address, memory.read(Number(from), Number(size))) ? 0 : -EFAULT;
  });
}
