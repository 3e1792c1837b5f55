import * as abi from '../../abi/maps.ts';
import { WebpfError } from '../../errors.ts';
import { typeById } from '../btf/lookup.ts';
import type { Btf } from '../btf/types.ts';
import type { ElfFile, ElfRelocation, ElfSection } from '../elf/types.ts';
import type { MapSlot, MapSpec } from '../program.ts';
import { sortByOffset, within } from '../range.ts';
import { mapFromBtf, valuesOffset } from './definition.ts';
import { badMap, definitionOf, type MapEntry } from './entry.ts';

const POINTER_SIZE = 8;

interface Variable {
  readonly name: string;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}

function variablesOf(btf: Btf, section: string): Variable[] {
  const type = btf.types.find((each) => each.kind === 'datasec' && each.name === section);
  if (type?.kind !== 'datasec') return [];
  return type.variables.flatMap(({ type: id, offset, size }) => {
    const variable = typeById(btf, id);
    return variable.kind === 'var' ? [{ name: variable.name, type: variable.type, offset, size }] : [];
  });
}

/** `.values = { [3] = &target }`: the relocation's place says the index, its symbol the target. */
function slotOf(spec: MapSpec, valuesAt: number, relocation: ElfRelocation): MapSlot {
  const distance = relocation.offset - valuesAt;
  if (distance < 0 || distance % POINTER_SIZE !== 0) {
    throw badMap(spec.name, `initial value at offset ${relocation.offset} is not in a slot of 'values'`);
  }
  const kind = spec.type === abi.MAP_TYPE_PROG_ARRAY ? 'program' : 'map';
  return { index: distance / POINTER_SIZE, kind, name: relocation.symbol.name };
}

/** Later initialisers of a slot win, as in C. */
function slotsOf(
  spec: MapSpec,
  variable: Variable,
  btf: Btf,
  relocations: readonly ElfRelocation[],
): MapSlot[] {
  const inside = within(relocations, variable.offset, variable.size);
  const values = valuesOffset(btf, variable.type);
  if (inside.length === 0) return [];
  if (values === undefined) throw badMap(spec.name, "initial values without a 'values' attribute");
  const slots = inside.map((relocation) => slotOf(spec, variable.offset + values, relocation));
  return [...new Map(slots.map((slot) => [slot.index, slot])).values()].sort((a, b) => a.index - b.index);
}

function readMap(btf: Btf, variable: Variable, relocations: readonly ElfRelocation[]): MapSpec {
  if (variable.name === '') throw badMap('', `a definition at offset ${variable.offset} has no name`);
  const spec = mapFromBtf(btf, variable.name, variable.type);
  const slots = slotsOf(spec, variable, btf, relocations);
  return slots.length === 0 ? spec : { ...spec, slots };
}

/** Without BTF the section is only bytes: every map in it is known by name and unusable. */
function withoutBtf(elf: ElfFile, section: ElfSection): MapEntry[] {
  return elf.symbols
    .filter((symbol) => symbol.section === section.index && symbol.kind === 'object')
    .map(({ name, value, size }) => ({
      name,
      section: section.index,
      offset: value,
      size,
      spec: new WebpfError(
        'bad-map',
        `map '${name}' is defined in '.maps' but there is no BTF; compile with -g`,
        {
          stage: 'frontend',
          subject: name,
        },
      ),
    }));
}

/** Maps of the `.maps` section. */
export function btfMaps(elf: ElfFile, btf: Btf | undefined): MapEntry[] {
  const section = elf.sections.find(({ name }) => name === '.maps');
  if (section === undefined) return [];
  const relocations = sortByOffset(elf.relocations.get(section.index) ?? []);
  const variables = btf === undefined ? [] : variablesOf(btf, '.maps');
  if (btf === undefined || variables.length === 0) return withoutBtf(elf, section);
  return variables.map((variable) => ({
    name: variable.name,
    section: section.index,
    offset: variable.offset,
    size: variable.size,
    spec: definitionOf(() => readMap(btf, variable, relocations)),
  }));
}
