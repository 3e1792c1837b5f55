/** Where the lines of a case's assembly stand in the program. */
import { assemble } from '../../../src/isa/asm.ts';
import type { PlacedLine } from './assertions.ts';
import type { Case } from './case.ts';
import { expand } from './expand.ts';
import { houseTypes } from './house.ts';

const STATE = /;\s*(?:-\s*\||R\d+=|fp-\d+=)/;

export const asksForStates = ({ asm }: Case): boolean => asm.some((line) => STATE.test(line));

/** Marks every line, so that it is found again behind definitions and repetitions. */
const mark = (index: number): string => `;@${index}@`;

/** The first slot of each line; undefined where no instruction comes of it. */
export function slotsOfLines({ asm, definitions, maps }: Case): readonly (number | undefined)[] {
  const marked = asm.map((line, index) =>
    line.trim().startsWith('%') ? line : `${line.replace(/;.*/, '')}${mark(index)}`,
  );
  const text = expand(marked, definitions, houseTypes().ids);
  const { lines } = assemble(text, { maps: maps.map(({ spec }) => spec.name) });
  const slots: (number | undefined)[] = asm.map(() => undefined);
  for (const { text: line, insn } of lines) {
    const index = Number(/;@(\d+)@/.exec(line)?.[1] ?? -1);
    if (index >= 0) slots[index] ??= insn;
  }
  return slots;
}

/** Lines with assertions and their slots. */
export function placedLines(test: Case): readonly PlacedLine[] {
  const slots = slotsOfLines(test);
  return test.asm.flatMap((text, index) => {
    const slot = slots[index];
    return slot === undefined ? [] : [{ text, slot }];
  });
}
