import { WebpfError } from '../../src/errors.ts';
import { decodeProgram } from '../../src/isa/decode.ts';
import { encode } from '../../src/isa/encode.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { checkStructure } from '../../src/verifier/structure.ts';
import { type Item, listingOf, resolve, without, withoutUnreachable } from '../nodiff/listing.ts';
import { type Subject, withCode } from './subject.ts';

/** Whether a smaller program still shows what is looked for. */
export type Shows = (subject: Subject) => Promise<boolean>;

/** Longest span that is tried at every place; longer ones only side by side. */
const SLIDING = 14;

const itemsOf = ({ program }: Subject): Item[] => listingOf(decodeProgram(program.code).insns);

/** The subject with other instructions, if it is still a program, and shows it. */
async function attempt(subject: Subject, items: readonly Item[], shows: Shows): Promise<Subject | undefined> {
  try {
    const smaller = withCode(subject, encode(resolve(withoutUnreachable(items))));
    checkStructure(smaller.program);
    return (await shows(smaller)) ? smaller : undefined;
  } catch (error) {
    if (error instanceof WebpfError) return undefined;
    throw error;
  }
}

/** Without spans of this length, each place tried `step` after the other. */
async function withoutSpans(subject: Subject, span: number, step: number, shows: Shows): Promise<Subject> {
  let best = subject;
  for (let from = 0; from < itemsOf(best).length; ) {
    const smaller = await attempt(best, without(itemsOf(best), from, from + span), shows);
    if (smaller === undefined) from += step;
    else best = smaller;
  }
  return best;
}

async function shorter(subject: Subject, shows: Shows): Promise<Subject> {
  let best = subject;
  for (let span = itemsOf(best).length >> 1; span > SLIDING; span >>= 1)
    best = await withoutSpans(best, span, span, shows);
  for (let span = SLIDING; span >= 1; span--) best = await withoutSpans(best, span, 1, shows);
  return best;
}

/** Simpler forms of an instruction, the simplest first. */
function simpler(insn: Insn): Insn[] {
  switch (insn.kind) {
    case 'call':
      return [];
    case 'lddw':
      return insn.pseudo === 0 && insn.hi !== 0 ? [{ ...insn, hi: 0 }] : [];
    case 'load':
    case 'atomic':
    case 'loadAcquire':
      return [{ kind: 'alu', op: 'mov', width: 64, dst: insn.dst, imm: 0 }];
    case 'alu': {
      if (insn.op === 'mov' && insn.src === undefined) return insn.imm === 0 ? [] : [{ ...insn, imm: 0 }];
      const constant: Insn = { kind: 'alu', op: 'mov', width: 64, dst: insn.dst, imm: 0 };
      return insn.src === undefined && insn.imm !== 1 ? [constant, { ...insn, imm: 1 }] : [constant];
    }
    default:
      return 'imm' in insn && insn.imm !== undefined && insn.imm !== 0 ? [{ ...insn, imm: 0 } as Insn] : [];
  }
}

async function simplified(subject: Subject, shows: Shows): Promise<Subject> {
  let best = subject;
  for (let index = 0; index < itemsOf(best).length; index++) {
    const items = itemsOf(best);
    const item = items[index];
    for (const insn of item === undefined ? [] : simpler(item.insn)) {
      const smaller = await attempt(best, items.with(index, { ...item, insn }), shows);
      if (smaller === undefined) continue;
      best = smaller;
      break;
    }
  }
  return best;
}

/** The smallest program found that still shows it. */
export async function shrink(subject: Subject, shows: Shows): Promise<Subject> {
  let best = subject;
  for (let before = -1; before !== best.program.code.length; ) {
    before = best.program.code.length;
    best = await simplified(await shorter(best, shows), shows);
  }
  return best;
}
