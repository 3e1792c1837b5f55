export interface BenchInput {
  /** `memory`: r1 is the data and r2 its length; `packet`: an XDP program. */
  readonly kind: 'memory' | 'packet';
  readonly data: Uint8Array;
  /** Name of the program, where it is not the input's. */
  readonly program?: string;
}

export const inputs: Readonly<Record<string, BenchInput>>;
