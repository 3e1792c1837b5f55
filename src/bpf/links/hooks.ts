import type { LinkObject } from './link.ts';

/** Links by the name of the hook that the host fires, in the order in which they were made. */
export type Hooks = Map<string, readonly LinkObject[]>;
