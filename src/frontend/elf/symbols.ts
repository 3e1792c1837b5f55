import type { ElfFile, ElfSymbol } from './types.ts';

/** Symbols by number of the section they are defined in, in the order of the symbol table. */
export function symbolsBySection(elf: ElfFile): ReadonlyMap<number, readonly ElfSymbol[]> {
  const groups = new Map<number, ElfSymbol[]>();
  for (const symbol of elf.symbols) {
    const group = groups.get(symbol.section);
    if (group === undefined) groups.set(symbol.section, [symbol]);
    else group.push(symbol);
  }
  return groups;
}
