/** What is known to be in memory at a point of a basic block: the loads and stores before it. */
import type { Piece, Value } from './value.ts';

interface Cell extends Piece {
  /** As a load of that size gives it: 64 bits, zero-extended. */
  readonly value: Value;
}

/** Memory of different kinds never overlaps. Others (`mem`, dynptr slices) may be anywhere. */
const APART: ReadonlySet<string | undefined> = new Set(['fp', 'pkt', 'map_value', 'ctx']);

const mayOverlap = (a: Piece, b: Piece): boolean => {
  if (a.base === b.base) return a.offset < b.offset + b.size && b.offset < a.offset + a.size;
  return a.kind === b.kind || !APART.has(a.kind) || !APART.has(b.kind);
};

/** More are not worth the search. */
const MAX_CELLS = 24;

export class KnownMemory {
  #cells: Cell[] = [];
  #epoch = 0;

  /** Changes whenever memory does. */
  get epoch(): number {
    return this.#epoch;
  }

  /** What is known of a piece: a value that begins `shift` bits into the one that was loaded or stored. */
  find({ base, offset, size }: Piece): { readonly value: Value; readonly shift: number } | undefined {
    const cell = this.#cells.findLast(
      (known) => known.base === base && known.offset <= offset && offset + size <= known.offset + known.size,
    );
    return cell && { value: cell.value, shift: 8 * (offset - cell.offset) };
  }

  loaded(piece: Piece, value: Value): void {
    this.#cells.push({ ...piece, value });
    if (this.#cells.length > MAX_CELLS) this.#cells.shift();
  }

  stored(piece: Piece, value: Value): void {
    this.written(piece);
    this.loaded(piece, value);
  }

  /** Something unknown is there now. */
  written(piece: Piece): void {
    this.#epoch++;
    this.#cells = this.#cells.filter((cell) => !mayOverlap(cell, piece));
  }

  /** Anything may have changed. */
  forget(): void {
    this.#epoch++;
    this.#cells = [];
  }
}
