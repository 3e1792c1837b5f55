import type { Workshop } from './engines/workshop.ts';

/** What every part is given. */
export interface Setting {
  readonly workshop: Workshop;
  /** Rounds in which contestants take turns. */
  readonly rounds: number;
  /** Says what is being measured, of how much. */
  progress(done: number, total: number, what: string): void;
}
