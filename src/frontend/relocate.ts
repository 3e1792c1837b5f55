import { WebpfError } from '../errors.ts';
import type { Btf } from './btf/types.ts';
import {
  type ElfFile,
  type ElfRelocation,
  type ElfSection,
  type ElfSymbol,
  SHN_LORESERVE,
} from './elf/types.ts';
import {
  badRelocation,
  type Externs,
  externError,
  isKernelSymbol,
  isWeakKfunc,
  type Site,
  unsupported,
} from './externs.ts';
import { type FunctionDef, type FunctionTable, isCode } from './functions.ts';
import type { KconfigMap } from './kconfig.ts';
import type { MapEntry } from './maps/entry.ts';
import type { MapTable } from './maps/table.ts';
import type { MapSpec } from './program.ts';

const SLOT = 8;
/** Compilers before LLVM 3.9 wrote no types. */
const R_BPF_NONE = 0;
const R_BPF_64_64 = 1;
const R_BPF_64_32 = 10;

/** What an instruction refers to. */
export type Target =
  | { readonly kind: 'map'; readonly map: MapSpec }
  /** A byte of a global variable. */
  | { readonly kind: 'value'; readonly map: MapSpec; readonly offset: number }
  | { readonly kind: 'function'; readonly function: FunctionDef }
  /** A function of the kernel, by name. */
  | { readonly kind: 'kfunc'; readonly name: string }
  /** A number: the address of a symbol of the kernel. */
  | { readonly kind: 'number'; readonly value: bigint }
  /** The address of a function of the kernel that may be missing. */
  | { readonly kind: 'kfuncAddress'; readonly name: string };

/** What relocations are resolved against. */
export interface Definitions {
  readonly elf: ElfFile;
  readonly btf: Btf | undefined;
  readonly externs: Externs;
  /** Whether the host has the function of the kernel, for programs that ask. */
  readonly kfuncExists: (name: string) => boolean;
  /** Addresses of the kernel's symbols, as the host gives them. */
  readonly ksyms: Readonly<Record<string, bigint>>;
  readonly kconfig: KconfigMap | undefined;
  readonly functions: FunctionTable;
  readonly maps: MapTable;
}

function usable({ spec }: MapEntry, { program, insn }: Site): MapSpec {
  if (!(spec instanceof WebpfError)) return spec;
  throw new WebpfError(spec.code, `program '${program}': ${spec.message}`, {
    stage: 'frontend',
    subject: program,
    insn,
    cause: spec,
  });
}

function functionAt(defs: Definitions, section: ElfSection, offset: number, site: Site): Target {
  const found = defs.functions.at(section.index, offset);
  if (found !== undefined) return { kind: 'function', function: found };
  throw badRelocation(
    `insn ${site.insn} refers to offset ${offset} of section '${section.name}', where no function begins`,
    site,
  );
}

/** Names of sections whose contents webpf cannot carry yet, and what they are. */
const FOREIGN_SECTIONS: ReadonlyMap<string, string> = new Map([
  ['.jumptables', 'jump tables'],
  ['.struct_ops', 'references to tables of callbacks'],
  ['.struct_ops.link', 'references to tables of callbacks'],
]);

function otherSection(section: ElfSection, symbol: string, site: Site): WebpfError {
  const foreign = FOREIGN_SECTIONS.get(section.name);
  const where = `'${symbol}' in section '${section.name}' at insn ${site.insn}`;
  if (foreign !== undefined) return unsupported(`${foreign} (${where}) are not supported yet`, site);
  return badRelocation(
    `reference to ${where}; only maps, functions and variables of .data*, .rodata* and .bss* can be referred to`,
    site,
  );
}

/** The section a symbol is defined in. */
function sectionOf(defs: Definitions, { symbol }: ElfRelocation, call: boolean, site: Site): ElfSection {
  if (symbol.section === 0) throw externError(symbol, defs.externs, call, site);
  const section = symbol.section < SHN_LORESERVE ? defs.elf.sections[symbol.section] : undefined;
  if (section !== undefined) return section;
  throw badRelocation(
    `'${symbol.name}' at insn ${site.insn} is in special section 0x${symbol.section.toString(16)}; initialise the global variable`,
    site,
  );
}

function expectType(relocation: ElfRelocation, wanted: number, site: Site): void {
  if (relocation.type === wanted || relocation.type === R_BPF_NONE) return;
  throw badRelocation(
    `relocation type ${relocation.type} against '${relocation.symbol.name}' at insn ${site.insn}; type ${wanted} belongs there`,
    site,
  );
}

/**
 * Resolves the relocation of a wide load (R_BPF_64_64).
 *
 * @param imm imm of the first slot: the addend, as the compiler left it
 * @throws WebpfError `unsupported` for kconfig, ksyms and the like; `bad-relocation` for nonsense
 */
export function loadTarget(defs: Definitions, relocation: ElfRelocation, imm: number, site: Site): Target {
  expectType(relocation, R_BPF_64_64, site);
  if (isWeakKfunc(relocation.symbol, defs.externs)) {
    return { kind: 'kfuncAddress', name: relocation.symbol.name };
  }
  const { symbol, addend } = relocation;
  const foreign = symbol.section === 0 ? externTarget(defs, symbol, imm + addend) : undefined;
  if (foreign !== undefined) return foreign;
  const section = sectionOf(defs, relocation, false, site);
  const offset = symbol.value + imm + addend;
  if (isCode(section)) return functionAt(defs, section, offset, site);
  const data = defs.maps.dataOf(section.index);
  if (data !== undefined) return valueTarget(data, offset, site);
  if (!defs.maps.holdsDefinitions(section.index)) throw otherSection(section, symbol.name, site);
  const map = defs.maps.definedAt(section.index, symbol.kind === 'section' ? offset : symbol.value + addend);
  if (map !== undefined) return { kind: 'map', map: usable(map, site) };
  throw badRelocation(
    `insn ${site.insn} refers to offset ${offset} of '${section.name}', where no map begins`,
    site,
  );
}

/** What the host has for a symbol that the object declares; undefined where it has nothing. */
function externTarget(defs: Definitions, symbol: ElfSymbol, addend: number): Target | undefined {
  const { kconfig, ksyms, externs } = defs;
  const { name } = symbol;
  const isWeak = symbol.binding === 'weak';
  if (externs.get(name)?.section === '.kconfig') {
    const offset = kconfig?.offsetOf(name, isWeak);
    return offset === undefined || kconfig === undefined
      ? undefined
      : { kind: 'value', map: kconfig.spec, offset: (offset + addend) | 0 };
  }
  if (externs.get(name)?.section !== '.ksyms') return undefined;
  const address = Object.hasOwn(ksyms, name) ? ksyms[name] : isWeak ? 0n : undefined;
  return address === undefined ? undefined : { kind: 'number', value: address };
}

/** Offsets may lie outside the variable: compilers fold constants into them, and the access decides. */
function valueTarget(entry: MapEntry, offset: number, site: Site): Target {
  return { kind: 'value', map: usable(entry, site), offset: offset | 0 };
}

/**
 * Resolves the relocation of a call (R_BPF_64_32); `imm` is -1 against a function, else counts from the section. A
 * function of the kernel keeps its name, weak or not: what runs the program knows whether it is there.
 */
export function callTarget(defs: Definitions, relocation: ElfRelocation, imm: number, site: Site): Target {
  if (isKernelSymbol(relocation.symbol, defs.externs)) {
    expectType(relocation, R_BPF_64_32, site);
    return { kind: 'kfunc', name: relocation.symbol.name };
  }
  const section = sectionOf(defs, relocation, true, site);
  expectType(relocation, R_BPF_64_32, site);
  if (!isCode(section)) throw otherSection(section, relocation.symbol.name, site);
  return functionAt(defs, section, relocation.symbol.value + relocation.addend + (imm + 1) * SLOT, site);
}

/** Target of a call without relocation: a function of the same section. */
export function localTarget(
  defs: Definitions,
  from: FunctionDef,
  slotInSection: number,
  imm: number,
  site: Site,
): Target {
  return functionAt(defs, from.section, (slotInSection + imm + 1) * SLOT, site);
}
