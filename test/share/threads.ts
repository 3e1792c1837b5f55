import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { BpfObject } from '../../src/index.ts';
import type { Done, Job } from './worker.ts';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Does a job in a thread of its own. */
function start(job: Job): Promise<Done> {
  const worker = new Worker(path('./worker.ts'), {
    workerData: job,
    execArgv: ['--import', path('../../scripts/typescript/register.mjs')],
  });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** Runs a program in threads for CPU 1 and on, all at once. */
export async function inThreads(
  object: BpfObject,
  threads: number,
  job: Omit<Job, 'shared' | 'cpu'>,
): Promise<Done[]> {
  const shared = await object.share();
  return Promise.all(
    Array.from({ length: threads }, (_, index) => start({ ...job, shared, cpu: index + 1 })),
  );
}
