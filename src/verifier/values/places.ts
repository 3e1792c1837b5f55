/** Places of a function's stack that hold one value at a time, as its registers do. */
import type { Insn } from '../../isa/insn.ts';
import type { Facts } from '../walk/facts.ts';

/** Bytes of the function's own stack that are loaded and stored as a whole. */
export interface Place {
  /** From r10, negative. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

/** Registers and places are numbered through: the pass keeps no more of them. */
export const MAX_VALUES = 64;
export const REGISTERS = 10;

const slotOf = (offset: number): number => (-offset - 1) >> 3;

function isOwn(facts: Facts, subprogram: number, { offset, size }: Place): boolean {
  const escaping = facts.escapes.get(subprogram);
  if (escaping === undefined) return true;
  for (let slot = slotOf(offset + size - 1); slot <= slotOf(offset); slot++) {
    if (escaping.has(slot)) return false;
  }
  return true;
}

const ACCESSES: ReadonlySet<Insn['kind']> = new Set(['load', 'store', 'atomic', 'storeRelease']);

/** The place an instruction loads from or stores to, where it is the function's own on every path. */
export function placeOf(facts: Facts, subprogram: number, insn: Insn, slot: number): Place | undefined {
  if (!ACCESSES.has(insn.kind) || !('size' in insn)) return undefined;
  const offset = facts.stackOffset(slot);
  if (offset === undefined) return undefined;
  const place = { offset, size: insn.size };
  return isOwn(facts, subprogram, place) ? place : undefined;
}

export const overlap = (a: Place, b: Place): boolean =>
  a.offset < b.offset + b.size && b.offset < a.offset + a.size;

/** The places a function loads from, each once. */
export function placesOf(
  facts: Facts,
  subprogram: number,
  insns: Iterable<readonly [number, Insn]>,
): readonly Place[] {
  const places: Place[] = [];
  for (const [slot, insn] of insns) {
    const place = insn.kind === 'load' ? placeOf(facts, subprogram, insn, slot) : undefined;
    if (place === undefined || places.length === MAX_VALUES - REGISTERS) continue;
    const isKnown = places.some(({ offset, size }) => offset === place.offset && size === place.size);
    if (!isKnown) places.push(place);
  }
  return places;
}
