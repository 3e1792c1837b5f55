interface Placed {
  /** Bytes from the start of a section. */
  readonly offset: number;
}

export const sortByOffset = <T extends Placed>(list: readonly T[]): T[] =>
  [...list].sort((a, b) => a.offset - b.offset);

/** First index whose offset is at least `offset`. */
function lowerBound(sorted: readonly Placed[], offset: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle]?.offset ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The elements in [offset, offset + size) of a list sorted by offset. */
export const within = <T extends Placed>(sorted: readonly T[], offset: number, size: number): readonly T[] =>
  sorted.slice(lowerBound(sorted, offset), lowerBound(sorted, offset + size));
