import { parseBtfExt } from './btf/ext.ts';
import { parseBtf } from './btf/parse.ts';
import { placeVariables } from './btf/place.ts';
import type { Btf, BtfExt } from './btf/types.ts';
import { sectionNamed } from './elf/sections.ts';
import type { ElfFile } from './elf/types.ts';

/** What an object says of its types. */
export interface TypeInfo {
  readonly btf: Btf | undefined;
  readonly ext: BtfExt;
}

/** @throws WebpfError `bad-btf` when the bytes break the format */
export function readTypes(elf: ElfFile): TypeInfo {
  const section = sectionNamed(elf, '.BTF');
  if (section === undefined) return { btf: undefined, ext: new Map() };
  const { btf, strings } = parseBtf(section.data, elf.name);
  const ext = sectionNamed(elf, '.BTF.ext');
  return {
    btf: placeVariables(btf, elf),
    ext: ext === undefined ? new Map() : parseBtfExt(ext.data, strings, elf.name),
  };
}
