/**
 * Program types and helpers of a host's own: what its programs get in r1, what they may call and return, as plain
 * data in the vocabulary of the kernel's. Checked once, when they are defined, so that what is wrong with them is
 * not found out at the first program that is verified.
 */
import { helperId, helperName, TAIL_CALL } from '../isa/helpers.ts';
import { type Context, defineContext, type ReturnRange } from './contexts/index.ts';
import { checkArguments } from './custom/arguments.ts';
import { checkName, refuseDefinition } from './custom/refuse.ts';
import { checkResult } from './custom/results.ts';
import { HELPERS, helpersAt } from './helpers/index.ts';
import type { Argument, Helper, Result } from './helpers/types.ts';

/** A helper of the host's own, as its programs see it. */
export interface HelperDefinition {
  /** What programs call it by: 1 to 2147483647. C: `static long (*name)(long) = (void *)1000;`. */
  readonly id: number;
  /** A C identifier. */
  readonly name: string;
  /** r1 and on, five at most. */
  readonly args: readonly Argument[];
  /** An integer of which nothing is known when absent. */
  readonly result?: Result | undefined;
  /** Takes the place of the kernel's helper with this id. */
  readonly overrides?: boolean | undefined;
  /** Only for programs with a GPL-compatible license. */
  readonly gplOnly?: boolean | undefined;
  /** The packet may move: pointers into it are lost. */
  readonly changesPacket?: boolean | undefined;
  /** Memory arguments may be packet data. */
  readonly packetAccess?: boolean | undefined;
  /** Only for sleepable programs. */
  readonly mightSleep?: boolean | undefined;
}

/** A program type of the host's own. */
export interface ProgramTypeDefinition {
  /** A C identifier. */
  readonly name: string;
  /** What r1 points to: see `defineContext`. */
  readonly context: Context;
  readonly helpers?: readonly HelperDefinition[] | undefined;
  /** Values that r0 may have at the end, inclusive, as signed numbers; all when absent. */
  readonly returns?: ReturnRange | undefined;
  /** Helpers of the kernel: those that (nearly) all its types have (`base`, when absent), these by name, or none. */
  readonly kernelHelpers?: 'base' | 'none' | readonly string[] | undefined;
}

/** A program type that has been checked. */
export interface CustomProgramType {
  readonly name: string;
  readonly context: Context;
  readonly returns: ReturnRange | undefined;
  /** Everything its programs may call, by id: the host's helpers and the kernel's. */
  readonly helpers: ReadonlyMap<number, Helper>;
}

const LARGEST_ID = 0x7fffffff;
const INTEGER: Result = { kind: 'integer' };
const FLAGS = ['overrides', 'gplOnly', 'changesPacket', 'packetAccess', 'mightSleep'] as const;

const titleOf = ({ id, name }: HelperDefinition): string => `helper ${String(name)} (${String(id)})`;

function checkId(what: string, { id, overrides = false }: HelperDefinition): void {
  if (!Number.isInteger(id) || id < 1 || id > LARGEST_ID)
    refuseDefinition(what, `its id must be a whole number from 1 to ${LARGEST_ID}, not ${String(id)}`);
  const kernel = helperName(id);
  if (id === TAIL_CALL)
    refuseDefinition(what, 'bpf_tail_call cannot be replaced: it ends the program that calls it');
  if (kernel !== undefined && !overrides)
    refuseDefinition(
      what,
      `the kernel's ${kernel} has this id: take another, or say "overrides: true" to replace it`,
    );
  if (kernel === undefined && overrides)
    refuseDefinition(what, `there is no helper ${id} of the kernel's to override: leave "overrides" out`);
}

function checkFlags(what: string, definition: HelperDefinition): void {
  for (const flag of FLAGS) {
    const value: unknown = definition[flag];
    if (value !== undefined && typeof value !== 'boolean')
      refuseDefinition(what, `${flag} must be true or false, not ${String(value)}`);
  }
}

/** A name of the kernel's may only be that of the helper with its id. */
function checkKernelName(what: string, { id, name }: HelperDefinition): void {
  const kernel = name.startsWith('bpf_') ? helperId(name) : undefined;
  if (kernel !== undefined && kernel !== id)
    refuseDefinition(what, `the kernel's helper ${kernel} has this name: take another`);
}

/**
 * A helper of the host's own, checked, in the form that those of the kernel have.
 *
 * @throws WebpfError `bad-argument` for a name that is no C identifier, an id of the kernel's, more than five
 *   arguments, a size without memory before it, a result whose argument is missing, …
 */
export function defineHelper(definition: HelperDefinition): Helper {
  const { id, name, args, result = INTEGER } = definition;
  const what = titleOf(definition);
  checkName(what, name);
  checkId(what, definition);
  checkKernelName(what, definition);
  checkFlags(what, definition);
  checkArguments(what, args);
  checkResult(what, result, args);
  return {
    id,
    name,
    args,
    result,
    gplOnly: definition.gplOnly ?? false,
    changesPacket: definition.changesPacket ?? false,
    packetAccess: definition.packetAccess ?? false,
    mightSleep: definition.mightSleep ?? false,
    fastcall: false,
    refusedByConfig: undefined,
    checks: undefined,
    variants: [],
  };
}

function kernelHelper(what: string, name: string): readonly [number, Helper] {
  const id = typeof name === 'string' ? helperId(name) : undefined;
  const helper = id === undefined ? undefined : HELPERS.get(id);
  if (id !== undefined && helper !== undefined) return [id, helper];
  return refuseDefinition(what, `kernelHelpers: the kernel has no helper "${String(name)}"`);
}

/** Programs of type ext have by themselves the helpers that all have. */
const base = (): (readonly [number, Helper])[] =>
  helpersAt({ type: 'ext' }).flatMap((id) => {
    const helper = HELPERS.get(id);
    return helper === undefined ? [] : [[id, helper] as const];
  });

function kernelHelpers(
  what: string,
  chosen: ProgramTypeDefinition['kernelHelpers'] = 'base',
): readonly (readonly [number, Helper])[] {
  if (chosen === 'none') return [];
  if (chosen === 'base') return base();
  if (!Array.isArray(chosen))
    refuseDefinition(what, `kernelHelpers must be 'base', 'none' or a list of names, not ${String(chosen)}`);
  return chosen.map((name) => kernelHelper(what, name));
}

function ownHelpers(what: string, definitions: readonly HelperDefinition[]): readonly Helper[] {
  if (!Array.isArray(definitions)) refuseDefinition(what, 'its helpers must be a list of definitions');
  const ids = new Map<number, string>();
  const names = new Set<string>();
  return definitions.map((definition) => {
    const helper = defineHelper(definition);
    const other = ids.get(helper.id);
    if (other !== undefined)
      refuseDefinition(what, `helpers ${other} and ${helper.name} have one id, ${helper.id}`);
    if (names.has(helper.name)) refuseDefinition(what, `two helpers have the name ${helper.name}`);
    ids.set(helper.id, helper.name);
    names.add(helper.name);
    return helper;
  });
}

/** Whether a call of the helper can give up what others acquire. */
const RELEASES: Readonly<Record<'socket' | 'ringRecord' | 'kptr', (argument: Argument) => boolean>> = {
  socket: (argument) => argument.kind === 'socket' && argument.release,
  ringRecord: ({ kind }) => kind === 'ringRecord',
  kptr: ({ kind }) => kind === 'kptrValue',
};

/** A reference that no helper takes back could never be released: no program that gets one would pass. */
function checkReleases(what: string, own: readonly Helper[], all: ReadonlyMap<number, Helper>): void {
  for (const { name, result } of own) {
    if (!('acquire' in result) || !result.acquire) continue;
    const releases = RELEASES[result.kind];
    if ([...all.values()].some(({ args }) => args.some(releases))) continue;
    refuseDefinition(
      what,
      `${name} gives a reference (${result.kind}) that no helper of this type takes back`,
    );
  }
}

function checkReturns(what: string, returns: ReturnRange | undefined): void {
  if (returns === undefined) return;
  const { min, max } = returns;
  for (const [bound, value] of [
    ['min', min],
    ['max', max],
  ] as const)
    if (!Number.isSafeInteger(value))
      refuseDefinition(what, `returns: ${bound} must be a safe integer, not ${String(value)}`);
  if (min > max)
    refuseDefinition(what, `returns: min is ${min}, more than max, ${max}: nothing could be returned`);
}

/**
 * Checks a program type of the host's own.
 *
 * @throws WebpfError `bad-argument` that says which part is wrong and what would be right
 */
export function defineProgramType(definition: ProgramTypeDefinition): CustomProgramType {
  const { name, returns, helpers: definitions = [] } = definition;
  const what = `program type ${String(name)}`;
  checkName(what, name);
  const context = defineContext(definition.context);
  checkReturns(what, returns);
  const own = ownHelpers(what, definitions);
  const kernel = kernelHelpers(what, definition.kernelHelpers);
  const helpers = new Map<number, Helper>([...kernel, ...own.map((helper) => [helper.id, helper] as const)]);
  checkReleases(what, own, helpers);
  return { name, context, returns, helpers };
}
