import { symbolsBySection } from './elf/symbols.ts';
import { type ElfFile, type ElfSection, type ElfSymbol, SHF_EXECINSTR, SHT_PROGBITS } from './elf/types.ts';

const SLOT = 8;

/** A function of an object: a program's entry or a subprogram. */
export interface FunctionDef {
  readonly name: string;
  readonly section: ElfSection;
  /** Bytes from the start of the section. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  readonly linkage: 'static' | 'global';
}

export const isCode = ({ type, flags, size }: ElfSection): boolean =>
  type === SHT_PROGBITS && (flags & SHF_EXECINSTR) !== 0 && size > 0;

/** Compilers before LLVM 7 leave functions untyped; their labels are local or called LBB…. */
const isUntypedFunction = ({ kind, binding, name }: ElfSymbol): boolean =>
  kind === 'none' && binding !== 'local' && !name.startsWith('LBB');

/** Symbols of the functions of a section by offset, one for each offset. */
function functionSymbols(symbols: readonly ElfSymbol[]): ElfSymbol[] {
  const typed = symbols.filter(({ kind }) => kind === 'function');
  const chosen = typed.length > 0 ? typed : symbols.filter(isUntypedFunction);
  const byOffset = new Map<number, ElfSymbol>();
  for (const symbol of chosen) if (!byOffset.has(symbol.value)) byOffset.set(symbol.value, symbol);
  return [...byOffset.values()].sort((a, b) => a.value - b.value);
}

function checkPlace(elf: ElfFile, section: ElfSection, { name, value, size }: ElfSymbol): void {
  if (value % SLOT === 0 && size % SLOT === 0 && value + size <= section.size && value < section.size) return;
  throw elf.bytes.error(
    `function '${name}' at offset ${value}, ${size} bytes, does not lie in whole instructions of section '${section.name}' (${section.size} bytes)`,
  );
}

/** Untyped symbols have no size: the function ends where the next begins. */
function sizeOfSymbol(symbol: ElfSymbol, next: ElfSymbol | undefined, section: ElfSection): number {
  const room = (next?.value ?? section.size) - symbol.value;
  return symbol.size === 0 ? room - (room % SLOT) : Math.min(symbol.size, room);
}

/** A section without symbols is one program of that name. */
const wholeSection = (section: ElfSection): FunctionDef[] =>
  section.name === '.text'
    ? []
    : [
        {
          name: section.name,
          section,
          offset: 0,
          size: section.size - (section.size % SLOT),
          linkage: 'global',
        },
      ];

function sectionFunctions(elf: ElfFile, section: ElfSection, symbols: readonly ElfSymbol[]): FunctionDef[] {
  const chosen = functionSymbols(symbols);
  if (chosen.length === 0) return wholeSection(section);
  return chosen.map((symbol, i) => {
    checkPlace(elf, section, symbol);
    return {
      name: symbol.name,
      section,
      offset: symbol.value,
      size: sizeOfSymbol(symbol, chosen[i + 1], section),
      linkage: symbol.binding === 'local' || symbol.hidden ? 'static' : 'global',
    };
  });
}

/** All functions of an object, by place. */
export class FunctionTable {
  /** By section, then offset: the order in which libbpf lists programs. */
  readonly all: readonly FunctionDef[];
  private readonly places: ReadonlyMap<string, FunctionDef>;

  /** @throws WebpfError `bad-elf` when a symbol points outside its section */
  constructor(elf: ElfFile) {
    const symbols = symbolsBySection(elf);
    this.all = elf.sections
      .filter(isCode)
      .flatMap((section) => sectionFunctions(elf, section, symbols.get(section.index) ?? []));
    this.places = new Map(this.all.map((each) => [`${each.section.index}:${each.offset}`, each]));
  }

  /** The function that begins there. */
  at(section: number, offset: number): FunctionDef | undefined {
    return this.places.get(`${section}:${offset}`);
  }

  /**
   * Entry points: the functions outside .text, static ones too (tail call targets are often static); where there
   * is nothing outside, the global functions of .text, or all when none is global.
   */
  entries(): readonly FunctionDef[] {
    const outside = this.all.filter(({ section }) => section.name !== '.text');
    if (outside.length > 0) return outside;
    const global = this.all.filter(({ linkage }) => linkage === 'global');
    return global.length > 0 ? global : this.all;
  }
}
