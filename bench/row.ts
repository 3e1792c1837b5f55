import type { EngineOptions } from '../src/index.ts';
import type { Timing } from './measure.ts';

export type Variant = 'interp' | 'jit' | 'interp trusted' | 'jit trusted';

/** What is measured side by side: both engines, in the sandbox and without it. */
export const variants: readonly (readonly [Variant, EngineOptions])[] = [
  ['interp', { engine: 'interp', sandbox: true }],
  ['jit', { engine: 'jit', sandbox: true }],
  ['interp trusted', { engine: 'interp', trusted: true }],
  ['jit trusted', { engine: 'jit', trusted: true }],
];

export interface Row {
  readonly name: string;
  /** Instructions one run executes; undefined where runs differ. */
  readonly insns: number | undefined;
  readonly timings: Readonly<Record<Variant, Timing>>;
}
