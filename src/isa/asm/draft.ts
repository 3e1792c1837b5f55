/** What a line of assembly gives: an instruction whose distance to a label may still be open. */
import type { Insn } from '../insn.ts';
import type { Cursor } from './cursor.ts';

/** A label, or a distance in slots from the next slot. */
export type Target =
  | { readonly label: string; readonly distance?: undefined }
  | { readonly distance: number };

export interface Draft {
  readonly insn: Insn;
  /** The property that takes the distance to a label once its slot is known. */
  readonly open?:
    | { readonly label: string; readonly property: 'off' | 'imm' | 'lo'; readonly bits: 16 | 32 }
    | undefined;
}

/** `+3`, `pc-2`, `5`, or a label. */
export function parseTarget(cursor: Cursor, bits: 16 | 32): Target {
  if (cursor.sees('pc') && (cursor.sees('pc', '+') || cursor.sees('pc', '-'))) cursor.next();
  if (cursor.seesNumber()) return { distance: Number(cursor.integer(bits, 'a jump distance')) };
  const token = cursor.next();
  return token.kind === 'word' ? { label: token.text } : cursor.fail('expected a label or a distance', token);
}

/** Completes an instruction with a target, now or (for labels) later. */
export function aim(
  target: Target,
  property: 'off' | 'imm' | 'lo',
  bits: 16 | 32,
  make: (distance: number) => Insn,
): Draft {
  if (target.distance !== undefined) return { insn: make(target.distance | 0) };
  return { insn: make(0), open: { label: target.label, property, bits } };
}
