/** One process at a time works on a directory of pins. */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { WebpfError } from '../../errors.ts';

const WAIT = 10;
const PATIENCE = 10_000;

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

/** The process that holds the lock; undefined when there is none, or it has ended without giving it back. */
function holderOf(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return Number.isInteger(pid) && pid > 0 && isAlive(pid) ? pid : undefined;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function tryTake(path: string): boolean {
  try {
    const fd = openSync(path, 'wx', 0o600);
    writeSync(fd, String(process.pid));
    closeSync(fd);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/**
 * Takes the lock at `path`, waiting for other processes up to ten seconds; that of a process that was killed is taken over.
 * @returns what gives it back
 * @throws WebpfError 'file' when another process keeps it
 */
export async function takeLock(path: string): Promise<() => void> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    if (tryTake(path)) return () => rmSync(path, { force: true });
    const holder = holderOf(path);
    if (holder === undefined) {
      // Nobody's: a moment later, so that a lock that is just being written is not taken for an empty one.
      await setTimeout(WAIT);
      if (holderOf(path) === undefined) rmSync(path, { force: true });
    } else if (Date.now() > end) {
      throw new WebpfError('file', `process ${holder} works on these pins: ${path} is its lock`, {
        stage: 'bpf',
        subject: path,
      });
    } else await setTimeout(WAIT);
  }
}
