import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  cacheDirectory,
  type EngineKind,
  type OpenOptions,
  type ProgramType,
  programTypes,
} from '../index.ts';
import type { Environment } from './io.ts';

/** How many rows or lines are shown; `Infinity` for all. */
export type Limit = number;

/** The options that decide how an object is opened and which of its programs is meant. */
export interface ProgramOptions {
  readonly program?: string;
  readonly type?: ProgramType;
  /** Types that CO-RE relocations are answered by. */
  readonly btf?: string;
}

export interface EngineFlags {
  readonly engine: EngineKind;
  /** False with --no-cache. */
  readonly cache?: boolean;
  readonly sandbox?: boolean;
  readonly trusted?: boolean;
  readonly budget?: number;
  readonly cpus?: number;
  readonly time?: bigint;
  readonly seed?: bigint;
  readonly global?: Readonly<Record<string, unknown>>;
  readonly profile?: boolean;
}

/** An integer from `min` on; anything else is a usage error. */
export const integerFrom =
  (min: number) =>
  (text: string): number => {
    const value = Number(text.replaceAll('_', ''));
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`It must be an integer from ${min} on.`);
  };

/** An unsigned integer of 64 bits, decimal or with 0x. */
export function unsigned64(text: string): bigint {
  if (/^(\d+|0x[0-9a-f]+)$/i.test(text)) {
    const value = BigInt(text);
    if (value < 1n << 64n) return value;
  }
  throw new InvalidArgumentError('It must be an integer from 0 to 2^64-1.');
}

export function limit(text: string): Limit {
  if (text === 'all') return Number.POSITIVE_INFINITY;
  return text === 'none' ? 0 : integerFrom(0)(text);
}

/** JSON where it is JSON (numbers, strings in quotes, lists, objects), integers beyond 2^53 whole; else the text. */
function parseValue(text: string): unknown {
  if (/^-?\d+$/.test(text)) {
    const whole = BigInt(text);
    return Number.isSafeInteger(Number(text)) ? Number(text) : whole;
  }
  if (/^0x[0-9a-f]+$/i.test(text)) return BigInt(text);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text; // the name of an enumerator, or a string without quotes
  }
}

/** Gathers `name=value` from each time the option is given. */
export function collectGlobal(
  text: string,
  before: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const at = text.indexOf('=');
  if (at <= 0) throw new InvalidArgumentError('It must have the form name=value.');
  return { ...before, [text.slice(0, at)]: parseValue(text.slice(at + 1)) };
}

const choice = (flags: string, text: string, choices: readonly string[]): Option =>
  new Option(flags, text).choices(choices);

export const programOption = (): Option =>
  new Option('-p, --program <name>', 'the program, where the file has several');

export const typeOption = (): Option =>
  // Not `choices`: thirty names would fill the help.
  new Option('--type <type>', 'program type, where the file does not say it (xdp, sched_cls, …)').argParser(
    (text) => {
      if ((programTypes as readonly string[]).includes(text)) return text;
      throw new InvalidArgumentError(`Types are ${programTypes.join(', ')}.`);
    },
  );

export const btfOption = (): Option =>
  new Option(
    '--btf <file>',
    'types of the host for CO-RE: raw BTF (/sys/kernel/btf/vmlinux) or an ELF file with it',
  );

export const jsonOption = (): Option => new Option('--json', 'print one JSON object a line');

export const engineOption = (usual: EngineKind): Option =>
  choice('-e, --engine <engine>', 'what runs the program; auto: interpreted until it is translated', [
    'jit',
    'interp',
    'auto',
  ]).default(usual);

export const cacheOption = (): Option =>
  new Option('--no-cache', 'neither use translations of earlier runs nor keep any');

/** How programs run, where not as they do by default: verified. */
export const modeOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--sandbox', 'do not verify: check every access when it happens').conflicts('trusted'),
    )
    .option('--trusted', 'neither verify nor check: only for programs known to be right');

export const cpusOption = (): Option =>
  new Option('--cpus <n>', 'CPUs that per-CPU maps have values for').argParser(integerFrom(1));

export const globalOption = (): Option =>
  new Option('--global <name=value>', 'set a global variable before the load (repeatable)').argParser(
    collectGlobal,
  );

/** The options of every command that runs programs, beside the engine. */
export const engineSettings = (command: Command): Command =>
  modeOptions(command)
    .option('--budget <insns>', 'instructions a run in the sandbox may take', integerFrom(1))
    .addOption(cpusOption())
    .option('--time <ns>', 'a fixed time for every clock helper', unsigned64)
    .option('--seed <n>', 'seed of bpf_get_prandom_u32', unsigned64)
    .addOption(globalOption());

/** What of the flags an engine and an object take. */
export function openOptionsOf(flags: EngineFlags, env: Environment): OpenOptions {
  const { cache, engine, sandbox, trusted, budget, cpus, time, seed, global, profile } = flags;
  return {
    // Executions are counted in translated code.
    engine: profile && engine === 'auto' ? 'jit' : engine,
    ...(cache === true && { cache: cacheDirectory(env) }),
    ...(sandbox !== undefined && { sandbox }),
    ...(trusted !== undefined && { trusted }),
    ...(budget !== undefined && { budget }),
    ...(cpus !== undefined && { cpus }),
    ...(time !== undefined && { time }),
    ...(seed !== undefined && { seed }),
    ...(profile !== undefined && { profile }),
    ...(global !== undefined && { globals: global }),
  };
}
