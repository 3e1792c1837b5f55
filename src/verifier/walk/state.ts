/** What belongs to a state of the walk beside its registers and slots: plain values that states share. */
import type { ReturnRange } from '../contexts/returns.ts';

/** A function that a helper calls. */
export interface Callback {
  /** What it may return. */
  readonly returns: ReturnRange;
  /** Called again and again while the helper runs, and after it the helper goes on. */
  readonly sync: boolean;
}

/** A function on the stack. */
export interface Frame {
  /** Position in the structure's `subprograms`. */
  readonly subprogram: number;
  /** Slot of the call; -1 for the main program. */
  readonly callsite: number;
  readonly callback?: Callback | undefined;
  /** Callbacks its call has gone through so far. */
  readonly callbackDepth: number;
  /** Of a function that runs some time later: how many such functions led to it. */
  readonly asyncDepth: number;
}

/** Something that must be given back. */
export interface Reference {
  readonly id: number;
  /** Slot of the call that acquired it. */
  readonly insn: number;
  readonly kind: 'pointer' | 'irq' | 'lock';
  /** Of a lock: which map's. */
  readonly owner: number;
}

export interface Holdings {
  readonly references: readonly Reference[];
  /** Depths of the sections the program is in. */
  readonly rcu: number;
  readonly preempt: number;
}

export const NOTHING_HELD: Holdings = { references: [], rcu: 0, preempt: 0 };

/** What a state has in common whether it is current, waiting or kept. */
export interface Common {
  readonly frames: readonly Frame[];
  readonly holdings: Holdings;
  readonly parent: Checkpoint | undefined;
  /** Node of the trace that led here. */
  readonly node: number;
  /** Jumps and stack accesses since the last checkpoint. */
  readonly history: number;
  readonly mayGotoDepth: number;
  readonly unrollDepth: number;
}

/** A state that later ones are compared with. */
export interface Checkpoint extends Common {
  /** Packed state. */
  readonly address: number;
  readonly insn: number;
  /** Paths from here that are not walked to their end. */
  branches: number;
  hits: number;
  misses: number;
  isClean: boolean;
  /** No longer compared with; kept while states come from it. */
  isEvicted: boolean;
}

/** A path to be walked later. */
export interface Pending extends Common {
  readonly address: number;
  readonly insn: number;
  readonly previous: number;
  /** What remains to be done to the restored state; false when no run can take this path. */
  readonly resume: (() => boolean) | undefined;
}
