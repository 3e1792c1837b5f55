/** The walk itself: along one path, then along those put aside (do_check of kernel/bpf/verifier.c). */

import { KIND_CTX } from '../../abi/state.ts';
import { slotsOf } from '../../isa/insn.ts';
import { enterGlobal } from './calls/globals.ts';
import { Explored, isJumpPoint } from './paths/explore.ts';
import { restore } from './paths/pending.ts';
import { refuse, unsupported } from './refusal.ts';
import { NOTHING_HELD } from './state.ts';
import { type BoundStep, bindStep, isJump } from './step.ts';
import type { Walk } from './walk.ts';

/** What the loop needs of each slot. */
interface Slot {
  readonly step: BoundStep;
  readonly jumps: boolean;
  readonly length: number;
  /** Registers read. */
  readonly reads: readonly number[];
}

function slotsFor(walk: Walk): (Slot | undefined)[] {
  const { insns, reads } = walk.code;
  return insns.map((insn, slot) =>
    insn === undefined
      ? undefined
      : {
          step: bindStep(insn.kind, insn),
          jumps: isJump(insn),
          length: slotsOf(insn),
          reads: reads[slot] ?? [],
        },
  );
}

function noteOperands(walk: Walk, { reads }: Slot): void {
  const { memory, facts, insn } = walk;
  for (let i = 0; i < reads.length; i++) facts.operand(insn, i, memory.type(walk.reg(reads[i] as number)));
}

function countInsn(walk: Walk): void {
  walk.processed += 1;
  if (walk.processed <= walk.rules.maxInsns) return;
  refuse(`BPF program is too large. Processed ${walk.processed} insn`, {
    hint: 'too many paths: bound loops tighter, join branches, or move code into global functions',
  });
}

/** One instruction; true when the path goes on. */
function advance(walk: Walk, slots: readonly (Slot | undefined)[], explored: Explored): boolean {
  const slot = slots[walk.insn];
  if (slot === undefined) refuse(`invalid insn idx ${walk.insn}`);
  countInsn(walk);
  if (explored.isKnown()) {
    walk.log?.safe(walk);
    return false;
  }
  walk.node = walk.trace.add(walk.node, walk.insn, walk.frame);
  if (isJumpPoint(walk)) walk.history += 1;
  walk.facts.seen[walk.insn] = 1;
  walk.log?.insn(walk);
  if (slot.jumps) walk.jumps += 1;
  noteOperands(walk, slot);
  walk.next = walk.insn + slot.length;
  walk.ended = false;
  const poison = walk.code.program.poisoned?.get(walk.insn);
  if (poison !== undefined) unsupported(poison);
  slot.step(walk, explored);
  walk.log?.done(walk);
  walk.previous = walk.insn;
  walk.insn = walk.next;
  return !walk.ended;
}

/** The path put aside last becomes the current one; false when none is left. */
function takeNext(walk: Walk, explored: Explored): boolean {
  for (let pending = walk.pending.pop(); pending !== undefined; pending = walk.pending.pop()) {
    restore(walk, pending);
    const isPossible = pending.resume?.() ?? true;
    walk.insn = pending.insn;
    walk.previous = pending.previous;
    if (isPossible) {
      walk.log?.from(walk);
      return true;
    }
    explored.finish(walk.parent);
  }
  return false;
}

/** Starts at a function with nothing but r10, and what `setUp` makes. */
function begin(walk: Walk, subprogram: number): void {
  walk.memory.frames = 0;
  walk.memory.pushFrame();
  walk.frames = [{ subprogram, callsite: -1, callbackDepth: 0, asyncDepth: 0 }];
  walk.holdings = NOTHING_HELD;
  walk.parent = undefined;
  walk.node = 0;
  walk.history = 0;
  walk.mayGotoDepth = 0;
  walk.unrollDepth = 0;
  walk.insn = walk.code.subprograms[subprogram]?.start ?? 0;
  walk.previous = -1;
}

function walkFrom(walk: Walk, slots: readonly (Slot | undefined)[]): void {
  const explored = new Explored(walk);
  walk.log?.from(walk);
  do {
    while (advance(walk, slots, explored)) {
      // One instruction after the other.
    }
    explored.finish(walk.parent);
  } while (takeNext(walk, explored));
}

/** Walks the main program, then every global function that was met. */
export function runWalk(walk: Walk): void {
  const slots = slotsFor(walk);
  walk.log?.begin(walk);
  walk.ops.resetHeap(walk.rules.maxMemory);
  begin(walk, 0);
  walk.memory.setPointer(walk.reg(1), KIND_CTX);
  walkFrom(walk, slots);
  // The set grows while it is walked: global functions call others.
  for (const subprogram of walk.calledGlobals) {
    const { name = '' } = walk.code.subprograms[subprogram] ?? {};
    walk.log?.line(`Validating ${name}() func#${subprogram}...`);
    walk.ops.resetHeap(walk.rules.maxMemory);
    begin(walk, subprogram);
    enterGlobal(walk, subprogram);
    walkFrom(walk, slots);
    walk.log?.line(`Func#${subprogram} ('${name}') is safe for any args that match its prototype`);
  }
}
