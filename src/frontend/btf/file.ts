import { WebpfError } from '../../errors.ts';
import { readSectionsOf } from '../elf/read.ts';
import { type ParsedBtf, parseBtf } from './parse.ts';

const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];

const isElf = (bytes: Uint8Array): boolean => ELF_MAGIC.every((byte, at) => bytes[at] === byte);

function sectionBytes(bytes: Uint8Array, name: string): Uint8Array {
  const section = readSectionsOf(bytes, name).find((each) => each.name === '.BTF');
  if (section !== undefined && section.data.length > 0) return section.data;
  throw new WebpfError('bad-btf', `${name}: the ELF file has no section '.BTF'; compile it with -g`, {
    stage: 'frontend',
    subject: name,
  });
}

/**
 * Parses BTF of a file of its own, such as a kernel's /sys/kernel/btf/vmlinux, or of the `.BTF` section of an ELF file.
 *
 * @param name of the file, for messages
 * @param base the BTF that split BTF, such as a module's, continues
 * @throws WebpfError `bad-btf`, `bad-elf`
 */
export function parseBtfFile(bytes: Uint8Array, name: string, base?: ParsedBtf): ParsedBtf {
  return parseBtf(isElf(bytes) ? sectionBytes(bytes, name) : bytes, name, base);
}
