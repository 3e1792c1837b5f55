import type { SymbolSource } from '../elf/write.ts';
import type { Input } from './input.ts';
import type { MergedSection, SectionTable } from './sections.ts';
import { type GlobalSymbol, type Occurrence, placeOfSymbol } from './symbols.ts';

const BINDINGS = { local: 0, global: 1, weak: 2 } as const;
const KINDS = { none: 0, object: 1, function: 2, section: 3, file: 4, other: 0 } as const;
const STV_HIDDEN = 2;

const isHidden = ({ occurrences }: GlobalSymbol): boolean => occurrences.some(({ symbol }) => symbol.hidden);

/** A reference that must be resolved makes the symbol strong, where nothing defines it. */
function bindingOf({ definition, occurrences }: GlobalSymbol): 'global' | 'weak' {
  const deciding = definition === undefined ? occurrences : [definition];
  return deciding.some(({ symbol }) => symbol.binding !== 'weak') ? 'global' : 'weak';
}

/** The symbol table of the output: of each merged section one, then local symbols, then the global ones. */
export class SymbolTable {
  readonly symbols: SymbolSource[] = [];
  private readonly locals = new Map<object, number>();
  private readonly globals = new Map<string, number>();
  private readonly sections: SectionTable;

  constructor(inputs: readonly Input[], sections: SectionTable, globals: ReadonlyMap<string, GlobalSymbol>) {
    this.sections = sections;
    for (const { index } of sections.all) {
      this.symbols.push({ name: '', info: KINDS.section, section: index, value: 0, size: 0 });
    }
    for (const input of inputs) {
      for (const symbol of input.elf.symbols)
        if (symbol.binding === 'local') this.addLocal({ input, symbol });
    }
    for (const global of globals.values()) this.addGlobal(global);
  }

  /** The symbol's number in the output; undefined where the output has it no more. */
  numberOf({ input, symbol }: Occurrence): number | undefined {
    if (symbol.kind === 'section') return this.sections.placeOf(input, symbol.section)?.section.index;
    return this.locals.get(symbol) ?? this.globals.get(symbol.name);
  }

  private add(source: SymbolSource): number {
    return this.symbols.push(source);
  }

  private addLocal({ input, symbol }: Occurrence): void {
    if (symbol.kind === 'section' || symbol.kind === 'file') return;
    const place = placeOfSymbol(this.sections, { input, symbol });
    if (place === undefined) return;
    const info = (BINDINGS.local << 4) | KINDS[symbol.kind];
    this.locals.set(symbol, this.add(this.source(symbol.name, info, symbol.size, place)));
  }

  private addGlobal(global: GlobalSymbol): void {
    const { name, definition, occurrences } = global;
    const place = definition && placeOfSymbol(this.sections, definition);
    const { kind, size } = (definition ?? occurrences[0])?.symbol ?? { kind: 'none', size: 0 };
    const info = (BINDINGS[bindingOf(global)] << 4) | KINDS[kind];
    const source = this.source(name, info, size, place);
    this.globals.set(name, this.add(isHidden(global) ? { ...source, visibility: STV_HIDDEN } : source));
  }

  private source(
    name: string,
    info: number,
    size: number,
    place: { readonly section: MergedSection; readonly offset: number } | undefined,
  ): SymbolSource {
    return { name, info, section: place?.section.index ?? 0, value: place?.offset ?? 0, size };
  }
}
