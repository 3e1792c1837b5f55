/**
 * Where each block of a reducible graph goes in structured code, from the dominator tree (Ramsey, "Beyond
 * Relooper", ICFP 2022): a block with one way in continues the block before it; one with several stands behind
 * a WebAssembly block that its dominator opens. Differing from the paper, what a loop leads out to stands behind the
 * loop and not inside it, so that one loop after another does not nest.
 */
import type { Cfg } from '../isa/cfg.ts';
import type { Loops } from './loops.ts';

export interface Placement {
  /** By block: true when it is written in place, where its only predecessor ends. */
  readonly inline: Uint8Array;
  /** By block: the blocks that stand behind it, the last in control flow first. */
  readonly merges: ReadonlyMap<number, readonly number[]>;
  /** By loop header: the blocks that stand behind its loop, the last in control flow first. */
  readonly follows: ReadonlyMap<number, readonly number[]>;
  /** By block: the blocks it dominates, itself included. */
  readonly weight: Int32Array;
}

const at = (array: Int32Array, index: number): number => array[index] ?? -1;

const inLoop = ({ innermost, parent }: Loops, block: number, header: number): boolean => {
  let loop = at(innermost, block);
  while (loop >= 0 && loop !== header) loop = at(parent, loop);
  return loop === header;
};

/** The outermost loop that holds the dominator of a block but not the block; -1 when there is none. */
const loopLeft = (cfg: Cfg, loops: Loops, block: number): number => {
  let left = -1;
  let loop = at(loops.innermost, at(cfg.dominators.idom, block));
  while (loop >= 0 && !inLoop(loops, block, loop)) {
    left = loop;
    loop = at(loops.parent, loop);
  }
  return left;
};

const waysIn = ({ blocks, position }: Cfg, block: number): number => {
  const here = at(position, block);
  const predecessors = blocks[block]?.predecessors ?? [];
  return predecessors.filter((from) => at(position, from) >= 0 && at(position, from) < here).length;
};

const add = (lists: Map<number, number[]>, key: number, block: number): void => {
  const list = lists.get(key);
  if (list) list.push(block);
  else lists.set(key, [block]);
};

export function placeBlocks(cfg: Cfg, loops: Loops): Placement {
  const { order, dominators } = cfg;
  const inline = new Uint8Array(cfg.blocks.length);
  const merges = new Map<number, number[]>();
  const follows = new Map<number, number[]>();
  // From the last block on, so that the lists come out in the order wanted.
  for (let index = order.length - 1; index > 0; index--) {
    const block = at(order, index);
    const left = loopLeft(cfg, loops, block);
    if (left >= 0) add(follows, left, block);
    else if (waysIn(cfg, block) > 1) add(merges, at(dominators.idom, block), block);
    else inline[block] = 1;
  }
  const weight = dominators.enter.map((enter, block) => at(dominators.leave, block) - enter + 1);
  return { inline, merges, follows, weight };
}
