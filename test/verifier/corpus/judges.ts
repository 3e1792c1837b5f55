import { KernelJudge } from '../../kernel/kernel.ts';
import type { Judges } from './ask.ts';

/** The kernel with every capability and without CAP_PERFMON, or why it cannot be asked. */
export async function openJudges(): Promise<Judges | string> {
  const strong = await KernelJudge.open();
  if (typeof strong === 'string') return strong;
  const weak = await KernelJudge.open();
  if (typeof weak === 'string') return weak;
  await weak.weaken();
  return { strong, weak };
}
