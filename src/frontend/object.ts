import { WebpfError } from '../errors.ts';
import { KFUNC_NAMES } from '../isa/kfuncs.ts';
import type { Btf } from './btf/types.ts';
import { contextTarget, type TargetTypes } from './core/target.ts';
import { readElf } from './elf/read.ts';
import { sectionNamed } from './elf/sections.ts';
import type { ElfFile } from './elf/types.ts';
import { externsOf } from './externs.ts';
import { type FunctionDef, FunctionTable } from './functions.ts';
import { type Kconfig, KconfigMap } from './kconfig.ts';
import { LinkContext, linkProgram } from './link.ts';
import { MapTable } from './maps/table.ts';
import { readTypes } from './objectTypes.ts';
import type { ObjectFile, Program, RefusedProgram } from './program.ts';
import { sectionMeaning } from './sections.ts';
import { StructOpsTables } from './structOps.ts';

function readLicense(elf: ElfFile): string {
  const bytes = sectionNamed(elf, 'license')?.data ?? new Uint8Array(0);
  const nul = bytes.indexOf(0);
  return new TextDecoder().decode(bytes.subarray(0, nul < 0 ? bytes.length : nul));
}

/** What programs may ask about the host they are linked for. */
export interface HostOptions {
  /** Whether it has a function of the kernel: those that webpf knows by default. */
  readonly kfuncExists?: ((name: string) => boolean) | undefined;
  /** Its types, by which CO-RE relocations are answered: the contexts that webpf has itself by default. */
  readonly types?: TargetTypes | undefined;
  /** Values of `__kconfig` variables. */
  readonly kconfig?: Kconfig | undefined;
  /** Addresses of `__ksym` variables. */
  readonly ksyms?: Readonly<Record<string, bigint>> | undefined;
}

/** Programs of one object as they are linked. */
class Opener {
  readonly programs: Program[] = [];
  readonly refused: RefusedProgram[] = [];
  private readonly context: LinkContext;
  private readonly license: string;
  private readonly btf: Btf | undefined;

  private readonly tables: StructOpsTables;

  constructor(context: LinkContext, license: string, tables: StructOpsTables) {
    this.context = context;
    this.tables = tables;
    this.license = license;
    this.btf = context.defs.btf;
  }

  open(main: FunctionDef): void {
    try {
      this.programs.push(this.program(main));
    } catch (error) {
      if (!(error instanceof WebpfError)) throw error;
      this.refused.push({ program: main.name, section: main.section.name, error });
    }
  }

  private program(main: FunctionDef): Program {
    const linked = linkProgram(this.context, main);
    return {
      name: main.name,
      section: main.section.name,
      ...sectionMeaning(main.section.name, this.context.defs.elf.name),
      ...linked,
      callback: this.tables.callbackOf(main),
      license: this.license,
      btf: this.btf,
    };
  }
}

/**
 * Opens an eBPF object file: ELF64, little-endian, as `clang -target bpf -c` writes it.
 *
 * Programs come back linked (subprograms appended, references resolved), in the order of libbpf. One that needs
 * what webpf lacks, or whose own parts are damaged, is listed in `refused` with its error; the others load.
 *
 * CO-RE relocations are answered as libbpf does, by the types of `options.types`; where that leaves an instruction
 * without meaning, it is among the program's `poisoned`.
 *
 * @param name path or name of the file, for messages
 * @throws WebpfError `bad-elf` or `bad-btf` when the file as a whole is truncated, corrupt or not eBPF
 */
export function openObject(bytes: Uint8Array, name = 'object', options: HostOptions = {}): ObjectFile {
  const elf = readElf(bytes, name);
  const { btf, ext } = readTypes(elf);
  const functions = new FunctionTable(elf);
  const tables = new StructOpsTables(elf, btf, functions);
  const maps = new MapTable(elf, btf, tables.entries);
  const license = readLicense(elf);
  const { kfuncExists = (kfunc) => KFUNC_NAMES.has(kfunc), types = contextTarget() } = options;
  const externs = externsOf(btf);
  const isConfigured = [...externs.values()].some(({ section }) => section === '.kconfig');
  const kconfig = btf !== undefined && isConfigured ? new KconfigMap(btf, options.kconfig ?? {}) : undefined;
  const { ksyms = {} } = options;
  const defs = { elf, btf, externs, kfuncExists, ksyms, kconfig, functions, maps };
  const opener = new Opener(new LinkContext(defs, ext, types), license, tables);
  for (const main of functions.entries()) opener.open(main);
  const { programs, refused } = opener;
  return {
    name,
    programs,
    refused,
    maps: [...maps.specs(), ...(kconfig ? [kconfig.spec] : [])],
    license,
    btf,
  };
}
