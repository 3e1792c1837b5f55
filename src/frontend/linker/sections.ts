import { type ElfSection, SHT_NOBITS } from '../elf/types.ts';
import { type Input, isCarried, linkError } from './input.ts';

/** A section of the output: those of one name, one behind the other. */
export interface MergedSection {
  /** Its number in the output. */
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly entrySize: number;
  align: number;
  size: number;
  readonly pieces: { readonly data: Uint8Array; readonly offset: number }[];
}

/** Where a section of an input went. */
export interface Place {
  readonly section: MergedSection;
  /** Bytes from the start of the merged section. */
  readonly offset: number;
}

/** Sections that say something of the object as a whole: they must agree, and one is kept. */
const SAID_ONCE: ReadonlySet<string> = new Set(['license', 'version']);

const isEqual = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

export class SectionTable {
  readonly all: MergedSection[] = [];
  private readonly byName = new Map<string, MergedSection>();
  private readonly places = new Map<ElfSection, Place>();

  constructor(inputs: readonly Input[]) {
    for (const input of inputs) {
      for (const section of input.elf.sections.filter(isCarried)) this.append(section, input.name);
    }
  }

  /** Undefined for what the output does not carry. */
  placeOf({ elf }: Input, section: number): Place | undefined {
    const found = elf.sections[section];
    return found && this.places.get(found);
  }

  placeNamed({ elf }: Input, name: string): Place | undefined {
    const found = elf.sections.find((section) => section.name === name && this.places.has(section));
    return found && this.places.get(found);
  }

  private append(section: ElfSection, file: string): void {
    const merged = this.sectionFor(section, file);
    if (merged.size > 0 && SAID_ONCE.has(section.name)) {
      const [first] = merged.pieces;
      if (first !== undefined && isEqual(first.data, section.data)) return;
      throw linkError(`${file}: section '${section.name}' differs from that of the objects before`);
    }
    const align = Math.max(section.align, 1);
    const offset = Math.ceil(merged.size / align) * align;
    merged.align = Math.max(merged.align, align);
    merged.size = offset + section.size;
    merged.pieces.push({ data: section.data, offset });
    this.places.set(section, { section: merged, offset });
  }

  private sectionFor({ name, type, flags, entrySize }: ElfSection, file: string): MergedSection {
    const known = this.byName.get(name);
    if (known !== undefined) {
      if (known.type === type && known.flags === flags && known.entrySize === entrySize) return known;
      throw linkError(
        `${file}: section '${name}' (type ${type}, flags ${flags}) is of another kind than in the objects before (type ${known.type}, flags ${known.flags})`,
      );
    }
    const index = this.all.length + 1;
    const merged = { index, name, type, flags, entrySize, align: 1, size: 0, pieces: [] };
    this.all.push(merged);
    this.byName.set(name, merged);
    return merged;
  }
}

/** The bytes of a merged section; none for SHT_NOBITS. */
export function contentsOf({ type, size, pieces }: MergedSection): Uint8Array {
  if (type === SHT_NOBITS) return new Uint8Array(0);
  const bytes = new Uint8Array(size);
  for (const { data, offset } of pieces) bytes.set(data, offset);
  return bytes;
}
