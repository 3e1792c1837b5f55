import { verify, WebpfError } from '../../src/index.ts';
import type { Subject } from './subjects.ts';

/** A verification that takes longer is not repeated within a round. */
const LONG_MS = 1000;

export interface OurRun {
  readonly verdict: string;
  readonly insnsProcessed: number;
  readonly totalStates: number;
  /** Bytes. */
  readonly memory: number;
  /** Wall-clock time of each verification, in ms, in order. */
  readonly times: readonly number[];
}

/** A verifier that throws has a bug, but the other programs' numbers are wanted all the same. */
async function verdictOf({ program }: Subject): Promise<Omit<OurRun, 'times'>> {
  try {
    return await verify(program, {});
  } catch (error) {
    if (!(error instanceof WebpfError)) throw error;
    return { verdict: `error ${error.code}`, insnsProcessed: 0, totalStates: 0, memory: 0 };
  }
}

/** Verifies a program up to so many times. */
export async function measureOurs(subject: Subject, times: number): Promise<OurRun> {
  const samples: number[] = [];
  for (;;) {
    const start = performance.now();
    const { verdict, insnsProcessed, totalStates, memory } = await verdictOf(subject);
    const ms = performance.now() - start;
    samples.push(ms);
    if (samples.length < times && ms < LONG_MS) continue;
    return { verdict, insnsProcessed, totalStates, memory, times: samples };
  }
}
