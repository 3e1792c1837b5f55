import * as layout from '../abi/layout.ts';
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
  const { pid, tgid, uid, gid, comm } = { ...thisProcess(), ...task };
  memory.setU64(layout.HEADER + layout.HDR_PID_TGID, pair(tgid, pid));
  memory.setU64(layout.HEADER + layout.HDR_UID_GID, pair(gid, uid));
  const name = new Uint8Array(COMM_LENGTH);
  name.set(new TextEncoder().encode(comm).subarray(0, COMM_LENGTH - 1));
  memory.write(layout.HEADER + layout.HDR_COMM, name);
}
