import { assemble } from '../../../src/isa/asm.ts';
import { encode } from '../../../src/isa/encode.ts';
import type { Insn } from '../../../src/isa/insn.ts';
import { KFUNCS, kfuncRefusalOf } from '../../../src/verifier/kfuncs/index.ts';
import type { Kfunc, KfuncArgument } from '../../../src/verifier/kfuncs/types.ts';
import type { Candidate, KernelJudge, Verdict } from '../../kernel/kernel.ts';
import type { MapIds } from '../helpers/maps.ts';
import { kernelOffset, numbersOf, type Place, placeName } from '../helpers/places.ts';
import { MARK, resultIn } from '../helpers/results.ts';
import { programWith } from './call.ts';

type Ids = ReadonlyMap<string, number>;

/** The kernel wants BTF ids where the program's list of names has indexes. */
function linked(text: string, ids: Ids): Uint8Array {
  const { insns, kfuncs } = assemble(text);
  const byId = (insn: Insn): Insn =>
    insn.kind === 'call' && insn.target === 'kfunc'
      ? { ...insn, imm: ids.get(kfuncs[insn.imm] ?? '') ?? 0 }
      : insn;
  return encode(insns.map(byId));
}

const verify = (
  judge: KernelJudge,
  ids: Ids,
  place: Place,
  text: string,
  more: Partial<Candidate> = {},
): Promise<Verdict> => judge.verify({ ...numbersOf(place), code: linked(text, ids), ...more });

/** Why the kernel would not have the function called in a program of this place, in its words; '' when it would. */
export async function refusalAt(judge: KernelJudge, ids: Ids, place: Place, name: string): Promise<string> {
  const { log } = await verify(judge, ids, place, `call kfunc ${name}\nr0 = 0\nexit`);
  const refusals =
    /^(calling kernel function .*|program must be sleepable .*|metadata kfuncs .*|css_task_iter .*)$/m;
  return refusals.exec(log)?.[1] ?? '';
}

const STATE = /^(\d+: |from \d|processed |func#|Live regs|\s+\d+: |mark_precise|$)/;

/** What the kernel complains of; '' when it goes on behind the call, or ends the program there. */
function complaintOf({ errno, log }: Verdict): string {
  if (errno === 0 || new RegExp(`^\\d+: \\(b7\\) ${MARK}`, 'm').test(log)) return '';
  const lines = log.split('\n').filter((line) => !STATE.test(line));
  return lines.join(' | ') || `errno ${errno}`;
}

/** What the kernel says of a call whose arguments are what the tables say, once it accepts it. */
export interface CallAnswer {
  readonly place: string;
  /** r0 after the call. */
  readonly result: string;
  /** By argument: whether it takes an uninitialised register, NULL, an unknown scalar, and of tasks walked pointers: `.` or a letter for not. */
  readonly takes: readonly string[];
}

type Changes = readonly (readonly [letter: string, code: string])[];

const CHANGES: Changes = [
  ['u', ''],
  ['n', 'r0 = 0'],
  ['s', 'call 7'],
];

/** Pointers read from the current task: one that RCU protects, and one that nothing does. */
const walked = (member: string): string =>
  `call 158\nr0 = *(u64 *)(r0 + ${kernelOffset('task_struct', member)})`;
const WALKED: () => Changes = () => [
  ['r', walked('group_leader')],
  ['w', walked('last_wakee')],
];

const changesOf = (argument: KfuncArgument): Changes =>
  argument.kind === 'btf' && argument.struct === 'task_struct' ? [...CHANGES, ...WALKED()] : CHANGES;

const site = (place: Place) => ({ ...place, license: 'GPL' });

/** The first place where the call is accepted; undefined where there is none. */
async function placeFor(
  { name }: Kfunc,
  places: readonly Place[],
  accepts: (place: Place) => Promise<boolean>,
): Promise<Place | undefined> {
  for (const place of places)
    if (kfuncRefusalOf(name, site(place)) === undefined && (await accepts(place))) return place;
  return undefined;
}

async function askCall(
  judge: KernelJudge,
  ids: Ids,
  kfunc: Kfunc,
  places: readonly Place[],
  maps: MapIds,
): Promise<CallAnswer | undefined> {
  const text = programWith(kfunc, maps);
  if (text === undefined) return undefined;
  const accepts = async (place: Place) => complaintOf(await verify(judge, ids, place, text)) === '';
  const place = await placeFor(kfunc, places, accepts);
  if (place === undefined) return undefined;
  const verdict = await verify(judge, ids, place, text, { logLevel: 2 });
  const takes = kfunc.args.map(async (argument, position) => {
    const letters = changesOf(argument).map(async ([letter, code]) => {
      const changed = programWith(kfunc, maps, { position, code }) ?? '';
      return complaintOf(await verify(judge, ids, place, changed)) === '' ? '.' : letter;
    });
    return (await Promise.all(letters)).join('');
  });
  return {
    place: placeName(place),
    result: resultIn(verdict, ids.get(kfunc.name) ?? 0),
    takes: await Promise.all(takes),
  };
}

/** Calls of all functions of the tables that arguments can be had for. */
export async function askCalls(
  judge: KernelJudge,
  ids: Ids,
  places: readonly Place[],
  maps: MapIds,
): Promise<Readonly<Record<string, CallAnswer>>> {
  const answers: Record<string, CallAnswer> = {};
  for (const kfunc of KFUNCS.values()) {
    if (kfunc.unsupported !== undefined) continue;
    const answer = await askCall(judge, ids, kfunc, places, maps);
    if (answer !== undefined) answers[kfunc.name] = answer;
  }
  return answers;
}
