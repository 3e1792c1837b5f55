import * as layout from '../abi/layout.ts';
import { unsigned64 } from './argument.ts';
import type { LinearMemory } from './memory.ts';

/** The task that programs see as the current one. */
export interface Task {
  /** Thread id (the kernel's pid). */
  readonly pid: number;
  /** Process id (the kernel's tgid). */
  readonly tgid: number;
  readonly uid: number;
  readonly gid: number;
  /** At most 15 bytes of it are kept. */
  readonly comm: string;
  /** Its PID namespace, by device and inode of /proc/PID/ns/pid: for bpf_get_ns_current_pid_tgid. Default: 0 and 0. */
  readonly pidNamespace?: { readonly dev: bigint; readonly ino: bigint };
}

const COMM_LENGTH = 16;

const pair = (high: number, low: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);

const BROWSER: Task = { pid: 1, tgid: 1, uid: 0, gid: 0, comm: 'browser' };

function thisProcess(): Task {
  if (typeof process === 'undefined') return BROWSER;
  return {
    pid: process.pid,
    tgid: process.pid,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    comm: process.title.split(/[/ ]/).pop() ?? 'node',
  };
}

export function writeTask(memory: LinearMemory, task: Partial<Task>): void {
  const { pid, tgid, uid, gid, comm, pidNamespace } = { ...thisProcess(), ...task };
  memory.setU64(layout.HEADER + layout.HDR_PID_TGID, pair(tgid, pid));
  memory.setU64(layout.HEADER + layout.HDR_UID_GID, pair(gid, uid));
  const { dev, ino } = pidNamespace ?? { dev: 0n, ino: 0n };
  memory.setU64(layout.HEADER + layout.HDR_PID_NS_DEV, unsigned64('dev of a PID namespace', dev));
  memory.setU64(layout.HEADER + layout.HDR_PID_NS_INO, unsigned64('ino of a PID namespace', ino));
  const name = new Uint8Array(COMM_LENGTH);
  name.set(new TextEncoder().encode(comm).subarray(0, COMM_LENGTH - 1));
  memory.write(layout.HEADER + layout.HDR_COMM, name);
}
