import { release } from 'node:os';
import { KernelJudge } from '../../kernel/kernel.ts';
import { readRecording } from './recording.ts';

/** The kernel of this machine where the tables should fit it, or why it is not asked: others have other fields. */
export async function openJudge(): Promise<KernelJudge | string> {
  const [major, minor] = readRecording().kernel.split('.');
  if (process.arch !== 'x64') return `the tables are those of x86-64, not ${process.arch}`;
  if (!release().startsWith(`${major}.${minor}.`)) {
    return `this kernel is ${release()}, the tables are those of Linux ${major}.${minor}`;
  }
  return KernelJudge.open();
}
