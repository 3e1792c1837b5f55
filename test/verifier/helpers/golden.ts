import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { KernelJudge } from '../../kernel/kernel.ts';
import { createMaps } from './maps.ts';
import { askMapTypes, type MapAnswer } from './mapTypes.ts';
import { kernel } from './oracles.ts';
import { placeName } from './places.ts';
import { loadable } from './probe.ts';
import { type AnswerRecord, record } from './record.ts';
import { askWeak, type WeakAnswers } from './weak.ts';

/** The kernel's answers as kept in golden.json. */
export interface Golden {
  readonly kernel: string;
  /** Possible CPUs of that machine. */
  readonly cpus: number;
  readonly places: readonly string[];
  readonly answers: AnswerRecord;
  readonly maps: readonly MapAnswer[];
  readonly weak: WeakAnswers;
}

export const GOLDEN_FILE = new URL('golden.json', import.meta.url);

export const readGolden = (): Golden => JSON.parse(readFileSync(GOLDEN_FILE, 'utf8')) as Golden;

/** The kernel of the tables; others have other helpers, wording and refinements. */
export const TABLES_KERNEL = '6.18';

function possibleCpus(): number {
  const last = /(\d+)\s*$/.exec(readFileSync('/sys/devices/system/cpu/possible', 'utf8'))?.[1];
  return last === undefined ? availableParallelism() : Number(last) + 1;
}

/** Asks the running kernel. */
export async function askKernel(judge: KernelJudge, release: string): Promise<Golden> {
  const places = await loadable(judge);
  const maps = await createMaps(judge);
  return {
    kernel: release,
    cpus: possibleCpus(),
    places: places.map(placeName),
    answers: await record(kernel(judge), places, maps),
    maps: await askMapTypes(judge, places, maps),
    weak: await askWeak(),
  };
}
