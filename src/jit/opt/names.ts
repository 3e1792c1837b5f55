/** The optimisations by name, so that each can be left out: for tests, and to measure what it is worth. */
export const OPTIMIZATIONS = [
  /** Constants, identities, and what the verifier knows of numbers. */
  'fold',
  /** Branches that always (or never) happen, by the proof, and code that is never reached. */
  'branches',
  'extensions',
  /** Registers without a high half are 32-bit locals. */
  'halves',
  'rotate',
  'swap',
  /** Numbers put together from bytes are loaded as one. */
  'bytes',
  /** Stores side by side are one. */
  'stores',
  /** What was stored or loaded before is not loaded again. */
  'forward',
  /** Pieces of the stack whose address nobody else gets are locals. */
  'stack',
  /** Lookups in maps known at the call without a call; other operations on them past the helper. */
  'maps',
  /** Loops that count are copied. */
  'unroll',
  /** Functions of the program in place of calls. */
  'inline',
] as const;

export type Optimization = (typeof OPTIMIZATIONS)[number];

/** All of them, none, or all but some. */
export type Optimize = boolean | { readonly without: readonly Optimization[] };

export const usesOf =
  (optimize: Optimize) =>
  (name: Optimization): boolean =>
    typeof optimize === 'boolean' ? optimize : !optimize.without.includes(name);
