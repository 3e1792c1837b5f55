import type { Scalar } from '../scalar.ts';
import type { Walk } from '../walk/walk.ts';

/** Placeholder until the data-flow pass is written: nothing is claimed. */
export function scalarFacts(_: Walk): (slot: number, register: number) => Scalar | undefined {
  return () => undefined;
}
