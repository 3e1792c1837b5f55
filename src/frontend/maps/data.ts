import { BPF_F_RDONLY_PROG, MAP_TYPE_ARRAY } from '../../abi/maps.ts';
import type { Btf } from '../btf/types.ts';
import { type ElfFile, type ElfSection, SHT_NOBITS, SHT_PROGBITS } from '../elf/types.ts';
import type { MapSpec } from '../program.ts';
import type { MapEntry } from './entry.ts';

const PREFIXES = ['.data', '.rodata', '.bss'] as const;

function isData({ name, type, size }: ElfSection): boolean {
  if (size === 0 || (type !== SHT_PROGBITS && type !== SHT_NOBITS)) return false;
  return PREFIXES.some((prefix) => name === prefix || name.startsWith(`${prefix}.`));
}

/** Ids of the datasecs by name. */
function datasecs(btf: Btf | undefined): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  btf?.types.forEach((type, id) => {
    if (type.kind === 'datasec') ids.set(type.name, id);
  });
  return ids;
}

function dataMap(section: ElfSection, btf: Btf | undefined, valueTypeId: number | undefined): MapSpec {
  const readOnly = section.name.startsWith('.rodata');
  return {
    name: section.name,
    type: MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: section.size,
    maxEntries: 1,
    flags: readOnly ? BPF_F_RDONLY_PROG : 0,
    valueTypeId,
    btf,
    // .bss has no bytes in the file: a new map is zero anyway.
    data: section.type === SHT_NOBITS ? undefined : section.data.slice(),
    frozen: readOnly,
    section: section.name,
  };
}

/** Global data as libbpf makes maps of it: an array of one value for each of .data*, .rodata* and .bss*. */
export function dataMaps(elf: ElfFile, btf: Btf | undefined): MapEntry[] {
  const types = datasecs(btf);
  return elf.sections.filter(isData).map((section) => ({
    name: section.name,
    section: section.index,
    offset: 0,
    size: section.size,
    spec: dataMap(section, btf, types.get(section.name)),
  }));
}
