import { WebpfError } from '../../errors.ts';
import type { BtfExt, BtfType } from '../btf/types.ts';
import { readElf } from '../elf/read.ts';
import { type ElfFile, type ElfSection, SHT_NOBITS, SHT_PROGBITS } from '../elf/types.ts';
import { readTypes } from '../objectTypes.ts';

/** An object file to link. */
export interface LinkInput {
  /** What messages call it. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** One that was read. */
export interface Input {
  readonly name: string;
  readonly elf: ElfFile;
  readonly types: readonly BtfType[];
  readonly ext: BtfExt;
}

export const linkError = (message: string): WebpfError =>
  new WebpfError('link', message, { stage: 'frontend' });

const NOT_CARRIED = /^\.(BTF|debug_|eh_frame|llvm|note|comment)/;

/** Whether a section goes into the output: contents that programs or the loader read. */
export const isCarried = ({ type, size, name }: ElfSection): boolean =>
  (type === SHT_PROGBITS || type === SHT_NOBITS) && size > 0 && !NOT_CARRIED.test(name);

/** @throws WebpfError `bad-elf` or `bad-btf` */
export function readInput({ name, bytes }: LinkInput): Input {
  const elf = readElf(bytes, name);
  const { btf, ext } = readTypes(elf);
  return { name, elf, types: btf?.types ?? [], ext };
}
