import * as abi from '../../abi/maps.ts';
import { symbolsBySection } from '../elf/symbols.ts';
import type { ElfFile, ElfSection, ElfSymbol } from '../elf/types.ts';
import type { MapSlot, MapSpec } from '../program.ts';
import { ByteReader } from '../reader.ts';
import { badMap, definitionOf, type MapEntry } from './entry.ts';

/** struct bpf_map_def begins with type, key_size, value_size, max_entries. */
const MINIMUM = 16;
/** struct bpf_elf_map of iproute2: …, flags, id, pinning, inner_id, inner_idx. */
const IPROUTE2_SIZE = 36;

/** The words of a definition; those past its end are 0. */
interface Words {
  readonly name: string;
  readonly values: readonly number[];
  /** Bytes of the definition. */
  readonly stride: number;
}

const word = ({ values }: Words, index: number): number => values[index] ?? 0;

/** iproute2's number of the map, which section names of tail calls (`2/1`) refer to; 0 when it has none. */
const idOf = (words: Words): number => word(words, 5);

const isMap = (symbol: ElfSymbol): boolean =>
  symbol.kind === 'object' || (symbol.kind === 'none' && symbol.binding !== 'local');

function readWords(elf: ElfFile, section: ElfSection, symbols: readonly ElfSymbol[]): Words[] {
  const reader = new ByteReader(section.data, {
    code: 'bad-elf',
    what: `section '${section.name}'`,
    subject: elf.name,
  });
  return symbols.map(({ name, value, size }, i) => {
    const room = Math.max(0, (symbols[i + 1]?.value ?? section.data.length) - value);
    const stride = size === 0 ? room : Math.min(size, room);
    const known = Math.min(stride, IPROUTE2_SIZE) & ~3;
    const values = Array.from({ length: known / 4 }, (_, k) => reader.u32(value + 4 * k, name));
    return { name, values, stride };
  });
}

/** Template of the inner maps: by id in iproute2's struct, by position in the kernel samples' one. */
function innerOf(words: Words, all: readonly Words[], section: string): MapSpec | undefined {
  const type = word(words, 0);
  if (type !== abi.MAP_TYPE_ARRAY_OF_MAPS && type !== abi.MAP_TYPE_HASH_OF_MAPS) return undefined;
  const byId = words.stride >= IPROUTE2_SIZE;
  const inner = byId ? all.find((other) => idOf(other) === word(words, 7)) : all[word(words, 5)];
  if (inner === undefined || inner === words) throw badMap(words.name, 'its inner map is not defined');
  return plainSpec(inner, section);
}

const plainSpec = (words: Words, section: string): MapSpec => ({
  name: words.name,
  type: word(words, 0),
  keySize: word(words, 1),
  valueSize: word(words, 2),
  maxEntries: word(words, 3),
  flags: word(words, 4),
  section,
});

/** Slots by map id. */
type TailCalls = ReadonlyMap<number, readonly MapSlot[]>;

const TAIL_CALL = /^(0x[\da-f]+|\d+)\/(0x[\da-f]+|\d+)$/i;

/** iproute2 puts the program of section `<map id>/<index>` into that slot of the map. */
function tailCallSlots(elf: ElfFile): TailCalls {
  const slots = new Map<number, MapSlot[]>();
  for (const { kind, section, name } of elf.symbols) {
    const target = kind === 'function' ? TAIL_CALL.exec(elf.sections[section]?.name ?? '') : null;
    if (target === null) continue;
    const id = Number(target[1]);
    const known = slots.get(id) ?? [];
    known.push({ index: Number(target[2]), kind: 'program', name });
    slots.set(id, known);
  }
  return slots;
}

function readMap(words: Words, all: readonly Words[], section: string, calls: TailCalls): MapSpec {
  if (words.stride < MINIMUM)
    throw badMap(words.name, `defined in ${words.stride} bytes; 16 or more are needed`);
  const spec = plainSpec(words, section);
  if (spec.type === 0) throw badMap(words.name, 'type 0 (unspecified)');
  const inner = innerOf(words, all, section);
  const slots = spec.type === abi.MAP_TYPE_PROG_ARRAY ? calls.get(idOf(words)) : undefined;
  return { ...spec, ...(inner && { inner, valueSize: 4 }), ...(slots && { slots }) };
}

interface Section {
  readonly section: ElfSection;
  readonly symbols: readonly ElfSymbol[];
  readonly words: readonly Words[];
}

/** The definitions of each section, in the order of their places. */
function readSections(elf: ElfFile): Section[] {
  const sections = elf.sections.filter(({ name }) => name === 'maps' || name.startsWith('maps/'));
  if (sections.length === 0) return [];
  const groups = symbolsBySection(elf);
  return sections.flatMap((section) => {
    const own = groups.get(section.index) ?? [];
    const symbols = own.filter(isMap).sort((a, b) => a.value - b.value);
    return symbols.length === 0 ? [] : [{ section, symbols, words: readWords(elf, section, symbols) }];
  });
}

/**
 * Maps of `maps` sections, as before libbpf 1.0: an array of struct bpf_map_def (or iproute2's bpf_elf_map), whose
 * length differs from object to object.
 */
export function legacyMaps(elf: ElfFile): MapEntry[] {
  const sections = readSections(elf);
  const calls = sections.length > 0 ? tailCallSlots(elf) : new Map();
  const all = sections.flatMap(({ words }) => words);
  return sections.flatMap(({ section, symbols, words }) =>
    words.map((each, i) => ({
      name: each.name,
      section: section.index,
      offset: symbols[i]?.value ?? 0,
      size: each.stride,
      spec: definitionOf(() => readMap(each, all, section.name, calls)),
    })),
  );
}
