/** Random instructions of every row, for the property tests. */
import fc from 'fast-check';
import type { Insn } from '../../src/isa/insn.ts';
import { type FieldName, ROWS, type Row } from '../../src/isa/rows.ts';

const RANGE: Readonly<Record<FieldName, fc.Arbitrary<number>>> = {
  dst: fc.integer({ min: 0, max: 10 }),
  src: fc.integer({ min: 0, max: 10 }),
  off: fc.oneof(fc.integer({ min: -0x8000, max: 0x7fff }), fc.constantFrom(0, 1, -1, 0x7fff, -0x8000)),
  imm: fc.oneof(fc.integer(), fc.constantFrom(0, 1, -1, 5, 0x7fffffff, -0x80000000)),
  next: fc.oneof(fc.integer(), fc.constantFrom(0, -1)),
};

/** Random instructions of one row: its template with its free fields filled. */
export function insnOf(row: Row): fc.Arbitrary<Insn> {
  const free = (Object.keys(row.fields) as FieldName[]).filter(
    (name) => typeof row.fields[name] === 'string',
  );
  const entries = free.map((name) => [String(row.fields[name]), RANGE[name]] as const);
  return fc
    .record(Object.fromEntries(entries))
    .map((fields) => ({ ...row.insn, ...fields }) as unknown as Insn);
}

/** Random instructions of any row. */
export const anyInsn: fc.Arbitrary<Insn> = fc.oneof(...ROWS.map(insnOf));
