/**
 * Loops whose number of rounds is known, as so many copies of their body: the counter is a constant in each, offsets
 * go into loads and stores, and V8's stack check at the head of a loop is made once for all copies. Long loops are
 * copied as often as divides their count, and test once a round of copies.
 */
import { type Cfg, linkBlocks, type UnlinkedBlock } from '../../isa/cfg.ts';
import type { Insn } from '../../isa/insn.ts';
import type { Code } from '../code.ts';
import { findLoops } from '../loops.ts';
import { type Loop, loopOf, type Trips, tripsOf } from './trips.ts';

/** Slots that the copies of a loop may have together, when no loop is left … */
const WHOLE = 400;
/** … and when one is. */
const PART = 128;
/** Copies of a loop that is left. */
const MOST_COPIES = 8;
/** Slots that a function may grow by. */
const BUDGET = 4_000;
/** Longer functions are left as they are: their loops are not what takes their time to translate. */
const LONGEST = 4_000;

/** Slots that the call at a slot is replaced by, beside its own. */
type Growth = (slot: number) => number;

function slotsOf({ blocks }: Cfg, loop: Loop, growthAt: Growth): number {
  let sum = 0;
  for (const block of loop.blocks) {
    const { start, end } = blocks[block] ?? { start: 0, end: 0 };
    for (let slot = start; slot < end; slot++) sum += 1 + growthAt(slot);
  }
  return sum;
}

const dividesInto = (count: number, most: number): number => {
  for (let copies = most; copies > 1; copies--) if (count % copies === 0) return copies;
  return 1;
};

/** How many copies of a loop's body there are to be; 1 leaves it as it is. */
function copiesOf(slots: number, { count }: Trips): number {
  if (count * slots <= WHOLE) return count;
  return dividesInto(count, Math.min(MOST_COPIES, Math.floor(PART / slots)));
}

/** Writes the copies: the first is the loop itself. */
function copied(
  { blocks }: Cfg,
  loop: Loop,
  { count, decider, stay }: Trips,
  copies: number,
): UnlinkedBlock[] {
  const result: UnlinkedBlock[] = blocks.map(({ start, end, successors }) => ({ start, end, successors }));
  const numbers = [...loop.blocks];
  const position = new Map(numbers.map((block, index) => [block, index]));
  const isWhole = copies === count;
  const at = (copy: number, block: number): number => {
    const index = position.get(block);
    if (index === undefined || copy === 0) return block;
    return blocks.length + (copy - 1) * numbers.length + index;
  };
  const nextHeader = (copy: number): number => at((copy + 1) % copies, loop.header);
  for (let copy = 0; copy < copies; copy++) {
    const isLast = copy === copies - 1;
    for (const block of numbers) {
      const { start, end, successors } = blocks[block] ?? { start: 0, end: 0, successors: [] };
      const decided = (to: number): boolean =>
        block !== decider || (isLast ? !isWhole || to !== stay : to === stay);
      const kept = successors.filter(decided);
      result[at(copy, block)] = {
        start,
        end,
        successors: kept.map((to) => (to === loop.header ? nextHeader(copy) : at(copy, to))),
      };
    }
  }
  return result;
}

/**
 * The first loop, innermost ones only, that is worth it. What is counted and not worth it is added to `done`: its count
 * stays, whatever becomes of other loops.
 */
function findCandidate(cfg: Cfg, insns: readonly (Insn | undefined)[], done: Set<number>, growthAt: Growth) {
  const { innermost, parent } = findLoops(cfg);
  const outer = new Set(parent);
  for (const header of new Set(cfg.backEdges.map(({ to }) => to))) {
    const start = cfg.blocks[header]?.start ?? 0;
    if (header === 0 || outer.has(header) || done.has(start)) continue;
    const loop = loopOf(cfg, innermost, header);
    const slots = loop === undefined ? Number.POSITIVE_INFINITY : slotsOf(cfg, loop, growthAt);
    const trips = loop && slots < WHOLE ? tripsOf(cfg, insns, loop) : undefined;
    if (loop === undefined || trips === undefined) continue;
    const copies = copiesOf(slots, trips);
    if (copies > 1) return { loop, trips, copies, start, slots };
    done.add(start);
  }
  return undefined;
}

/**
 * The code with its counted loops unrolled, from the inside out.
 *
 * @param growthAt slots that the call at a slot is replaced by; without end where its loop is to be left as it is
 */
export function unrollLoops(code: Code, growthAt: Growth): Code {
  let { cfg } = code;
  if (cfg.end - cfg.start > LONGEST || cfg.irreducibleEdges.length > 0) return code;
  const done = new Set<number>();
  for (let budget = BUDGET; budget > 0; ) {
    const found = findCandidate(cfg, code.insns, done, growthAt);
    if (found === undefined) break;
    const { loop, trips, copies, start, slots } = found;
    cfg = linkBlocks(cfg, copied(cfg, loop, trips, copies));
    done.add(start);
    budget -= (copies - 1) * slots;
  }
  return { ...code, cfg };
}
