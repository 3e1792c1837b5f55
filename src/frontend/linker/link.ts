import { writeBtf } from '../btf/write.ts';
import { SHT_PROGBITS } from '../elf/types.ts';
import { type SectionSource, writeElf } from '../elf/write.ts';
import { type LinkInput, linkError, readInput } from './input.ts';
import { RelocationMover } from './relocations.ts';
import { contentsOf, SectionTable } from './sections.ts';
import { resolveSymbols } from './symbols.ts';
import { SymbolTable } from './symbolTable.ts';
import { mergeTypes } from './types.ts';

/**
 * Links objects into one, as `bpftool gen object` does: sections of one name are put behind each other, what one
 * object declares (`extern`) and another defines is bound, a weak definition gives way to a strong one, and equal types
 * are merged. What no object defines stays declared, for another link or for the host.
 *
 * @returns an ELF64 object file
 * @throws WebpfError `bad-elf` or `bad-btf` for an input that cannot be read; `link` for a name with two definitions,
 *   declarations whose types do not agree, sections of one name and another kind, and different licenses
 */
export function linkObjects(objects: readonly LinkInput[]): Uint8Array<ArrayBuffer> {
  if (objects.length === 0) throw linkError('there is no object to link');
  const inputs = objects.map(readInput);
  const sections = new SectionTable(inputs);
  const globals = resolveSymbols(inputs, sections);
  const symbols = new SymbolTable(inputs, sections, globals);
  const contents = new Map(sections.all.map((section) => [section, contentsOf(section)]));
  const mover = new RelocationMover(sections, symbols, contents);
  for (const input of inputs) mover.move(input);
  const own: SectionSource[] = sections.all.map((section) => ({
    ...section,
    data: contents.get(section) ?? new Uint8Array(0),
  }));
  const { btf, ext } = mergeTypes(inputs, sections, globals);
  const written = writeBtf(btf, ext);
  const types: SectionSource[] = [
    { name: '.BTF', type: SHT_PROGBITS, data: written.btf, align: 4 },
    { name: '.BTF.ext', type: SHT_PROGBITS, data: written.ext, align: 4 },
  ];
  return writeElf([...own, ...mover.sources(), ...(btf.types.length > 1 ? types : [])], symbols.symbols);
}
