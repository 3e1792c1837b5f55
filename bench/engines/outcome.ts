import type { Contestant } from '../measure.ts';

/** What a run leaves behind, to be compared between engines. */
export interface Outcome {
  /** Unsigned; of the kernel, the low 32 bits. */
  readonly r0: bigint;
  /** FNV-1a of the packet, in hex. */
  readonly packet: string;
}

/** A program in one engine, with its input. */
export type Candidate = Contestant &
  Disposable & {
    /** The outcome of the very first run. */
    readonly first: Outcome;
  };

export function fnv1a(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}
