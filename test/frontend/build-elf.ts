/** Object files made to measure, for what no compiler writes. */

export interface SectionSource {
  readonly name: string;
  readonly type: number;
  readonly flags?: number;
  readonly data: Uint8Array;
  readonly link?: number;
  readonly info?: number;
}

export interface SymbolSource {
  readonly name: string;
  /** Binding << 4 | type. */
  readonly info: number;
  readonly section: number;
  readonly value: number;
  readonly size: number;
}

const encoder = new TextEncoder();

/** NUL-terminated strings and where each begins. */
function stringTable(names: readonly string[]): { bytes: Uint8Array; offsets: number[] } {
  const offsets: number[] = [];
  let text = '\0';
  for (const name of names) {
    offsets.push(text.length);
    text += `${name}\0`;
  }
  return { bytes: encoder.encode(text), offsets };
}

function symbolTable(symbols: readonly SymbolSource[], names: readonly number[]): Uint8Array {
  const bytes = new Uint8Array((symbols.length + 1) * 24);
  const view = new DataView(bytes.buffer);
  symbols.forEach(({ info, section, value, size }, i) => {
    const at = (i + 1) * 24;
    view.setUint32(at, names[i] ?? 0, true);
    view.setUint8(at + 4, info);
    view.setUint16(at + 6, section, true);
    view.setBigUint64(at + 8, BigInt(value), true);
    view.setBigUint64(at + 16, BigInt(size), true);
  });
  return bytes;
}

function header(view: DataView, table: number, count: number): void {
  view.setUint32(0, 0x464c457f, true);
  view.setUint32(4, 0x00010102, true);
  view.setUint16(16, 1, true);
  view.setUint16(18, 247, true);
  view.setBigUint64(40, BigInt(table), true);
  view.setUint16(58, 64, true);
  view.setUint16(60, count, true);
  view.setUint16(62, count - 1, true);
}

function sectionHeader(
  view: DataView,
  at: number,
  source: SectionSource,
  name: number,
  offset: number,
): void {
  view.setUint32(at, name, true);
  view.setUint32(at + 4, source.type, true);
  view.setBigUint64(at + 8, BigInt(source.flags ?? 0), true);
  view.setBigUint64(at + 24, BigInt(offset), true);
  view.setBigUint64(at + 32, BigInt(source.data.length), true);
  view.setUint32(at + 40, source.link ?? 0, true);
  view.setUint32(at + 44, source.info ?? 0, true);
}

/** An ELF64 object: sections 1 to n as given, then .symtab, .strtab and .shstrtab. */
export function buildElf(own: readonly SectionSource[], symbols: readonly SymbolSource[]): Uint8Array {
  const strings = stringTable(symbols.map(({ name }) => name));
  const link = own.length + 2;
  const sections: SectionSource[] = [
    ...own,
    { name: '.symtab', type: 2, data: symbolTable(symbols, strings.offsets), link },
    { name: '.strtab', type: 3, data: strings.bytes },
  ];
  const names = stringTable([...sections.map(({ name }) => name), '.shstrtab']);
  sections.push({ name: '.shstrtab', type: 3, data: names.bytes });
  const table = 64 + sections.reduce((sum, { data }) => sum + data.length, 0);
  const bytes = new Uint8Array(table + (sections.length + 1) * 64);
  const view = new DataView(bytes.buffer);
  header(view, table, sections.length + 1);
  let offset = 64;
  sections.forEach((section, i) => {
    bytes.set(section.data, offset);
    sectionHeader(view, table + (i + 1) * 64, section, names.offsets[i] ?? 0, offset);
    offset += section.data.length;
  });
  return bytes;
}
