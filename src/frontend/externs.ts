import { WebpfError } from '../errors.ts';
import { accessPath } from './btf/access.ts';
import { typeById } from './btf/lookup.ts';
import type { Btf, CoreRelocation } from './btf/types.ts';
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

/** Which datasec (.kconfig or .ksyms) declares an extern variable or function, by name. */
export type Externs = ReadonlyMap<string, string>;

/** Whether the symbol is declared as one of the kernel's (`__ksym`); weak ones are. */
export const isKernelSymbol = (symbol: ElfSymbol, externs: Externs): boolean =>
  symbol.section === 0 && externs.get(symbol.name) === '.ksyms';

export function externsOf(btf: Btf | undefined): Externs {
  const sections = new Map<string, string>();
  for (const type of btf?.types ?? []) {
    if (type.kind !== 'datasec' || (type.name !== '.kconfig' && type.name !== '.ksyms')) continue;
    for (const variable of type.variables) sections.set(btf?.types[variable.type]?.name ?? '', type.name);
  }
  return sections;
}

/** Why a reference to a symbol that the object does not define cannot be resolved; calls of the kernel's can. */
export function externError(symbol: ElfSymbol, externs: Externs, call: boolean, site: Site): WebpfError {
  const { name } = symbol;
  const at = `at insn ${site.insn}`;
  const section = externs.get(name);
  if (section === '.kconfig') {
    return unsupported(`kernel configuration value '${name}' (.kconfig) ${at} is not supported`, site);
  }
  if (section === '.ksyms') {
    return unsupported(`kernel symbol '${name}' (.ksyms) ${at} is not supported`, site);
  }
  const what = call ? 'function' : 'symbol';
  return badRelocation(`${what} '${name}' ${at} is declared but not defined in this object`, site);
}

/** enum bpf_core_relo_kind. */
const CORE_KINDS = [
  'field byte offset',
  'field byte size',
  'field existence',
  'field signedness',
  'field left shift',
  'field right shift',
  'local type id',
  'target type id',
  'type existence',
  'type size',
  'enumerator existence',
  'enumerator value',
  'type match',
];

/** Why a program with a CO-RE relocation is refused: names the type and the field concerned. */
export function coreError(relocation: CoreRelocation, btf: Btf | undefined, site: Site): WebpfError {
  const kind = CORE_KINDS[relocation.kind] ?? `kind ${relocation.kind}`;
  const what = btf === undefined ? `type ${relocation.type}` : accessPath(btf, checked(btf, relocation));
  return unsupported(`CO-RE relocation (${kind} of ${what}) at insn ${site.insn} is not supported yet`, site);
}

function checked(btf: Btf, relocation: CoreRelocation): CoreRelocation {
  typeById(btf, relocation.type);
  return relocation;
}
