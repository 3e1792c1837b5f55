import type { Case } from '../nodiff/case.ts';
import type { Outcome } from '../nodiff/engines.ts';
import { generateCode, generatedMaps } from '../nodiff/generate.ts';
import { type Hunted, type HuntOptions, hunt } from '../nodiff/hunt.ts';
import { Random } from '../nodiff/random.ts';
import { ARRAY_MAP } from '../nodiff/scope.ts';
import { isRefusal, KernelJudge } from './kernel.ts';
import { runInKernel } from './run.ts';

const BUDGET = 1_000_000n;
const PROFILE = { kernel: true, context: 'memory', memory: 64, trips: 6 } as const;

/** A case of the kind that the kernel's verifier mostly accepts: what it does is fixed by the program and input alone. */
export function kernelCase(seed: number): Case {
  const random = new Random(seed);
  const code = generateCode(random, { ...PROFILE, size: random.between(4, 25) });
  const maps = generatedMaps([]);
  return {
    seed,
    job: { code, maps, tails: new Map(), context: 'memory', mode: 'sandbox', budget: BUDGET },
    inputs: [random.bytes(PROFILE.memory)],
  };
}

export interface KernelHunted extends Hunted {
  /** Programs that the kernel ran. */
  readonly ran: number;
}

/** Random programs in both engines and in the kernel. @throws Error when bpf(2) does not answer */
export async function huntInKernel(options: Omit<HuntOptions, 'also' | 'cases'>): Promise<KernelHunted> {
  const judge = await KernelJudge.open();
  if (typeof judge === 'string') throw new Error(judge);
  let ran = 0;
  const also = async (one: Case, outcome: Outcome | undefined): Promise<string[]> => {
    const found = await kernelDifferences(judge, one, outcome);
    if (found !== undefined) ran++;
    return found ?? [];
  };
  try {
    return { ...(await hunt({ ...options, cases: kernelCase, also })), ran };
  } finally {
    judge.close();
  }
}

/** What the kernel's run left behind otherwise than ours; undefined when it does not accept the program. */
async function kernelDifferences(
  judge: KernelJudge,
  { job, inputs }: Case,
  outcome: Outcome | undefined,
): Promise<string[] | undefined> {
  const input = inputs[0];
  if (outcome === undefined || input === undefined) return undefined;
  await judge.reset();
  const kernel = await runInKernel(judge, job, input);
  if (kernel.kind === 'rejected') return undefined;
  const trap =
    outcome.trap === undefined ? [] : [`trap ${outcome.trap.kind} at ${outcome.trap.pc}, kernel: none`];
  const r0 = outcome.r0 === kernel.r0 ? [] : [`r0: ${outcome.r0}, kernel: ${kernel.r0}`];
  const data = Buffer.compare(outcome.data, kernel.data) === 0 ? [] : ['data differs from the kernel'];
  return [...trap, ...r0, ...data, ...(await arrayDifferences(judge, kernel.maps[ARRAY_MAP], outcome))];
}

/** The array that programs write directly; the addresses of maps follow their order. */
async function arrayDifferences(
  judge: KernelJudge,
  map: number | undefined,
  outcome: Outcome,
): Promise<string[]> {
  const answer = await judge.lookup(map ?? -1, new Uint8Array(4));
  if (isRefusal(answer)) return [`the kernel does not show the array: errno ${answer.errno}`];
  const ours = outcome.maps.some(({ values }) =>
    Buffer.from(values).toString('hex').startsWith(answer.value),
  );
  return ours ? [] : [`array: kernel has ${answer.value}`];
}
