import type { ElfFile, ElfSection } from './types.ts';

/** The first section of this name that has contents. */
export const sectionNamed = (elf: ElfFile, name: string): ElfSection | undefined =>
  elf.sections.find((section) => section.name === name && section.data.length > 0);
