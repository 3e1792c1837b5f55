/** Calls between the functions of a program: no recursion, and a stack of at most eight frames. */
import type { Decoded } from '../isa/decode.ts';
import { type SubprogramRange, type SubprogramReference, subprogramReferences } from '../isa/subprograms.ts';
import { refuse } from './refuse.ts';

/** Frames a program may have on its stack, the main program's included (MAX_CALL_FRAMES in Linux). */
export const MAX_CALL_FRAMES = 8;

/** Functions by their position in the structure's `subprograms`. */
export interface CallGraph {
  /** Frames of the deepest chain of calls and callbacks, 1 for a program without subprograms. */
  readonly frames: number;
  /** Functions on that chain, the main program first. */
  readonly deepestChain: readonly number[];
  /** Functions whose address the program takes (callbacks), in slot order. */
  readonly addressTaken: readonly number[];
}

/** A call (or callback) from one function to another. */
interface Call {
  readonly to: number;
  readonly reference: SubprogramReference;
}

/** The function whose slots hold `slot`, by binary search. */
const ownerOf = (ranges: readonly SubprogramRange[], slot: number): number => {
  let low = 0;
  let high = ranges.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((ranges[middle]?.start ?? 0) <= slot) low = middle;
    else high = middle - 1;
  }
  return low;
};

type Calls = readonly (readonly Call[])[];

const callsOf = (
  references: readonly SubprogramReference[],
  ranges: readonly SubprogramRange[],
): Call[][] => {
  const calls: Call[][] = ranges.map(() => []);
  for (const reference of references) {
    calls[ownerOf(ranges, reference.slot)]?.push({ to: ownerOf(ranges, reference.target), reference });
  }
  return calls;
};

const refuseRecursion = ({ reference: { slot, target } }: Call, path: readonly number[]): never => {
  const chain = [...path, target].join(' -> ');
  return refuse(
    slot,
    `insn ${slot}: recursive call to the function at insn ${target}: functions at insns ${chain}`,
  );
};

const NEW = 0;
const OPEN = 1;
const DONE = 2;

/**
 * Walks the calls depth first from every function in turn. `onCycle` sees each call that leads back into a function
 * still open, with the functions open at that moment.
 *
 * @returns the functions, each after all it leads to
 */
const postorder = (calls: Calls, onCycle: (call: Call, open: readonly number[]) => void): number[] => {
  const state = new Uint8Array(calls.length);
  const next = new Int32Array(calls.length);
  const order: number[] = [];
  const stack: number[] = [];
  const follow = (call: Call): void => {
    if (state[call.to] === OPEN) onCycle(call, stack);
    if (state[call.to] !== NEW) return;
    state[call.to] = OPEN;
    stack.push(call.to);
  };
  const close = (node: number): void => {
    state[node] = DONE;
    order.push(node);
    stack.pop();
  };
  const step = (node: number): void => {
    const position = next[node] ?? 0;
    const call = calls[node]?.[position];
    next[node] = position + 1;
    if (call !== undefined) follow(call);
    else close(node);
  };
  for (let root = 0; root < calls.length; root++) {
    if (state[root] !== NEW) continue;
    state[root] = OPEN;
    stack.push(root);
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) step(node);
  }
  return order;
};

/** Refuses functions that call themselves, directly or through others. */
const checkRecursion = (calls: Calls, ranges: readonly SubprogramRange[]): void => {
  const direct = calls.map((list) => list.filter(({ reference }) => !reference.addressTaken));
  postorder(direct, (call, open) => {
    refuseRecursion(
      call,
      open.slice(open.indexOf(call.to)).map((index) => ranges[index]?.start ?? 0),
    );
  });
};

/** By function: frames of the deepest chain from it, and the callee on that chain. */
interface Depths {
  readonly frames: Int32Array;
  readonly via: Int32Array;
}

/**
 * A function may take its own address (a timer's callback that starts the timer again): such cycles are cut
 * here, and bounded when the program runs.
 */
const measure = (calls: Calls): Depths => {
  const frames = new Int32Array(calls.length).fill(1);
  const via = new Int32Array(calls.length).fill(-1);
  const cut = new Set<Call>();
  for (const node of postorder(calls, (call) => cut.add(call))) {
    for (const call of calls[node] ?? []) {
      const depth = (frames[call.to] ?? 1) + 1;
      if (cut.has(call) || depth <= (frames[node] ?? 1)) continue;
      frames[node] = depth;
      via[node] = call.to;
    }
  }
  return { frames, via };
};

const chainFrom = ({ via }: Depths, start: number): number[] => {
  const chain: number[] = [];
  for (let node = start; node >= 0; node = via[node] ?? -1) chain.push(node);
  return chain;
};

/** Refuses recursion, and chains of more than 8 frames; callbacks count as called where their address is taken. */
export function checkCallGraph(decoded: Decoded, ranges: readonly SubprogramRange[]): CallGraph {
  const references = subprogramReferences(decoded.insns);
  const calls = callsOf(references, ranges);
  checkRecursion(calls, ranges);
  const depths = measure(calls);
  const deepestChain = chainFrom(depths, 0);
  const frames = deepestChain.length;
  if (frames > MAX_CALL_FRAMES) {
    const starts = deepestChain.map((index) => ranges[index]?.start ?? 0);
    const ninth = starts[MAX_CALL_FRAMES] ?? 0;
    const chain = `functions at insns ${starts.slice(0, 16).join(' -> ')}${frames > 16 ? ' ...' : ''}`;
    refuse(
      ninth,
      `the call stack of ${frames} frames is too deep: at most ${MAX_CALL_FRAMES} are allowed; ${chain}`,
    );
  }
  const taken = new Set(references.filter((r) => r.addressTaken).map((r) => ownerOf(ranges, r.target)));
  return { frames, deepestChain, addressTaken: [...taken] };
}
