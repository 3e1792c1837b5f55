import { StringPool } from '../strings.ts';
import { ELF_MAGIC, EM_BPF, ET_REL, HEADER_SIZE, SECTION_HEADER_SIZE } from './header.ts';
import { SHT_NOBITS, SHT_STRTAB, SHT_SYMTAB, SYMBOL_SIZE } from './types.ts';

/** A section to write. Those that are given are numbered from 1 on. */
export interface SectionSource {
  readonly name: string;
  readonly type: number;
  readonly flags?: number;
  readonly data: Uint8Array;
  /** Size in memory of SHT_NOBITS; otherwise that of `data`. */
  readonly size?: number;
  /** `symbols` is the symbol table's number. */
  readonly link?: number | 'symbols';
  readonly info?: number;
  /** Bytes; a power of two. Default 1. */
  readonly align?: number;
  readonly entrySize?: number;
}

export interface SymbolSource {
  readonly name: string;
  /** Binding << 4 | type. */
  readonly info: number;
  /** STV_*. Default 0. */
  readonly visibility?: number;
  readonly section: number;
  readonly value: number;
  readonly size: number;
}

function symbolTable(symbols: readonly SymbolSource[], names: StringPool): Uint8Array {
  const bytes = new Uint8Array((symbols.length + 1) * SYMBOL_SIZE);
  const view = new DataView(bytes.buffer);
  symbols.forEach(({ name, info, visibility = 0, section, value, size }, i) => {
    const at = (i + 1) * SYMBOL_SIZE;
    view.setUint32(at, names.at(name), true);
    view.setUint8(at + 4, info);
    view.setUint8(at + 5, visibility);
    view.setUint16(at + 6, section, true);
    view.setBigUint64(at + 8, BigInt(value), true);
    view.setBigUint64(at + 16, BigInt(size), true);
  });
  return bytes;
}

function writeHeader(view: DataView, table: number, count: number): void {
  view.setUint32(0, ELF_MAGIC, true);
  view.setUint32(4, 0x00010102, true); // 64 bits, little-endian, version 1
  view.setUint16(16, ET_REL, true);
  view.setUint16(18, EM_BPF, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(40, BigInt(table), true);
  view.setUint16(52, HEADER_SIZE, true);
  view.setUint16(58, SECTION_HEADER_SIZE, true);
  view.setUint16(60, count, true);
  view.setUint16(62, count - 1, true);
}

interface Placed {
  readonly source: SectionSource;
  readonly offset: number;
}

const alignUp = (at: number, align: number): number => Math.ceil(at / align) * align;

/** Where each section's bytes go; behind them the section table. */
function place(sections: readonly SectionSource[]): { placed: Placed[]; table: number } {
  let end = HEADER_SIZE;
  const placed = sections.map((source) => {
    const offset = alignUp(end, source.align ?? 1);
    end = offset + source.data.length;
    return { source, offset };
  });
  return { placed, table: alignUp(end, 8) };
}

function writeSection(
  view: DataView,
  at: number,
  { source, offset }: Placed,
  { name, symbols }: { readonly name: number; readonly symbols: number },
): void {
  const { type, flags = 0, data, size = data.length, link = 0, info = 0, align = 1, entrySize = 0 } = source;
  view.setUint32(at, name, true);
  view.setUint32(at + 4, type, true);
  view.setBigUint64(at + 8, BigInt(flags), true);
  view.setBigUint64(at + 24, BigInt(offset), true);
  view.setBigUint64(at + 32, BigInt(type === SHT_NOBITS ? size : data.length), true);
  view.setUint32(at + 40, link === 'symbols' ? symbols : link, true);
  view.setUint32(at + 44, info, true);
  view.setBigUint64(at + 48, BigInt(align), true);
  view.setBigUint64(at + 56, BigInt(entrySize), true);
}

/**
 * An ELF64 object for eBPF: sections 1 to n as given, then .symtab, .strtab and .shstrtab.
 *
 * @param symbols numbered from 1 on; local ones first
 */
export function writeElf(
  own: readonly SectionSource[],
  symbols: readonly SymbolSource[],
): Uint8Array<ArrayBuffer> {
  const symbolNames = new StringPool();
  const table = symbolTable(symbols, symbolNames);
  const firstGlobal = symbols.findIndex(({ info }) => info >> 4 !== 0);
  const sectionNames = new StringPool();
  const sections: SectionSource[] = [
    ...own,
    {
      name: '.symtab',
      type: SHT_SYMTAB,
      data: table,
      link: own.length + 2,
      info: (firstGlobal < 0 ? symbols.length : firstGlobal) + 1,
      align: 8,
      entrySize: SYMBOL_SIZE,
    },
    { name: '.strtab', type: SHT_STRTAB, data: symbolNames.bytes() },
  ];
  const names = [...sections.map(({ name }) => name), '.shstrtab'].map((name) => sectionNames.at(name));
  sections.push({ name: '.shstrtab', type: SHT_STRTAB, data: sectionNames.bytes() });
  const layout = place(sections);
  const bytes = new Uint8Array(layout.table + (sections.length + 1) * SECTION_HEADER_SIZE);
  const view = new DataView(bytes.buffer);
  writeHeader(view, layout.table, sections.length + 1);
  layout.placed.forEach((one, i) => {
    bytes.set(one.source.data, one.offset);
    const at = layout.table + (i + 1) * SECTION_HEADER_SIZE;
    writeSection(view, at, one, { name: names[i] ?? 0, symbols: own.length + 1 });
  });
  return bytes;
}
