import { WebpfError } from '../../src/errors.ts';
import { encode } from '../../src/isa/encode.ts';
import { checkStructure } from '../../src/verifier/structure.ts';
import { type Job, programOf } from './engines.ts';
import { generate, generateCode, generatedMaps, TAIL_PROGRAMS } from './generate.ts';
import { type Item, resolve } from './listing.ts';
import { optimizeOf } from './optimize.ts';
import { Random } from './random.ts';
import type { Profile } from './scope.ts';
import { makeWild } from './wild.ts';

/** A random job with its inputs; all of it follows from the seed. */
export interface Case {
  readonly seed: number;
  readonly job: Job;
  readonly inputs: readonly Uint8Array[];
}

const BUDGET = 60_000n;
const INPUTS = 3;
const PROFILE: Profile = { kernel: false, context: 'memory', memory: 64, size: 40, trips: 40 };

/** The case of a seed: of three, one is wild. */
export function caseOf(seed: number): Case {
  const random = new Random(seed);
  const context = random.weighted([
    [8, 'memory'],
    [1, 'xdp'],
    [1, 'skb'],
  ] as const);
  const profile: Profile = {
    ...PROFILE,
    context,
    memory: random.pick([16, 64, 200]),
    size: sizeOf(random),
  };
  const wild = random.chance(0.33);
  // Each target is one more program to translate, so only some cases have any.
  const names = random.chance(0.3) ? TAIL_PROGRAMS : [];
  const tails = new Map(names.map((name) => [name, generateCode(random, { ...profile, size: 6 }, 'tail')]));
  const tame = generate(random, profile);
  const base: Job = {
    code: encode(resolve(tame)),
    maps: generatedMaps(names),
    tails,
    context,
    mode: 'sandbox',
    budget: BUDGET,
    shared: random.chance(0.2),
    optimize: optimizeOf(seed),
  };
  const job = wild ? { ...base, code: wildCode(random, base, tame) } : base;
  return { seed, job, inputs: Array.from({ length: INPUTS }, () => random.bytes(profile.memory)) };
}

/** Statements of the main program: mostly few, now and then thousands of instructions. */
const sizeOf = (random: Random): number =>
  random.chance(0.02) ? random.between(300, 800) : random.between(5, 60);

/** The same case without the sandbox: only for programs that ran to their end within the budget. */
export const trusted = (one: Case): Case => ({ ...one, job: { ...one.job, mode: 'trusted' } });

/** Mutates until the structural checks accept the result; the tame program when they never do. */
function wildCode(random: Random, base: Job, tame: readonly Item[]): Uint8Array {
  for (let attempt = 0; attempt < 20; attempt++) {
    const code = tryEncode(makeWild(random, tame, random.between(1, 12)));
    if (code !== undefined && isAccepted({ ...base, code })) return code;
  }
  return base.code;
}

function tryEncode(items: readonly Item[]): Uint8Array | undefined {
  try {
    return encode(resolve(items));
  } catch (error) {
    if (error instanceof WebpfError) return undefined;
    throw error;
  }
}

/** Whether the structural checks accept the job's program. */
export function isAccepted(job: Job): boolean {
  try {
    checkStructure(programOf(job, 'main', job.code));
    return true;
  } catch (error) {
    if (error instanceof WebpfError) return false;
    throw error;
  }
}
