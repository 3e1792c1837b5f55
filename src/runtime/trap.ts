import * as layout from '../abi/layout.ts';
import * as traps from '../abi/traps.ts';
import { type SourceLine, WebpfError } from '../errors.ts';
import { sourceAt } from '../frontend/lines.ts';
import type { Program } from '../frontend/program.ts';
import type { LinearMemory } from './memory.ts';

export type TrapKind =
  | 'memory'
  | 'misaligned'
  | 'budget'
  | 'call-depth'
  | 'bad-map'
  | 'helper-memory'
  | 'bad-function'
  | 'bad-argument'
  | 'unsupported'
  | 'host';

/** Why and where a run was stopped. */
export interface Trap {
  readonly kind: TrapKind;
  /** Program that was running: another than the one started after a tail call. */
  readonly program: string;
  /** Slot of the instruction. */
  readonly insn: number;
  /** The address (memory traps) or value that was refused. */
  readonly value: bigint;
  readonly source: SourceLine | undefined;
  readonly message: string;
}

const kinds: Readonly<Record<number, { kind: TrapKind; text: (value: bigint) => string }>> = {
  [traps.TRAP_MEMORY]: {
    kind: 'memory',
    text: (v) =>
      `accesses address 0x${v.toString(16)}, which is outside the memory it was given, or read-only or write-only`,
  },
  [traps.TRAP_MISALIGNED]: {
    kind: 'misaligned',
    text: (v) => `makes an atomic access to address 0x${v.toString(16)}, which is not aligned to its size`,
  },
  [traps.TRAP_BUDGET]: { kind: 'budget', text: () => 'has used up its instruction budget (option "budget")' },
  [traps.TRAP_CALL_DEPTH]: {
    kind: 'call-depth',
    text: () => `calls deeper than ${layout.MAX_FRAMES} frames`,
  },
  [traps.TRAP_BAD_MAP]: {
    kind: 'bad-map',
    text: (v) => `passes 0x${v.toString(16)} to a helper that needs one of the program's maps`,
  },
  [traps.TRAP_HELPER_MEMORY]: {
    kind: 'helper-memory',
    text: (v) => `passes address 0x${v.toString(16)} to a helper, outside the memory it was given`,
  },
  [traps.TRAP_BAD_FUNCTION]: {
    kind: 'bad-function',
    text: (v) => `calls 0x${v.toString(16)}, which is not the address of one of its functions`,
  },
  [traps.TRAP_BAD_ARGUMENT]: {
    kind: 'bad-argument',
    text: (v) => `passes ${v} to a helper that cannot take this value`,
  },
  [traps.TRAP_UNSUPPORTED]: {
    kind: 'unsupported',
    text: () => 'reaches an instruction webpf does not carry',
  },
  [traps.TRAP_HOST]: { kind: 'host', text: () => "calls a helper of the host's own that threw" },
};

const place = (source: SourceLine | undefined): string =>
  source ? ` (${source.file}:${source.line}${source.text ? `: ${source.text.trim()}` : ''})` : '';

/** Reads the trap that the run state holds; undefined when the last run ended normally. */
export function readTrap(
  memory: LinearMemory,
  run: number,
  programAt: (descriptor: number) => Program | undefined,
): Trap | undefined {
  const known = kinds[memory.u32(run + layout.RUN_TRAP)];
  if (!known) return undefined;
  const program = programAt(memory.u32(run + layout.RUN_PROG));
  const insn = memory.u32(run + layout.RUN_TRAP_PC);
  const value = memory.u64(run + layout.RUN_TRAP_VALUE);
  return trapAt(known.kind, program, insn, known.text(value), value);
}

/** A trap at the instruction in this slot; `reason` is what the program does, or what happened to it. */
export function trapAt(
  kind: TrapKind,
  program: Program | undefined,
  insn: number,
  reason: string,
  value = 0n,
): Trap {
  const source = program && sourceAt(program.lines, insn);
  const name = program?.name ?? 'program';
  const message = `${name} ${reason}, at instruction ${insn}${place(source)}`;
  return { kind, program: name, insn, value, source, message };
}

export const trapError = (trap: Trap, cause?: unknown): WebpfError =>
  new WebpfError('trap', trap.message, {
    stage: 'runtime',
    insn: trap.insn,
    source: trap.source,
    subject: trap.program,
    cause,
  });
