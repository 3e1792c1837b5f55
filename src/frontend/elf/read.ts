import { ByteReader, StringTable } from '../reader.ts';
import { type ElfHeader, readAnyHeader, readHeader, SECTION_HEADER_SIZE } from './header.ts';
import {
  type ElfFile,
  type ElfRelocation,
  type ElfSection,
  type ElfSymbol,
  SHT_NOBITS,
  SHT_REL,
  SHT_RELA,
  SHT_SYMTAB,
  SYMBOL_SIZE,
  type SymbolKind,
} from './types.ts';

/** Memory a file may claim without carrying the bytes (.bss): what one array value can hold. */
const MAX_NOBITS = 0x10000000;

interface NamelessSection extends Omit<ElfSection, 'name'> {
  readonly nameOffset: number;
}

function readSection(bytes: ByteReader, at: number, index: number): NamelessSection {
  const field = `section ${index}`;
  const type = bytes.u32(at + 4, field);
  const size = bytes.offset(at + 32, `${field} size`);
  const absent = type === SHT_NOBITS || index === 0;
  return {
    index,
    nameOffset: bytes.u32(at, field),
    type,
    flags: Number(bytes.u64(at + 8, field) & 0xffffffffn),
    size,
    data: absent ? new Uint8Array(0) : bytes.slice(bytes.offset(at + 24, field), size, field),
    link: bytes.u32(at + 40, field),
    info: bytes.u32(at + 44, field),
    align: bytes.offset(at + 48, `${field} alignment`),
    entrySize: bytes.offset(at + 56, `${field} entry size`),
  };
}

function tableOf(
  bytes: ByteReader,
  section: NamelessSection | undefined,
  what: string,
  subject: string,
): StringTable {
  if (section === undefined) throw bytes.error(`${what} are in a section that does not exist`);
  return new StringTable(section.data, { code: 'bad-elf', what, subject });
}

function readSections(bytes: ByteReader, header: ElfHeader, subject: string): ElfSection[] {
  const { sectionTable, sectionCount, namesIndex } = header;
  const raw = Array.from({ length: sectionCount }, (_, index) =>
    readSection(bytes, sectionTable + index * SECTION_HEADER_SIZE, index),
  );
  checkExtent(bytes, raw);
  const names = tableOf(bytes, raw[namesIndex], 'section names', subject);
  return raw.map(({ nameOffset, ...section }) => ({
    ...section,
    name: section.index === 0 ? '' : names.at(nameOffset, `name of section ${section.index}`),
  }));
}

/** Sections do not overlap in real files; where they do, a small file could cost the memory of a large one. */
function checkExtent(bytes: ByteReader, sections: readonly NamelessSection[]): void {
  const sum = (list: readonly number[]): number => list.reduce((total, size) => total + size, 0);
  if (sum(sections.map(({ data }) => data.length)) > bytes.length) throw bytes.error('sections overlap');
  const claimed = sum(sections.filter(({ type }) => type === SHT_NOBITS).map(({ size }) => size));
  if (claimed > MAX_NOBITS) throw bytes.error(`sections claim ${claimed} bytes of memory`);
}

const KINDS: readonly SymbolKind[] = ['none', 'object', 'function', 'section', 'file'];
const BINDINGS = ['local', 'global', 'weak'] as const;

function readSymbol(table: ByteReader, names: StringTable, index: number): ElfSymbol {
  const at = index * SYMBOL_SIZE;
  const field = `symbol ${index}`;
  const info = table.u8(at + 4, field);
  return {
    index,
    name: names.at(table.u32(at, field), `name of ${field}`),
    kind: KINDS[info & 15] ?? 'other',
    binding: BINDINGS[info >> 4] ?? 'global',
    hidden: [1, 2].includes(table.u8(at + 5, field) & 3),
    section: table.u16(at + 6, field),
    value: table.offset(at + 8, `value of ${field}`),
    size: table.offset(at + 16, `size of ${field}`),
  };
}

/** Symbols of the one symbol table; none when the object is stripped of it. */
function readSymbols(bytes: ByteReader, sections: readonly ElfSection[], subject: string): ElfSymbol[] {
  const [table, second] = sections.filter(({ type }) => type === SHT_SYMTAB);
  if (table === undefined)
    throw bytes.error('no symbol table; the object was stripped (use `llvm-strip -g`)');
  if (second !== undefined) throw bytes.error('two symbol tables');
  const names = sections[table.link];
  if (names === undefined)
    throw bytes.error(`symbol names are in section ${table.link}, which does not exist`);
  const strings = new StringTable(names.data, { code: 'bad-elf', what: 'symbol names', subject });
  const reader = new ByteReader(table.data, { code: 'bad-elf', what: 'symbol table', subject });
  return Array.from({ length: Math.floor(table.size / SYMBOL_SIZE) }, (_, index) =>
    readSymbol(reader, strings, index),
  );
}

interface RelocationTable {
  readonly reader: ByteReader;
  readonly symbols: readonly ElfSymbol[];
  readonly withAddend: boolean;
}

function readRelocation({ reader, symbols, withAddend }: RelocationTable, at: number): ElfRelocation {
  const info = reader.u64(at + 8, 'relocation');
  const symbol = symbols[Number(info >> 32n)];
  if (symbol === undefined) throw reader.error(`relocation for symbol ${info >> 32n} of ${symbols.length}`);
  return {
    offset: reader.offset(at, 'relocation offset'),
    type: Number(info & 0xffffffffn),
    symbol,
    addend: withAddend ? Number(BigInt.asIntN(64, reader.u64(at + 16, 'addend'))) : 0,
  };
}

function readRelocations(
  section: ElfSection,
  symbols: readonly ElfSymbol[],
  subject: string,
): ElfRelocation[] {
  const withAddend = section.type === SHT_RELA;
  const size = withAddend ? 24 : 16;
  const reader = new ByteReader(section.data, {
    code: 'bad-elf',
    what: `section '${section.name}'`,
    subject,
  });
  const table = { reader, symbols, withAddend };
  return Array.from({ length: Math.floor(section.size / size) }, (_, index) =>
    readRelocation(table, index * size),
  );
}

function relocationsBySection(
  sections: readonly ElfSection[],
  symbols: readonly ElfSymbol[],
  subject: string,
): Map<number, ElfRelocation[]> {
  const all = new Map<number, ElfRelocation[]>();
  for (const section of sections) {
    if (section.type !== SHT_REL && section.type !== SHT_RELA) continue;
    if (!isWanted(sections[section.info])) continue;
    const known = all.get(section.info) ?? [];
    all.set(section.info, known.concat(readRelocations(section, symbols, subject)));
  }
  return all;
}

/** Relocations of debugging sections are many and of no use here. */
const isWanted = (target: ElfSection | undefined): boolean =>
  target !== undefined && !target.name.startsWith('.debug_') && !target.name.startsWith('.eh_frame');

/**
 * Reads a relocatable little-endian ELF64 file for eBPF: sections, symbols and relocations.
 *
 * @param subject name of the file, for messages
 * @throws WebpfError `bad-elf` when the bytes are something else, truncated or corrupt
 */
export function readElf(data: Uint8Array, subject: string): ElfFile {
  const bytes = new ByteReader(data, { code: 'bad-elf', what: 'ELF file', subject });
  const sections = readSections(bytes, readHeader(bytes), subject);
  const symbols = readSymbols(bytes, sections, subject);
  const relocations = relocationsBySection(sections, symbols, subject);
  return { name: subject, sections, symbols, relocations, bytes };
}

/**
 * Sections of any little-endian ELF64 file: a kernel's image, a module, an object.
 *
 * @throws WebpfError `bad-elf`
 */
export function readSectionsOf(data: Uint8Array, subject: string): readonly ElfSection[] {
  const bytes = new ByteReader(data, { code: 'bad-elf', what: 'ELF file', subject });
  return readSections(bytes, readAnyHeader(bytes), subject);
}
