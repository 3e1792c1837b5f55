/**
 * What is known about a program before it runs, as plain data: the verifier writes it, the JIT and the
 * interpreter read it.
 */
export interface InsnFacts {
  /** The memory access of this instruction stays inside memory the program was given: no check is needed. */
  readonly safe?: boolean;
}

/**
 * - `sandbox`: nothing is proved; every access is checked at run time, and a budget bounds the run.
 * - `trusted`: the caller vouches for the program; nothing is checked (benchmarks, and programs the kernel accepted).
 */
export type ProofMode = 'sandbox' | 'trusted';

export interface Proof {
  readonly mode: ProofMode;
  /** Facts by slot; absent slots have none. */
  readonly facts: ReadonlyMap<number, InsnFacts>;
}

export const sandboxProof: Proof = { mode: 'sandbox', facts: new Map() };
export const trustedProof: Proof = { mode: 'trusted', facts: new Map() };
