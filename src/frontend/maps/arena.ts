import { ARENA_PAGE, MAP_TYPE_ARENA } from '../../abi/maps.ts';
import { WebpfError } from '../../errors.ts';
import type { ElfFile, ElfSection } from '../elf/types.ts';
import { badMap, definitionOf, type MapEntry } from './entry.ts';

/** Where clang puts global variables of the arena's address space. */
const SECTION = '.addr_space.1';

/** The section of the variables that are to lie in the arena. */
export const arenaVariables = (elf: ElfFile): ElfSection | undefined =>
  elf.sections.find(({ name, size }) => name === SECTION && size > 0);

export const isArena = ({ spec }: MapEntry): boolean =>
  !(spec instanceof WebpfError) && spec.type === MAP_TYPE_ARENA;

/** The arena with the variables at its start, as libbpf has it. */
export function withVariables(entry: MapEntry, variables: ElfSection | undefined): MapEntry {
  const { spec, name } = entry;
  if (variables === undefined || spec instanceof WebpfError || spec.type !== MAP_TYPE_ARENA) return entry;
  if (variables.size > spec.maxEntries * ARENA_PAGE)
    return {
      ...entry,
      spec: definitionOf(() => {
        throw badMap(
          name,
          `the variables of ${SECTION} take ${variables.size} bytes, the arena has ${spec.maxEntries} pages of ${ARENA_PAGE}`,
        );
      }),
    };
  return { ...entry, spec: { ...spec, data: variables.data.slice() } };
}

/** What programs are told that refer to such variables where there is no arena. */
export const withoutArena = ({ index, size }: ElfSection): MapEntry => ({
  name: SECTION,
  section: index,
  offset: 0,
  size,
  spec: definitionOf(() => {
    throw badMap(SECTION, 'global variables of an arena need one: declare it in SEC(".maps")');
  }),
});
