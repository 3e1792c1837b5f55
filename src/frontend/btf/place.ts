import type { ElfFile, ElfSection } from '../elf/types.ts';
import type { Btf, BtfSection } from './types.ts';

/** Where symbols lie, by `section number:name`. */
type Offsets = ReadonlyMap<string, number>;

function symbolOffsets(elf: ElfFile): Offsets {
  const named = elf.symbols.filter(({ kind }) => kind !== 'section');
  return new Map(named.map(({ section, name, value }) => [`${section}:${name}`, value]));
}

function place(section: BtfSection, home: ElfSection, btf: Btf, offsets: Offsets): BtfSection {
  const variables = section.variables.map((variable) => {
    const name = btf.types[variable.type]?.name ?? '';
    return { ...variable, offset: offsets.get(`${home.index}:${name}`) ?? variable.offset };
  });
  return { ...section, size: home.size, variables: variables.sort((a, b) => a.offset - b.offset) };
}

/**
 * Fills in where the variables of each datasec lie. Compilers leave the offsets to the linker (`.rel.BTF`); the
 * symbol table knows them, and the section table the size.
 */
export function placeVariables(btf: Btf, elf: ElfFile): Btf {
  const homes = new Map(elf.sections.map((section) => [section.name, section]));
  const offsets = symbolOffsets(elf);
  const types = btf.types.map((type) => {
    const home = type.kind === 'datasec' ? homes.get(type.name) : undefined;
    return type.kind === 'datasec' && home !== undefined ? place(type, home, btf, offsets) : type;
  });
  return { types };
}
