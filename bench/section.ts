import type { Timing } from './stats.ts';

/** Undefined: not measured here. */
export type Cell = string | number | Timing | undefined;

/** One table: what a part of the suite has measured. */
export interface Section {
  /** The part that made it; several sections may come from one. */
  readonly part: string;
  readonly title: string;
  /** Names with their unit; the first column names the row. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** What a reader must know: what was left out, and why. */
  readonly notes: readonly string[];
}
