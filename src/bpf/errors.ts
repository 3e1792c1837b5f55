import { WebpfError } from '../errors.ts';
import { errnoName } from '../runtime/errno.ts';

/**
 * What a command answers instead of a result.
 * @param command as the kernel names it, without BPF_
 * @param errno positive
 * @param why what was wrong, and what would be right
 */
export const sysError = (command: string, errno: number, why: string, cause?: unknown): WebpfError =>
  new WebpfError('syscall', `${command} refused with -${errnoName(errno)}: ${why}`, {
    stage: 'bpf',
    errno,
    cause,
  });

export function refuse(command: string, errno: number, why: string): never {
  throw sysError(command, errno, why);
}

/** Errors of the runtime that have a number become the command's. */
export function asCommand<T>(command: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw commandError(command, error);
  }
}

export function commandError(command: string, error: unknown): unknown {
  if (!(error instanceof WebpfError) || error.errno === undefined || error.code === 'syscall') return error;
  return sysError(command, error.errno, error.message, error);
}
