/** A row of a map with what it is ranked by. */
export interface Row {
  readonly key: unknown;
  readonly value: unknown;
  readonly weight: number;
}

function* numbersIn(value: unknown): Generator<number> {
  if (typeof value === 'number') yield value;
  else if (typeof value === 'bigint') yield Number(value);
  else if (value instanceof Uint8Array) yield* value;
  else if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) yield* numbersIn(inner);
  }
}

/** The first number of a value; what is not numeric at all counts as present. */
function weightOf(value: unknown): { first: number; empty: boolean } {
  let first: number | undefined;
  let empty = true;
  for (const number of numbersIn(value)) {
    first ??= number;
    if (number !== 0) empty = false;
    if (!empty) break;
  }
  return { first: first ?? 0, empty: empty && first !== undefined };
}

/** Adds up what the CPUs have counted: numbers are summed, of anything else the last that is not empty counts. */
export function sumCpus(values: readonly unknown[]): unknown {
  return values.reduce((sum, value) =>
    weightOf(value).empty ? sum : weightOf(sum).empty ? value : add(sum, value),
  );
}

function add(a: unknown, b: unknown): unknown {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (typeof a === 'bigint' && typeof b === 'bigint') return a + b;
  if (Array.isArray(a) && Array.isArray(b)) return a.map((value, i) => add(value, b[i]));
  if (a instanceof Uint8Array || typeof a !== 'object' || a === null) return b;
  const other = b as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.entries(a).map(([name, value]) => [name, add(value, other[name])]));
}

export interface Selection {
  readonly rows: readonly Row[];
  /** Rows that have anything but zeros, shown or not. */
  readonly total: number;
}

/** Keeps the heaviest `limit` rows without holding all of a large map. */
export function heaviest(entries: Iterable<readonly [unknown, unknown]>, limit: number): Selection {
  let rows: Row[] = [];
  let total = 0;
  const most = Math.max(64, limit * 4);
  for (const [key, value] of entries) {
    total++;
    rows.push({ key, value, weight: weightOf(value).first });
    if (rows.length > most) rows = ranked(rows).slice(0, limit);
  }
  return { rows: ranked(rows).slice(0, limit), total };
}

const ranked = (rows: readonly Row[]): Row[] => [...rows].sort((a, b) => b.weight - a.weight);

/** The first `limit` rows in order, without those that hold nothing but zeros. */
export function inOrder(entries: Iterable<readonly [unknown, unknown]>, limit: number): Selection {
  const rows: Row[] = [];
  let total = 0;
  for (const [key, value] of entries) {
    const { first, empty } = weightOf(value);
    if (empty) continue;
    total++;
    if (rows.length < limit) rows.push({ key, value, weight: first });
  }
  return { rows, total };
}
