/** Asks the kernel about a case. */
import { WebpfError } from '../../../src/errors.ts';
import { decodeProgram } from '../../../src/isa/decode.ts';
import { encode } from '../../../src/isa/encode.ts';
import type { Insn } from '../../../src/isa/insn.ts';
import { type Candidate, isRefusal, type KernelJudge } from '../../kernel/kernel.ts';
import { kernelTypes, typeId } from '../contexts/vmlinux.ts';
import { numbersOf } from '../helpers/places.ts';
import type { Case } from './case.ts';
import { messagesOf, slotOf } from './log.ts';
import type { CorpusMap } from './maps.ts';
import type { Outcome } from './outcome.ts';
import { LOAD_FLAGS } from './place.ts';
import { type Built, build } from './program.ts';

export interface Answer {
  readonly outcome: Outcome;
  /** The log of level 2, where it was asked for. */
  readonly log: string;
}

/** The kernel twice: with every capability, and without CAP_PERFMON. */
export interface Judges {
  readonly strong: KernelJudge;
  readonly weak: KernelJudge;
}

const ENOSPC = 28;
const STATISTICS = 4;
const RETURN_0 = Buffer.from('b7000000000000009500000000000000', 'hex');

async function createMap(judge: KernelJudge, map: CorpusMap, built: Built, ids: ReadonlyMap<string, number>) {
  const { spec, valueType, inner } = map;
  const { type, keySize, valueSize, maxEntries, flags } = spec;
  const { typeIds, btf } = built;
  const made =
    valueType === ''
      ? await judge.map(type, keySize, valueSize, maxEntries, flags, ids.get(inner), spec.mapExtra)
      : await judge.typedMap({
          ...{ type, keySize, valueSize, maxEntries, flags, btf },
          keyTypeId: typeIds.get('u32') ?? 0,
          valueTypeId: typeIds.get(valueType) ?? 0,
        });
  if (isRefusal(made)) throw new Error(`the kernel refuses map ${spec.name}: errno ${made.errno}`);
  return made.id;
}

/** Contents and owner of a map. */
async function fill(judge: KernelJudge, id: number, { spec, owner }: CorpusMap): Promise<void> {
  const zero = new Uint8Array(4);
  if (spec.data !== undefined) await judge.update(id, zero, spec.data, 0);
  if (spec.frozen === true) await judge.freeze(id);
  if (owner === '') return;
  const { type } = numbersOf({ type: owner as Case['place']['type'], attachType: '', sleepable: false });
  const program = await judge.load(type, RETURN_0);
  if (isRefusal(program)) throw new Error(`no ${owner} program to own ${spec.name}: errno ${program.errno}`);
  await judge.slot(id, zero, program.id);
}

async function createMaps(judge: KernelJudge, built: Built): Promise<readonly number[]> {
  const ids = new Map<string, number>();
  for (const map of built.maps) {
    const id = await createMap(judge, map, built, ids);
    await fill(judge, id, map);
    ids.set(map.spec.name, id);
  }
  return [...ids.values()];
}

let vmlinux: ReturnType<typeof kernelTypes> | undefined;

function kfuncId(name: string): number {
  vmlinux ??= kernelTypes();
  return typeof vmlinux === 'string' ? 0 : typeId(vmlinux, 'func', name);
}

/** Maps and kernel functions by what the kernel knows them by. */
function forKernel(insn: Insn, maps: readonly number[], kfuncs: readonly string[]): Insn {
  if (insn.kind === 'call' && insn.target === 'kfunc')
    return { ...insn, imm: kfuncId(kfuncs[insn.imm] ?? '') };
  if (insn.kind !== 'lddw' || (insn.pseudo !== 5 && insn.pseudo !== 6)) return insn;
  return { ...insn, pseudo: insn.pseudo === 5 ? 1 : 2, lo: maps[insn.lo] ?? -1 };
}

function codeOf({ raw }: Case, { program }: Built, ids: readonly number[]): Uint8Array {
  if (raw !== '') return program.code;
  const insns = decodeProgram(program.code).insns.filter((insn) => insn !== undefined);
  return encode(insns.map((insn) => forKernel(insn, ids, program.kfuncs ?? [])));
}

const flagsOf = ({ strict, freq, frags, sleepable, ...place }: Case['place']): number =>
  numbersOf({ ...place, sleepable }).flags |
  (strict ? LOAD_FLAGS.strict : 0) |
  (freq ? LOAD_FLAGS.freq : 0) |
  (frags ? LOAD_FLAGS.frags : 0);

/** The log of statistics has the messages alone, the log of level 1 the way to the instruction. */
async function outcomeOf(judge: KernelJudge, candidate: Candidate): Promise<Outcome> {
  const { errno, log } = await judge.verify({ ...candidate, logLevel: STATISTICS });
  if (errno === 0) return { verdict: 'accept', slot: undefined, messages: [] };
  const found = messagesOf(log);
  const messages = found.length > 0 ? found : [`errno ${errno}`];
  const walk = await judge.verify({ ...candidate, logLevel: 1 });
  return { verdict: 'reject', slot: slotOf(walk.log, messages), messages };
}

async function answer(judge: KernelJudge, test: Case, built: Built, states: boolean): Promise<Answer> {
  await judge.reset();
  const ids = await createMaps(judge, built);
  const candidate: Candidate = {
    ...numbersOf(test.place),
    flags: flagsOf(test.place),
    license: test.place.license.replaceAll(' ', '_'),
    code: codeOf(test, built, ids),
    functions: built.functions,
  };
  const outcome = await outcomeOf(judge, candidate);
  if (!states) return { outcome, log: '' };
  const { errno, log } = await judge.verify({ ...candidate, logLevel: 2 });
  if (errno === ENOSPC) throw new Error(`the log of '${test.name}' is too long for states`);
  return { outcome, log };
}

/** `states`: with the log of level 2. */
export async function ask(judges: Judges, test: Case, states: boolean): Promise<Answer> {
  try {
    return await answer(test.place.weak ? judges.weak : judges.strong, test, build(test), states);
  } catch (error) {
    if (!(error instanceof Error) || error instanceof WebpfError) throw error;
    throw new Error(`${test.file}:${test.line} '${test.name}': ${error.message}`);
  }
}
