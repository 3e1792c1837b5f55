/** Source maps (ECMA-426) as Binaryen writes them, as far as they say which line the code at an offset comes from. */
import { NOWHERE, type Positions } from './positions.ts';

const DIGITS = new Map(
  [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].map((char, value) => [
    char.charCodeAt(0),
    value,
  ]),
);
const MORE = 32;
const COMMA = ','.charCodeAt(0);
/** Fields of a segment: column of the output (here the byte offset), source, line, column. */
const OFFSET = 0;
const LINE = 2;

/** The fields of the segment at `at`, each a distance; returns where it ends. */
function readSegment(mappings: string, at: number, fields: number[]): number {
  let value = 0;
  let shift = 1;
  let next = at;
  for (; next < mappings.length && mappings.charCodeAt(next) !== COMMA; next++) {
    const digit = DIGITS.get(mappings.charCodeAt(next)) ?? 0;
    value += (digit & (MORE - 1)) * shift;
    shift *= MORE;
    if (digit >= MORE) continue;
    fields.push(value % 2 === 1 ? -(value - 1) / 2 : value / 2);
    value = 0;
    shift = 1;
  }
  return next;
}

/** The mappings of a module, lines taken for slots. Neighbours of the same line are one. */
export function positionsOfMappings(mappings: string): Positions {
  const offsets: number[] = [];
  const slots: number[] = [];
  let [offset, line] = [0, 0];
  for (let at = 0; at < mappings.length; at++) {
    const fields: number[] = [];
    at = readSegment(mappings, at, fields);
    offset += fields[OFFSET] ?? 0;
    line += fields[LINE] ?? 0;
    const slot = fields.length > 1 ? line : NOWHERE;
    if (slots.at(-1) === slot) continue;
    offsets.push(offset);
    slots.push(slot);
  }
  return { offsets, slots };
}
