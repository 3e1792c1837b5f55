import { WebpfError } from '../errors.ts';
import type { ObjectFile, Program, ProgramType } from './program.ts';
import { programTypes } from './programTypes.ts';
import { matchesSection } from './sections.ts';

/** What the programs of a section are (libbpf_register_prog_handler). */
export interface SectionHandler {
  readonly type: ProgramType;
  /** BPF_* in lower case: `cgroup_inet4_connect`. Default none. */
  readonly attachType?: string;
  readonly sleepable?: boolean;
}

/** Handlers by section: `name` alone, or with `name+` also what begins with `name/`. They come before libbpf's own. */
export type SectionHandlers = Readonly<Record<string, SectionHandler>>;

function checked(pattern: string, handler: SectionHandler): void {
  if (programTypes.includes(handler.type)) return;
  throw new WebpfError(
    'bad-argument',
    `option sections: "${pattern}" is for programs of type ${String(handler.type)}, which is none of ${programTypes.join(', ')}`,
    { stage: 'frontend' },
  );
}

function handled(program: Program, handlers: SectionHandlers): Program {
  const section = program.section.replace(/^\?/, '');
  const [pattern, handler] = Object.entries(handlers).find(([one]) => matchesSection(one, section)) ?? [];
  if (pattern === undefined || handler === undefined) return program;
  const { type, attachType = '', sleepable = false } = handler;
  const attachTo = pattern.endsWith('+') ? section.slice(pattern.length) : '';
  return { ...program, type, typeGuessed: false, attachType, attachTo, sleepable, frags: false };
}

/** @throws WebpfError 'bad-argument' for a type that is none */
export function withHandlers(file: ObjectFile, handlers: SectionHandlers): ObjectFile {
  for (const [pattern, handler] of Object.entries(handlers)) checked(pattern, handler);
  return { ...file, programs: file.programs.map((program) => handled(program, handlers)) };
}
