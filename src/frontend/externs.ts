import { WebpfError } from '../errors.ts';
import type { Btf } from './btf/types.ts';
import type { ElfSymbol } from './elf/types.ts';

/** Where something unsupported was met, for the message and its details. */
export interface Site {
  readonly program: string;
  /** Slot in the program as linked. */
  readonly insn: number;
}

export const unsupported = (message: string, { program, insn }: Site): WebpfError =>
  new WebpfError('unsupported', `program '${program}': ${message}`, {
    stage: 'frontend',
    subject: program,
    insn,
  });

export const badRelocation = (message: string, { program, insn }: Site): WebpfError =>
  new WebpfError('bad-relocation', `program '${program}': ${message}`, {
    stage: 'frontend',
    subject: program,
    insn,
  });

/** A variable or function that the object declares as the kernel's. */
export interface Extern {
  /** The datasec that declares it. */
  readonly section: '.kconfig' | '.ksyms';
  readonly kind: 'variable' | 'function';
}

/** By name. */
export type Externs = ReadonlyMap<string, Extern>;

/** Whether the symbol is declared as one of the kernel's (`__ksym`); weak ones are. */
export const isKernelSymbol = (symbol: ElfSymbol, externs: Externs): boolean =>
  symbol.section === 0 && externs.get(symbol.name)?.section === '.ksyms';

/** Whether the symbol is a function of the kernel that may be missing: programs ask for its address to know. */
export const isWeakKfunc = (symbol: ElfSymbol, externs: Externs): boolean =>
  isKernelSymbol(symbol, externs) &&
  symbol.binding === 'weak' &&
  externs.get(symbol.name)?.kind === 'function';

export function externsOf(btf: Btf | undefined): Externs {
  const externs = new Map<string, Extern>();
  for (const section of btf?.types ?? []) {
    if (section.kind !== 'datasec' || (section.name !== '.kconfig' && section.name !== '.ksyms')) continue;
    for (const { type } of section.variables) {
      const { name = '', kind } = btf?.types[type] ?? {};
      externs.set(name, { section: section.name, kind: kind === 'func' ? 'function' : 'variable' });
    }
  }
  return externs;
}

/** Why a reference to a symbol that the object does not define cannot be resolved; calls of the kernel's can. */
export function externError(symbol: ElfSymbol, externs: Externs, call: boolean, site: Site): WebpfError {
  const { name } = symbol;
  const at = `at insn ${site.insn}`;
  const section = externs.get(name)?.section;
  if (section === '.kconfig') {
    return unsupported(
      `kernel configuration value '${name}' (.kconfig) ${at} is not known: give it with the option "kconfig"`,
      site,
    );
  }
  if (section === '.ksyms') {
    return unsupported(
      `kernel symbol '${name}' (.ksyms) ${at} is not known: give its address with the option "ksyms"`,
      site,
    );
  }
  const what = call ? 'function' : 'symbol';
  return badRelocation(`${what} '${name}' ${at} is declared but not defined in this object`, site);
}
