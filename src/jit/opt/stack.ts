/**
 * Pieces of a function's stack that become locals: those that only its own loads and stores at constant offsets
 * reach, by the proof. Per 8-byte slot; pieces of a slot that overlap are one, of which parts are read and written.
 */
import type { Insn, Size } from '../../isa/insn.ts';
import type { InsnFacts, Proof } from '../../verifier/proof.ts';

/** The local of a piece of stack, and where in it an access is. */
export interface Cell {
  readonly local: number;
  /** Bits that the access is shifted by, when it is a part. */
  readonly shift: number;
  /** The piece is as wide as the access. */
  readonly isWhole: boolean;
}

interface Access {
  readonly offset: number;
  readonly size: Size;
}

const SLOT = 8;
const slotOf = ({ offset }: Access): number => Math.floor(offset / SLOT);
const crosses = ({ offset, size }: Access): boolean =>
  slotOf({ offset, size }) !== Math.floor((offset + size - 1) / SLOT);

/** Number of an access: offset and size. */
export const cellKey = (offset: number, size: Size): number => offset * 16 + size;

function accessOf(insn: Insn, facts: InsnFacts | undefined): Access | undefined {
  const offset = facts?.stackOffset;
  const isPlain = insn.kind === 'load' || insn.kind === 'store';
  return isPlain && offset !== undefined ? { offset, size: insn.size } : undefined;
}

/** The accesses by slot; a slot with one that is not plain has none. */
function accessesBySlot(
  insns: readonly (Insn | undefined)[],
  proof: Proof,
  start: number,
  end: number,
): Map<number, Access[]> {
  const slots = new Map<number, Access[]>();
  const barred = new Set<number>();
  for (let slot = start; slot < end; slot++) {
    const insn = insns[slot];
    const facts = proof.facts.get(slot);
    if (insn === undefined || facts?.stackOffset === undefined) continue;
    const access = accessOf(insn, facts);
    const at = Math.floor(facts.stackOffset / SLOT);
    if (access === undefined || crosses(access)) {
      barred.add(at).add(at + 1);
    } else {
      const others = slots.get(at);
      if (others === undefined) slots.set(at, [access]);
      else others.push(access);
    }
  }
  for (const at of barred) slots.delete(at);
  return slots;
}

const overlap = (a: Access, b: Access): boolean =>
  a.offset < b.offset + b.size && b.offset < a.offset + a.size;

/** Each access once. */
const distinct = (accesses: readonly Access[]): Access[] => [
  ...new Map(accesses.map((access) => [cellKey(access.offset, access.size), access])).values(),
];

function cellsOf(accesses: readonly Access[], at: number, take: () => number): [number, Cell][] {
  const pieces = distinct(accesses);
  const isApart = pieces.every((a) => pieces.every((b) => a === b || !overlap(a, b)));
  if (isApart) {
    return pieces.map(({ offset, size }) => [
      cellKey(offset, size),
      { local: take(), shift: 0, isWhole: true },
    ]);
  }
  const whole = take();
  return pieces.map(({ offset, size }) => [
    cellKey(offset, size),
    { local: whole, shift: 8 * (offset - at * SLOT), isWhole: size === SLOT },
  ]);
}

/**
 * The cells of the function in slots [start, end), by `cellKey` of the access.
 *
 * @param take makes an i64 local
 */
export function promoteStack(
  insns: readonly (Insn | undefined)[],
  proof: Proof,
  start: number,
  end: number,
  take: () => number,
): ReadonlyMap<number, Cell> {
  const stack = proof.stacks.find((fact) => fact.start === start);
  if (stack === undefined) return new Map();
  // Slot 0 of the proof is r10 - 8.
  const escaping = new Set(stack.escaping.map((slot) => -1 - slot));
  const cells = new Map<number, Cell>();
  for (const [at, accesses] of accessesBySlot(insns, proof, start, end)) {
    if (escaping.has(at)) continue;
    for (const [key, cell] of cellsOf(accesses, at, take)) cells.set(key, cell);
  }
  return cells;
}
