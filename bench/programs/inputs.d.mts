/** What a program mostly does. */
export type BenchKind = 'compute' | 'packet' | 'calls' | 'maps';

/** A packet for an XDP program. */
export interface BenchInput {
  readonly kind: BenchKind;
  readonly data: Uint8Array;
  /** Name of the program, where it is not the input's. */
  readonly program?: string;
}

export const inputs: Readonly<Record<string, BenchInput>>;
