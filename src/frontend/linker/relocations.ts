import { type ElfRelocation, SHF_EXECINSTR, SHT_REL, SHT_RELA } from '../elf/types.ts';
import type { SectionSource } from '../elf/write.ts';
import { type Input, linkError } from './input.ts';
import type { MergedSection, Place, SectionTable } from './sections.ts';
import type { SymbolTable } from './symbolTable.ts';

const SLOT = 8;
const CALL = 0x85;
/** R_BPF_64_ABS64: an address in data. */
const R_BPF_64_ABS64 = 2;
const RELOCATION_SIZE = 16;
const IMM = 4;

/** Relocations of a section, as they are written. */
type Written = Map<MergedSection, { offset: number; info: bigint }[]>;

/**
 * Adds to what stands in a place that refers to a section by its own symbol: it counts from the start of the section,
 * which is now the start of the merged one.
 */
function moveAddend(
  view: DataView,
  at: number,
  type: number,
  section: MergedSection,
  distance: number,
): void {
  const isCode = (section.flags & SHF_EXECINSTR) !== 0;
  if (!isCode && type === R_BPF_64_ABS64) {
    view.setBigUint64(at, view.getBigUint64(at, true) + BigInt(distance), true);
    return;
  }
  const where = isCode ? at + IMM : at;
  const change = isCode && view.getUint8(at) === CALL ? distance / SLOT : distance;
  view.setInt32(where, (view.getInt32(where, true) + change) | 0, true);
}

/** Moves the relocations of the inputs to where their sections went. */
export class RelocationMover {
  private readonly written: Written = new Map();
  private readonly sections: SectionTable;
  private readonly symbols: SymbolTable;
  private readonly contents: ReadonlyMap<MergedSection, Uint8Array>;

  /** @param contents bytes of the merged sections, in which addends are changed */
  constructor(
    sections: SectionTable,
    symbols: SymbolTable,
    contents: ReadonlyMap<MergedSection, Uint8Array>,
  ) {
    this.sections = sections;
    this.symbols = symbols;
    this.contents = contents;
  }

  move(input: Input): void {
    const withAddends = input.elf.sections.find(({ type }) => type === SHT_RELA);
    if (withAddends !== undefined && this.sections.placeOf(input, withAddends.info) !== undefined) {
      throw linkError(`${input.name}: '${withAddends.name}' has relocations with addends (SHT_RELA)`);
    }
    for (const [index, relocations] of input.elf.relocations) {
      const place = this.sections.placeOf(input, index);
      if (place === undefined) continue;
      for (const relocation of relocations) this.moveOne(input, place, relocation);
    }
  }

  private moveOne(input: Input, place: Place, { offset, type, symbol }: ElfRelocation): void {
    const number = this.symbols.numberOf({ input, symbol });
    const { section } = place;
    const at = place.offset + offset;
    if (number === undefined) {
      throw linkError(
        `${input.name}: '${section.name}' refers at offset ${offset} to '${symbol.name}', which cannot be linked`,
      );
    }
    if (symbol.kind === 'section') this.shift(input, { section, offset: at }, type, symbol.section);
    const list = this.written.get(section) ?? [];
    this.written.set(section, list);
    list.push({ offset: at, info: (BigInt(number) << 32n) | BigInt(type) });
  }

  private shift(input: Input, { section, offset }: Place, type: number, target: number): void {
    const distance = this.sections.placeOf(input, target)?.offset ?? 0;
    const bytes = this.contents.get(section) ?? new Uint8Array(0);
    if (offset + SLOT > bytes.length) {
      throw linkError(`${input.name}: a relocation lies outside section '${section.name}'`);
    }
    moveAddend(new DataView(bytes.buffer, bytes.byteOffset), offset, type, section, distance);
  }

  /** The sections that hold them. */
  sources(): SectionSource[] {
    return [...this.written].map(([section, list]) => {
      const data = new Uint8Array(list.length * RELOCATION_SIZE);
      const view = new DataView(data.buffer);
      list.forEach(({ offset, info }, i) => {
        view.setBigUint64(i * RELOCATION_SIZE, BigInt(offset), true);
        view.setBigUint64(i * RELOCATION_SIZE + 8, info, true);
      });
      return {
        name: `.rel${section.name}`,
        type: SHT_REL,
        data,
        link: 'symbols',
        info: section.index,
        align: 8,
        entrySize: RELOCATION_SIZE,
      };
    });
  }
}
