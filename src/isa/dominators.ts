/**
 * Dominators by Lengauer and Tarjan ("A Fast Algorithm for Finding Dominators in a Flowgraph", TOPLAS 1979), the
 * version with path compression. The simpler iterative method is quadratic on long ladders of branches, which
 * a hostile program can have. No recursion: graphs are as deep as programs are long.
 */
export interface Graph {
  readonly successors: readonly (readonly number[])[];
  readonly predecessors: readonly (readonly number[])[];
}

export interface DepthFirst {
  /** Nodes reachable from node 0, each before all it leads to but for retreating edges. */
  readonly reversePostorder: Int32Array;
  /** Reachable nodes in the order of the first visit. */
  readonly preorder: Int32Array;
  /** By node: its parent in the depth-first tree; -1 for node 0 and unreachable nodes. */
  readonly parent: Int32Array;
}

/** Walks a graph depth first from node 0. */
export function depthFirst(successors: readonly (readonly number[])[]): DepthFirst {
  const count = successors.length;
  const parent = new Int32Array(count).fill(-1);
  const next = new Int32Array(count);
  const seen = new Uint8Array(count);
  const preorder: number[] = [];
  const postorder: number[] = [];
  const stack: number[] = [];
  const visit = (node: number, from: number): void => {
    seen[node] = 1;
    parent[node] = from;
    preorder.push(node);
    stack.push(node);
  };
  if (count > 0) visit(0, -1);
  for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
    const position = next[node] ?? 0;
    const successor = successors[node]?.[position];
    next[node] = position + 1;
    if (successor === undefined) postorder.push(stack.pop() ?? node);
    else if (seen[successor] === 0) visit(successor, node);
  }
  return {
    reversePostorder: Int32Array.from(postorder.reverse()),
    preorder: Int32Array.from(preorder),
    parent,
  };
}

/** Typed-array reads whose index is known to be in range. */
const at = (array: Int32Array, index: number): number => array[index] ?? -1;

/** The forest of the algorithm, over preorder numbers; `best` is the ancestor of least semidominator. */
interface Forest {
  readonly ancestor: Int32Array;
  readonly best: Int32Array;
  readonly semi: Int32Array;
  readonly stack: number[];
}

/** Points everything on the way from a node to its root at the root. */
const compress = ({ ancestor, best, semi, stack }: Forest, node: number): void => {
  for (let v = node; at(ancestor, at(ancestor, v)) >= 0; v = at(ancestor, v)) stack.push(v);
  for (let v = stack.pop(); v !== undefined; v = stack.pop()) {
    const above = at(ancestor, v);
    if (at(semi, at(best, above)) < at(semi, at(best, v))) best[v] = at(best, above);
    ancestor[v] = at(ancestor, above);
  }
};

const evaluate = (forest: Forest, node: number): number => {
  if (at(forest.ancestor, node) < 0) return node;
  compress(forest, node);
  return at(forest.best, node);
};

const makeForest = (count: number): Forest => ({
  ancestor: new Int32Array(count).fill(-1),
  best: Int32Array.from({ length: count }, (_, index) => index),
  semi: Int32Array.from({ length: count }, (_, index) => index),
  stack: [],
});

/** Nodes by semidominator, as linked lists: each node is in one bucket at a time. */
interface Buckets {
  readonly first: Int32Array;
  readonly next: Int32Array;
}

/** Empties the bucket of nodes whose semidominator is `owner`. */
const drainBucket = (forest: Forest, { first, next }: Buckets, owner: number, idom: Int32Array): void => {
  for (let node = at(first, owner); node >= 0; node = at(next, node)) {
    const best = evaluate(forest, node);
    idom[node] = at(forest.semi, best) < owner ? best : owner;
  }
  first[owner] = -1;
};

/** Immediate dominators over preorder numbers; `predecessors` are nodes, of which some are not reachable. */
const numberedIdoms = (
  parents: Int32Array,
  predecessors: (number: number) => readonly number[],
  number: Int32Array,
): Int32Array => {
  const count = parents.length;
  const forest = makeForest(count);
  const idom = new Int32Array(count).fill(-1);
  const buckets: Buckets = { first: new Int32Array(count).fill(-1), next: new Int32Array(count).fill(-1) };
  for (let node = count - 1; node > 0; node--) {
    for (const pred of predecessors(node)) {
      if (at(number, pred) < 0) continue;
      const candidate = at(forest.semi, evaluate(forest, at(number, pred)));
      if (candidate < at(forest.semi, node)) forest.semi[node] = candidate;
    }
    const semi = at(forest.semi, node);
    buckets.next[node] = at(buckets.first, semi);
    buckets.first[semi] = node;
    forest.ancestor[node] = at(parents, node);
    drainBucket(forest, buckets, at(parents, node), idom);
  }
  for (let node = 1; node < count; node++) {
    if (at(idom, node) !== at(forest.semi, node)) idom[node] = at(idom, at(idom, node));
  }
  return idom;
};

/** By node: its immediate dominator; -1 for node 0 and for nodes that it does not reach. */
export function immediateDominators(graph: Graph, { preorder, parent }: DepthFirst): Int32Array {
  const number = new Int32Array(graph.successors.length).fill(-1);
  preorder.forEach((node, index) => {
    number[node] = index;
  });
  const parents = preorder.map((node) => at(number, at(parent, node)));
  const predecessorsOf = (index: number): readonly number[] => graph.predecessors[at(preorder, index)] ?? [];
  const numbered = numberedIdoms(parents, predecessorsOf, number);
  const idom = new Int32Array(graph.successors.length).fill(-1);
  preorder.forEach((node, index) => {
    if (index > 0) idom[node] = at(preorder, at(numbered, index));
  });
  return idom;
}

/** Nested intervals of the dominator tree: a dominates b when a's interval holds b's. */
export interface DominatorTree {
  readonly idom: Int32Array;
  readonly enter: Int32Array;
  readonly leave: Int32Array;
}

/** Builds the tree from immediate dominators. */
export function dominatorTree(idom: Int32Array): DominatorTree {
  const children: number[][] = Array.from(idom, () => []);
  idom.forEach((parent, node) => {
    if (parent >= 0) children[parent]?.push(node);
  });
  const walk = depthFirst(children);
  const enter = new Int32Array(idom.length).fill(-1);
  const leave = new Int32Array(idom.length).fill(-1);
  walk.preorder.forEach((node, index) => {
    enter[node] = index;
    leave[node] = index;
  });
  for (let index = walk.preorder.length - 1; index > 0; index--) {
    const node = at(walk.preorder, index);
    const parent = at(idom, node);
    leave[parent] = Math.max(at(leave, parent), at(leave, node));
  }
  return { idom, enter, leave };
}

/** True when every path from the entry to `b` passes `a` (a node dominates itself). */
export function dominates({ enter, leave }: DominatorTree, a: number, b: number): boolean {
  return at(enter, a) >= 0 && at(enter, a) <= at(enter, b) && at(leave, b) <= at(leave, a);
}
