import type { ByteReader } from '../reader.ts';

/** Section types and flags (ELF-64 object file format). */
export const SHT_PROGBITS = 1;
export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_RELA = 4;
export const SHT_NOBITS = 8;
export const SHT_REL = 9;
export const SHF_ALLOC = 2;
export const SHF_EXECINSTR = 4;
/** Section numbers of symbols from here on are no sections. */
export const SHN_LORESERVE = 0xff00;
/** Bytes of a symbol. */
export const SYMBOL_SIZE = 24;

export interface ElfSection {
  /** Its number in the section table. */
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  /** Bytes; for SHT_NOBITS the size in memory, nothing in the file. */
  readonly size: number;
  /** Contents, a view of the file; empty for SHT_NOBITS. */
  readonly data: Uint8Array;
  readonly link: number;
  readonly info: number;
  /** Bytes; 0 and 1 say that there is none. */
  readonly align: number;
  readonly entrySize: number;
}

export type SymbolKind = 'none' | 'object' | 'function' | 'section' | 'file' | 'other';

export interface ElfSymbol {
  readonly index: number;
  readonly name: string;
  readonly kind: SymbolKind;
  readonly binding: 'local' | 'global' | 'weak';
  /** STV_HIDDEN or STV_INTERNAL. */
  readonly hidden: boolean;
  /** Number of its section; 0 is undefined (extern), 0xff00 and up special. */
  readonly section: number;
  /** Offset in the section. */
  readonly value: number;
  readonly size: number;
}

export interface ElfRelocation {
  /** Bytes from the start of the section it applies to. */
  readonly offset: number;
  /** R_BPF_*. */
  readonly type: number;
  readonly symbol: ElfSymbol;
  /** From SHT_RELA; SHT_REL keeps its addend in the place itself. */
  readonly addend: number;
}

export interface ElfFile {
  readonly name: string;
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
  /** By number of the section they apply to, in file order. */
  readonly relocations: ReadonlyMap<number, readonly ElfRelocation[]>;
  readonly bytes: ByteReader;
}
