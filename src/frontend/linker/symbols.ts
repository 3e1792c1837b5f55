import { type ElfSymbol, SHN_LORESERVE } from '../elf/types.ts';
import { type Input, linkError } from './input.ts';
import type { Place, SectionTable } from './sections.ts';

/** A symbol as an input has it. */
export interface Occurrence {
  readonly input: Input;
  readonly symbol: ElfSymbol;
}

/** What a name stands for in all inputs together. */
export interface GlobalSymbol {
  readonly name: string;
  /** What defines it: the one strong definition, or the first weak one; undefined where none does. */
  definition: Occurrence | undefined;
  readonly occurrences: Occurrence[];
}

const isDefined = ({ section }: ElfSymbol): boolean => section !== 0;

function checkKind({ symbol, input }: Occurrence): void {
  if (symbol.section < SHN_LORESERVE) return;
  throw linkError(
    `${input.name}: '${symbol.name}' is in special section 0x${symbol.section.toString(16)}; compile with -fno-common`,
  );
}

/** The rules of bpf_linker: strong before weak, one strong one alone. */
function define(known: GlobalSymbol, occurrence: Occurrence): void {
  const { definition } = known;
  const isWeak = occurrence.symbol.binding === 'weak';
  if (definition !== undefined && definition.symbol.binding !== 'weak' && !isWeak) {
    throw linkError(`'${known.name}' is defined in ${definition.input.name} and in ${occurrence.input.name}`);
  }
  if (definition === undefined || (definition.symbol.binding === 'weak' && !isWeak))
    known.definition = occurrence;
}

const isNamed = ({ kind, binding, name }: ElfSymbol): boolean =>
  binding !== 'local' && name !== '' && kind !== 'section' && kind !== 'file';

/**
 * The global and weak symbols of all inputs, by name. Those of sections that are left out are left out.
 *
 * @throws WebpfError `link` for a name with two definitions
 */
export function resolveSymbols(
  inputs: readonly Input[],
  sections: SectionTable,
): ReadonlyMap<string, GlobalSymbol> {
  const globals = new Map<string, GlobalSymbol>();
  for (const input of inputs) {
    for (const symbol of input.elf.symbols.filter(isNamed)) {
      const occurrence = { input, symbol };
      checkKind(occurrence);
      if (isDefined(symbol) && sections.placeOf(input, symbol.section) === undefined) continue;
      const known = globals.get(symbol.name) ?? { name: symbol.name, definition: undefined, occurrences: [] };
      globals.set(symbol.name, known);
      known.occurrences.push(occurrence);
      if (isDefined(symbol)) define(known, occurrence);
    }
  }
  return globals;
}

/** Where a symbol of an input lies in the output; undefined for what is left out, or not defined. */
export function placeOfSymbol(sections: SectionTable, { input, symbol }: Occurrence): Place | undefined {
  const place = sections.placeOf(input, symbol.section);
  return place && { section: place.section, offset: place.offset + symbol.value };
}
