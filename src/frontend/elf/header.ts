import type { ByteReader } from '../reader.ts';

export const ELF_MAGIC = 0x464c457f;
const EM_NONE = 0;
export const EM_BPF = 247;
export const ET_REL = 1;
export const HEADER_SIZE = 64;
export const SECTION_HEADER_SIZE = 64;

/** Machines people feed to an eBPF loader by mistake. */
const MACHINES: Readonly<Record<number, string>> = {
  3: 'x86',
  40: 'ARM',
  62: 'x86-64',
  183: 'AArch64',
  243: 'RISC-V',
};

export interface ElfHeader {
  readonly sectionTable: number;
  readonly sectionCount: number;
  /** Number of the section that holds section names. */
  readonly namesIndex: number;
}

function checkIdent(bytes: ByteReader): void {
  if (bytes.length < 4 || bytes.u32(0, 'magic') !== ELF_MAGIC) {
    throw bytes.error('not an ELF file; an eBPF object compiled by `clang -target bpf -c` is needed');
  }
  if (bytes.u8(4, 'class') !== 2) throw bytes.error('a 32-bit ELF file; eBPF objects are 64-bit');
  const order = bytes.u8(5, 'byte order');
  if (order === 2) throw bytes.error('a big-endian object; compile it with `-target bpfel`');
  if (order !== 1) throw bytes.error(`byte order ${order} in the ELF header; 1 (little-endian) is needed`);
}

function checkMachine(bytes: ByteReader): void {
  const machine = bytes.u16(18, 'machine');
  // Objects of LLVM before 3.9 carry no machine number.
  if (machine !== EM_BPF && machine !== EM_NONE) {
    const name = MACHINES[machine];
    throw bytes.error(`an object for ${name ?? `machine ${machine}`}; compile it with \`-target bpf\``);
  }
  const type = bytes.u16(16, 'file type');
  if (type !== ET_REL) throw bytes.error(`ELF file type ${type}; a relocatable object (type 1) is needed`);
}

/** More than 65,279 sections or names: the true numbers stand in section header 0. */
function extended(bytes: ByteReader, table: number, header: ElfHeader): ElfHeader {
  const sectionCount = header.sectionCount || bytes.offset(table + 32, 'section count');
  const namesIndex = header.namesIndex === 0xffff ? bytes.u32(table + 40, 'names index') : header.namesIndex;
  return { ...header, sectionCount, namesIndex };
}

/**
 * Reads the ELF header of a little-endian 64-bit eBPF object.
 *
 * @throws WebpfError `bad-elf` when it is anything else
 */
export function readHeader(bytes: ByteReader): ElfHeader {
  checkIdent(bytes);
  bytes.need(0, HEADER_SIZE, 'ELF header');
  checkMachine(bytes);
  return anyHeader(bytes);
}

/** The same of any ELF64 file, whatever its machine. */
export function readAnyHeader(bytes: ByteReader): ElfHeader {
  checkIdent(bytes);
  bytes.need(0, HEADER_SIZE, 'ELF header');
  return anyHeader(bytes);
}

function anyHeader(bytes: ByteReader): ElfHeader {
  const sectionTable = bytes.offset(40, 'section table');
  const entrySize = bytes.u16(58, 'section header size');
  if (sectionTable === 0) throw bytes.error('no section table; a relocatable object is needed');
  if (entrySize !== SECTION_HEADER_SIZE) {
    throw bytes.error(`section headers of ${entrySize} bytes; ELF64 has ${SECTION_HEADER_SIZE}`);
  }
  bytes.need(sectionTable, SECTION_HEADER_SIZE, 'section table');
  const header = { sectionTable, sectionCount: bytes.u16(60, 'count'), namesIndex: bytes.u16(62, 'names') };
  const full = extended(bytes, sectionTable, header);
  bytes.need(sectionTable, full.sectionCount * SECTION_HEADER_SIZE, 'section table');
  return full;
}
