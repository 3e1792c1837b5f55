/** What Node has and browsers do not. node.ts puts it in place; without it, there is none of it. */
import type { Artifact } from '../jit/artifact.ts';
import type { translate } from '../jit/translate.ts';
import type { Job, Made } from './tiers/job.ts';

/** Artifacts by what they were made from. Damaged ones are as if they were not there; failures to write are silent. */
export interface Cache {
  /** @param inputs everything that the artifact depends on */
  read(inputs: Uint8Array): Promise<Artifact | undefined>;
  write(inputs: Uint8Array, artifact: Artifact): Promise<void>;
}

/** A translation under way. */
export interface Pending {
  /** Keeps the process alive until it is there. */
  ref(): void;
}

/** Translates in another thread. */
export interface Optimizer {
  /** `take` gets the translation, or why there is none, once: from `poll` or from the event loop. */
  start(job: Job, take: (made: Made) => void): Pending;
  /** Takes what is there, without waiting. */
  poll(): void;
}

export interface Tools {
  readonly translate?: typeof translate;
  readonly openCache?: (directory: string) => Promise<Cache>;
  readonly optimizer?: () => Promise<Optimizer>;
}

let provided: Tools = {};

export const tools = (): Tools => provided;

export function provideTools(given: Tools): void {
  provided = given;
}
