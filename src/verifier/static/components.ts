/** Loops: the strongly connected components of the flow graph (Tarjan 1972, without recursion). */
import { type Insns, successorsOf } from './flow.ts';

interface Tarjan {
  readonly order: Int32Array;
  readonly low: Int32Array;
  readonly open: number[];
  readonly isOpen: Uint8Array;
  counter: number;
}

interface Visit {
  readonly slot: number;
  readonly next: readonly number[];
  position: number;
}

const begin = (t: Tarjan, slot: number, insns: Insns): Visit => {
  t.counter += 1;
  t.order[slot] = t.counter;
  t.low[slot] = t.counter;
  t.open.push(slot);
  t.isOpen[slot] = 1;
  const insn = insns[slot];
  return { slot, next: insn === undefined ? [] : successorsOf(insn, slot), position: 0 };
};

const lower = (t: Tarjan, slot: number, to: number): void => {
  if (to < (t.low[slot] ?? 0)) t.low[slot] = to;
};

/** Takes the finished component that `slot` heads off the open slots. */
const close = (t: Tarjan, slot: number): number[] => {
  const members: number[] = [];
  for (let last = -1; last !== slot; ) {
    last = t.open.pop() ?? slot;
    t.isOpen[last] = 0;
    members.push(last);
  }
  return members;
};

function explore(t: Tarjan, root: number, insns: Insns, found: (members: number[]) => void): void {
  const visits = [begin(t, root, insns)];
  for (let visit = visits.at(-1); visit !== undefined; visit = visits.at(-1)) {
    const successor = visit.next[visit.position++];
    if (successor === undefined) {
      visits.pop();
      const parent = visits.at(-1);
      if (parent) lower(t, parent.slot, t.low[visit.slot] ?? 0);
      if (t.low[visit.slot] === t.order[visit.slot]) found(close(t, visit.slot));
    } else if (t.order[successor] === 0) {
      visits.push(begin(t, successor, insns));
    } else if (t.isOpen[successor] === 1) {
      lower(t, visit.slot, t.order[successor] ?? 0);
    }
  }
}

/**
 * Number of the loop that each slot is in, from 1; 0 for slots in none.
 *
 * @param isLoop instructions that are loops by themselves: calls of helpers that call a function again and again
 */
export function loopNumbers(insns: Insns, isLoop: (slot: number) => boolean): Int32Array {
  const numbers = new Int32Array(insns.length);
  const size = insns.length;
  const t: Tarjan = {
    order: new Int32Array(size),
    low: new Int32Array(size),
    open: [],
    isOpen: new Uint8Array(size),
    counter: 0,
  };
  let count = 0;
  const note = (members: number[]): void => {
    const [only = 0] = members;
    const insn = insns[only];
    const alone = members.length === 1;
    const jumpsToItself = insn !== undefined && successorsOf(insn, only).includes(only);
    if (alone && !jumpsToItself && !isLoop(only)) return;
    count += 1;
    for (const slot of members) numbers[slot] = count;
  };
  insns.forEach((insn, slot) => {
    if (insn !== undefined && t.order[slot] === 0) explore(t, slot, insns, note);
  });
  return numbers;
}
