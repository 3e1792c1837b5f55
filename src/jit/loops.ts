/** Natural loops of a reducible control-flow graph, and how they nest. */
import type { Cfg } from '../isa/cfg.ts';

export interface Loops {
  /** By block: header of the innermost loop around it (a header is in its own loop); -1 outside of loops. */
  readonly innermost: Int32Array;
  /** By header: header of the loop around its loop; -1 when there is none. */
  readonly parent: Int32Array;
  /** By header: loops around it, itself included. 0 for other blocks. */
  readonly depth: Int32Array;
}

const NONE = -1;
const at = (array: Int32Array, index: number): number => array[index] ?? NONE;

/** Sources of the back edges of each header, inner loops first (a header comes after those that dominate it). */
const headersInnermostFirst = ({ backEdges, position }: Cfg): [header: number, sources: number[]][] => {
  const sources = new Map<number, number[]>();
  for (const { from, to } of backEdges) {
    const list = sources.get(to);
    if (list) list.push(from);
    else sources.set(to, [from]);
  }
  return [...sources].sort(([a], [b]) => at(position, b) - at(position, a));
};

/** The outermost loop found so far that holds `block`, with path compression; the block itself outside of loops. */
const outermost = (outer: Int32Array, block: number): number => {
  let root = block;
  while (at(outer, root) !== root) root = at(outer, root);
  for (let node = block; node !== root; ) {
    const next = at(outer, node);
    outer[node] = root;
    node = next;
  }
  return root;
};

/**
 * Finds the loops from the inside out: each walks backwards from its back edges and takes whole inner loops at
 * a step, so that the work is near linear.
 */
export function findLoops(cfg: Cfg): Loops {
  const count = cfg.blocks.length;
  const innermost = new Int32Array(count).fill(NONE);
  const parent = new Int32Array(count).fill(NONE);
  const outer = Int32Array.from({ length: count }, (_, block) => block);
  const claim = (node: number, header: number): void => {
    if (at(innermost, node) === NONE) innermost[node] = header;
    else if (node !== header) parent[node] = header;
    outer[node] = header;
  };
  const headers = headersInnermostFirst(cfg);
  for (const [header, sources] of headers) {
    claim(header, header);
    const work = [...sources];
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      const node = outermost(outer, next);
      if (node === header || at(cfg.position, node) < 0) continue;
      claim(node, header);
      for (const predecessor of cfg.blocks[node]?.predecessors ?? []) work.push(predecessor);
    }
  }
  return { innermost, parent, depth: depths(headers, parent, count) };
}

const depths = (
  headers: readonly (readonly [number, unknown])[],
  parent: Int32Array,
  count: number,
): Int32Array => {
  const depth = new Int32Array(count);
  for (const [header] of headers.toReversed()) depth[header] = 1 + Math.max(0, at(depth, at(parent, header)));
  return depth;
};
