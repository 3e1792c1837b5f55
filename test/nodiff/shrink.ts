import { WebpfError } from '../../src/errors.ts';
import { decodeProgram } from '../../src/isa/decode.ts';
import { encode } from '../../src/isa/encode.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { isAccepted } from './case.ts';
import type { Job } from './engines.ts';
import { type Item, listingOf, resolve, without, withoutUnreachable } from './listing.ts';

/** Whether a smaller job still shows the divergence. */
export type Fails = (job: Job) => Promise<boolean>;

/** The smallest job found that still fails: first without spans of instructions, then with simpler operands. */
export async function shrink(job: Job, fails: Fails): Promise<Job> {
  let best = job;
  for (let previous = -1; previous !== best.code.length; ) {
    previous = best.code.length;
    best = await deleteSpans(best, fails);
  }
  return simplify(best, fails);
}

const itemsOf = (job: Job): Item[] => listingOf(decodeProgram(job.code).insns);

/** The job with other instructions, if it is still a program that fails. */
async function attempt(job: Job, items: readonly Item[], fails: Fails): Promise<Job | undefined> {
  try {
    const smaller = { ...job, code: encode(resolve(withoutUnreachable(items))) };
    return isAccepted(smaller) && (await fails(smaller)) ? smaller : undefined;
  } catch (error) {
    if (error instanceof WebpfError) return undefined;
    throw error;
  }
}

async function deleteSpans(job: Job, fails: Fails): Promise<Job> {
  let best = job;
  for (let span = itemsOf(job).length >> 1; span >= 1; span >>= 1) {
    for (let from = 0; from < itemsOf(best).length; ) {
      const smaller = await attempt(best, without(itemsOf(best), from, from + span), fails);
      if (smaller === undefined) from += span;
      else best = smaller;
    }
  }
  return best;
}

/** Simpler forms of an instruction, simplest first. */
function simpler(insn: Insn): Insn[] {
  if (
    'imm' in insn &&
    typeof insn.imm === 'number' &&
    insn.kind !== 'call' &&
    insn.imm !== 0 &&
    insn.imm !== 1
  )
    return [0, 1].map((imm) => ({ ...insn, imm }) as Insn);
  if (insn.kind === 'lddw' && insn.pseudo === 0 && insn.hi !== 0) return [{ ...insn, hi: 0 }];
  return [];
}

async function simplify(job: Job, fails: Fails): Promise<Job> {
  let best = job;
  for (let index = 0; index < itemsOf(best).length; index++) {
    const items = itemsOf(best);
    const item = items[index];
    for (const insn of item === undefined ? [] : simpler(item.insn)) {
      const smaller = await attempt(best, items.with(index, { ...item, insn }), fails);
      if (smaller === undefined) continue;
      best = smaller;
      break;
    }
  }
  return best;
}
