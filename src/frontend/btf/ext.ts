import { ByteReader, type StringTable } from '../reader.ts';
import { btfHeaderLength } from './parse.ts';
import type { BtfExt, CoreRelocation, FunctionInfo, LineRecord, SectionInfo } from './types.ts';

interface MutableSectionInfo extends SectionInfo {
  readonly functions: FunctionInfo[];
  readonly lines: LineRecord[];
  readonly core: CoreRelocation[];
}

type Sections = Map<string, MutableSectionInfo>;

function sectionOf(sections: Sections, name: string): MutableSectionInfo {
  let info = sections.get(name);
  if (info === undefined) {
    info = { functions: [], lines: [], core: [] };
    sections.set(name, info);
  }
  return info;
}

/** One of the three tables of .BTF.ext: which header fields hold it, and how a record is read. */
interface Table {
  readonly name: string;
  /** Offset of its offset and length in the header. */
  readonly field: number;
  /** Bytes of a record this version knows; records may be longer. */
  readonly minimum: number;
  read(into: MutableSectionInfo, bytes: ByteReader, at: number, strings: StringTable): void;
}

const functionTable: Table = {
  name: 'func_info',
  field: 8,
  minimum: 8,
  read(into, bytes, at) {
    into.functions.push({ offset: bytes.u32(at, 'func_info'), type: bytes.u32(at + 4, 'func_info') });
  },
};

const lineTable: Table = {
  name: 'line_info',
  field: 16,
  minimum: 16,
  read(into, bytes, at, strings) {
    const position = bytes.u32(at + 12, 'line_info');
    into.lines.push({
      offset: bytes.u32(at, 'line_info'),
      file: strings.at(bytes.u32(at + 4, 'line_info'), 'file name'),
      text: strings.at(bytes.u32(at + 8, 'line_info'), 'source line').trim(),
      line: position >>> 10,
      column: position & 0x3ff,
    });
  },
};

const coreTable: Table = {
  name: 'core_relo',
  field: 24,
  minimum: 16,
  read(into, bytes, at, strings) {
    into.core.push({
      offset: bytes.u32(at, 'core_relo'),
      type: bytes.u32(at + 4, 'core_relo'),
      access: strings.at(bytes.u32(at + 8, 'core_relo'), 'access string'),
      kind: bytes.u32(at + 12, 'core_relo'),
    });
  },
};

/** Reads the records of one ELF section; returns where the next section's begin. */
function readSectionRecords(
  table: Table,
  bytes: ByteReader,
  at: number,
  size: number,
  strings: StringTable,
  sections: Sections,
): number {
  const name = strings.at(bytes.u32(at, table.name), `${table.name} section name`);
  const count = bytes.u32(at + 4, table.name);
  bytes.need(at + 8, count * size, `${table.name} of '${name}'`);
  const info = sectionOf(sections, name);
  for (let i = 0; i < count; i++) table.read(info, bytes, at + 8 + i * size, strings);
  return at + 8 + count * size;
}

function readTable(table: Table, bytes: ByteReader, strings: StringTable, sections: Sections): void {
  if (bytes.length === 0) return;
  const size = bytes.u32(0, `${table.name} record size`);
  if (size < table.minimum || size % 4 !== 0) {
    throw bytes.error(
      `${table.name} records of ${size} bytes; ${table.minimum} or more, in fours, are needed`,
    );
  }
  let at = 4;
  while (at < bytes.length) at = readSectionRecords(table, bytes, at, size, strings, sections);
}

/** The table's bytes, empty when the header is of a version without it. */
function tableBytes(bytes: ByteReader, header: number, { field, name }: Table): Uint8Array {
  if (field + 8 > header) return new Uint8Array(0);
  const length = bytes.u32(field + 4, name);
  return length === 0 ? new Uint8Array(0) : bytes.slice(header + bytes.u32(field, name), length, name);
}

/**
 * Parses the contents of .BTF.ext: function starts, source lines and CO-RE relocations by ELF section.
 *
 * @param strings string table of .BTF
 * @throws WebpfError `bad-btf` when the bytes break the format
 */
export function parseBtfExt(data: Uint8Array, strings: StringTable, subject: string): BtfExt {
  const origin = { code: 'bad-btf', what: "section '.BTF.ext'", subject } as const;
  const bytes = new ByteReader(data, origin);
  const header = btfHeaderLength(bytes);
  const sections: Sections = new Map();
  for (const table of [functionTable, lineTable, coreTable]) {
    readTable(table, new ByteReader(tableBytes(bytes, header, table), origin), strings, sections);
  }
  return sections;
}
