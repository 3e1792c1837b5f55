import type { Arena } from './arena.ts';
import type { ContextTemplates } from './context.ts';
import type { EventMemory } from './events/memory.ts';
import type { RawMap } from './maps/raw.ts';
import type { LinearMemory } from './memory.ts';
import type { ProfileEntry } from './profile.ts';
import type { Signal } from './signal.ts';
import type { Snapshots } from './snapshots.ts';
import type { Sockets } from './sockets/socket.ts';
import type { Streams } from './streams.ts';
import type { ContextNeeds } from './tailCalls.ts';
import type { Trap } from './trap.ts';

/** A trap, with what was thrown. */
export interface Caught {
  readonly trap: Trap;
  readonly cause: unknown;
}

/** What a program needs of the engine it runs in. */
export interface RunHost {
  readonly memory: LinearMemory;
  /** Address of the run state. */
  readonly run: number;
  readonly arena: Arena;
  readonly templates: ContextTemplates;
  readonly snapshots: Snapshots;
  readonly sockets: Sockets;
  readonly streams: Streams;
  /** Notified after every run. */
  readonly signal: Signal;
  /** True while a program runs or packets are laid out for it: there is one run state, so no second run can begin. */
  running: boolean;
  assertOpen(): void;
  /** Around a batch, in which other threads leave what they take out of maps readable. */
  enter(): void;
  leave(): void;
  /** The trap behind what a run has thrown. */
  trapOf(error: unknown): Caught;
  /** How often each instruction of the program at this descriptor was executed; undefined unless that is counted. */
  profileOf(descriptor: number): readonly ProfileEntry[] | undefined;
  mapAt(address: number): RawMap | undefined;
  /** Where the memory is that events bring along. */
  readonly eventMemory: EventMemory;
  /** What runs of the program at this descriptor may access of their context without a check. */
  needsOf(descriptor: number): ContextNeeds;
}
