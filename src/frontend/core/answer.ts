import { WebpfError } from '../../errors.ts';
import { sizeOf, typeById } from '../btf/lookup.ts';
import type { Btf, BtfType, CoreRelocation } from '../btf/types.ts';
import { badRelocation, type Site, unsupported } from '../externs.ts';
import type { Budget } from './budget.ts';
import { areCompatible, doMatch, TooDeep } from './compatible.ts';
import { type Access, type FieldValue, fieldValue, mayResize, type Unanswerable } from './facts.ts';
import { type CoreQuestion, coreKind } from './kinds.ts';
import { matchEnumerator, matchField } from './match.ts';
import { accessIndexes, type EnumeratorSpec, type FieldSpec, localEnumerator, localField } from './spec.ts';
import { type Candidate, contextTarget, type TargetTypes } from './target.ts';

/** What the target says to a relocation. */
export type CoreAnswer =
  | {
      readonly kind: 'value';
      /** As unsigned 64 bits. */
      readonly value: bigint;
      /** What the compiler put into the instruction, by the object's own types; undefined when it may be anything. */
      readonly local: bigint | undefined;
      /** A load or store of it changes from `from` to `to` bytes; `fits` says whether it may. */
      readonly resize?: { readonly from: number; readonly to: number; readonly fits: boolean } | undefined;
    }
  /** The target has no such field or enumerator. */
  | { readonly kind: 'missing' };

type Value = Extract<CoreAnswer, { kind: 'value' }>;

const MISSING: CoreAnswer = { kind: 'missing' };

const valued = (value: number | bigint, local: number | bigint | undefined): Value => ({
  kind: 'value',
  value: BigInt.asUintN(64, BigInt(value)),
  local: local === undefined ? undefined : BigInt.asUintN(64, BigInt(local)),
});

/** A relocation with what it is about. */
interface Asked {
  readonly btf: Btf;
  readonly relocation: CoreRelocation;
  readonly root: BtfType;
  readonly candidates: readonly Candidate[];
  readonly target: TargetTypes;
  readonly budget: Budget;
  readonly site: Site;
}

const nonsense = ({ relocation, site }: Asked): never => {
  const { access, kind, type } = relocation;
  throw badRelocation(
    `CO-RE relocation of kind ${kind} at insn ${site.insn}: access '${access}' does not fit type ${type}`,
    site,
  );
};

/** What each candidate says; undefined from those that do not fit. */
interface Said {
  readonly candidate: Candidate;
  readonly answer: CoreAnswer;
  /** Fields in different places are told apart even where the answer is the same. */
  readonly bitOffset: number;
}

type Ask = (candidate: Candidate) => Omit<Said, 'candidate'> | undefined;

/** The candidates' common answer, and which of them fit. */
interface Outcome {
  readonly answer: CoreAnswer;
  /** Those that fit; all when none does (libbpf keeps them for the next relocation of the same type). */
  readonly candidates: readonly Candidate[];
}

function sameAnswer(a: CoreAnswer, b: CoreAnswer): boolean {
  if (a.kind === 'missing' || b.kind === 'missing') return a.kind === b.kind;
  return a.value === b.value;
}

function agreed(asked: Asked, said: readonly Said[], absent: CoreAnswer): Outcome {
  const [first, ...others] = said;
  if (first === undefined) return { answer: absent, candidates: asked.candidates };
  const other = others.find(
    ({ answer, bitOffset }) => bitOffset !== first.bitOffset || !sameAnswer(answer, first.answer),
  );
  if (other !== undefined) {
    const { relocation, target, root, site } = asked;
    throw badRelocation(
      `CO-RE relocation (${coreKind(relocation.kind)?.name}) at insn ${site.insn} is ambiguous: types ` +
        `${first.candidate.id} and ${other.candidate.id} of ${target.name} both stand for '${root.name}' and differ`,
      site,
    );
  }
  return { answer: first.answer, candidates: said.map(({ candidate }) => candidate) };
}

function outcome(asked: Asked, ask: Ask, absent: CoreAnswer): Outcome {
  const said = asked.candidates.flatMap((candidate) => {
    const found = ask(candidate);
    return found === undefined ? [] : [{ ...found, candidate }];
  });
  return agreed(asked, said, absent);
}

const UNKNOWN: ReturnType<Ask> = { answer: MISSING, bitOffset: 0 };

/** webpf's own types have no numbers that mean anything to a program, and no more than what programs load. */
const UNKNOWN_HERE: ReadonlySet<CoreQuestion<'type'>> = new Set(['target type id', 'type match']);

function typeOutcome(question: CoreQuestion<'type'>, asked: Asked): Outcome {
  const { btf, relocation, candidates, budget } = asked;
  const id = relocation.type;
  if (relocation.access !== '0') nonsense(asked);
  // Linking renumbers types, so that what is in the instruction says nothing.
  if (question === 'local type id') return { answer: valued(id, undefined), candidates };
  const ours = question === 'target type id' ? undefined : typeValue(question, { btf, id });
  const fits = question === 'type match' ? doMatch : areCompatible;
  const ask: Ask = (candidate) => {
    if (UNKNOWN_HERE.has(question) && asked.target === contextTarget()) return UNKNOWN;
    if (!fits({ local: btf, target: candidate.btf, budget }, id, candidate.id)) return undefined;
    return { answer: valued(typeValue(question, candidate), ours), bitOffset: 0 };
  };
  return outcome(asked, ask, valued(0, ours));
}

function typeValue(question: CoreQuestion<'type'>, { btf, id }: Candidate): number {
  if (question === 'target type id') return id;
  return question === 'type size' ? sizeOf(btf, id) : 1;
}

function enumeratorValue({ btf, type, index }: EnumeratorSpec): bigint {
  const enumeration = typeById(btf, type);
  return 'values' in enumeration ? (enumeration.values[index]?.value ?? 0n) : 0n;
}

function enumeratorOutcome(question: CoreQuestion<'enumerator'>, asked: Asked): Outcome {
  const { btf, relocation, budget } = asked;
  const indexes = accessIndexes(relocation.access) ?? nonsense(asked);
  const ours = localEnumerator(btf, relocation.type, indexes) ?? nonsense(asked);
  const exists = question === 'enumerator existence';
  const ask: Ask = (candidate) => {
    const theirs = matchEnumerator(ours, candidate, budget);
    if (theirs === undefined) return undefined;
    const answer = exists ? valued(1, 1) : valued(enumeratorValue(theirs), enumeratorValue(ours));
    return { answer, bitOffset: 0 };
  };
  return outcome(asked, ask, exists ? valued(0, 1) : MISSING);
}

function answered(asked: Asked, found: FieldValue | Unanswerable): FieldValue {
  if (typeof found !== 'string') return found;
  const { relocation, site } = asked;
  const why =
    found === 'array'
      ? 'cannot be asked of an element of an array'
      : 'is about a bitfield that no load takes in';
  throw badRelocation(`CO-RE relocation of kind ${relocation.kind} at insn ${site.insn} ${why}`, site);
}

function resizeOf(ours: Access | undefined, theirs: Access | undefined) {
  const from = ours?.size ?? 0;
  const to = theirs?.size ?? 0;
  if (from === to) return undefined;
  return { from, to, fits: ours !== undefined && theirs !== undefined && mayResize(ours, theirs) };
}

function fieldOutcome(question: CoreQuestion<'field'>, asked: Asked): Outcome {
  const { btf, relocation, budget } = asked;
  const indexes = accessIndexes(relocation.access) ?? nonsense(asked);
  const field = localField(btf, relocation.type, indexes) ?? nonsense(asked);
  const find = (candidate: Candidate): FieldSpec | undefined => matchField(field, candidate, budget);
  if (question === 'field existence') {
    const ask: Ask = (candidate) => {
      const theirs = find(candidate);
      return theirs && { answer: valued(1, 1), bitOffset: theirs.bitOffset };
    };
    return outcome(asked, ask, valued(0, 1));
  }
  const ours = answered(asked, fieldValue(field, question));
  const ask: Ask = (candidate) => {
    const spec = find(candidate);
    if (spec === undefined) return undefined;
    const theirs = answered(asked, fieldValue(spec, question));
    const plain = valued(theirs.value, ours.certain ? ours.value : undefined);
    const resize = resizeOf(ours.access, theirs.access);
    return { answer: { ...plain, resize }, bitOffset: spec.bitOffset };
  };
  return outcome(asked, ask, MISSING);
}

/** libbpf looks for no type that has no name. */
function refuseNameless(name: string, { root, relocation, site }: Asked): void {
  if (root.name !== '' || name === 'local type id') return;
  throw unsupported(
    `CO-RE relocation (${name}) at insn ${site.insn} is about type ${relocation.type}, which has no name`,
    site,
  );
}

function outcomeOf(asked: Asked): Outcome {
  const { relocation, site } = asked;
  const kind = coreKind(relocation.kind);
  if (kind === undefined) {
    throw unsupported(`CO-RE relocation of unknown kind ${relocation.kind} at insn ${site.insn}`, site);
  }
  refuseNameless(kind.name, asked);
  if (kind.subject === 'type') return typeOutcome(kind.name, asked);
  return kind.subject === 'enumerator' ? enumeratorOutcome(kind.name, asked) : fieldOutcome(kind.name, asked);
}

function explained(error: unknown, { relocation, site }: Asked): unknown {
  const about = `CO-RE relocation of kind ${relocation.kind} at insn ${site.insn}`;
  if (error instanceof TooDeep) return badRelocation(`${about}: its types are nested too deep`, site);
  if (!(error instanceof WebpfError) || error.subject === site.program) return error;
  return new WebpfError(error.code, `program '${site.program}': ${about}: ${error.message}`, {
    stage: 'frontend',
    subject: site.program,
    insn: site.insn,
    cause: error,
  });
}

/** What is known of an object's relocations: the types that still come into question for each of its own. */
export interface CoreSubject {
  readonly btf: Btf;
  readonly target: TargetTypes;
  readonly budget: Budget;
  readonly candidates: Map<number, readonly Candidate[]>;
}

/**
 * Answers a CO-RE relocation by the types of the target, as libbpf does.
 *
 * @throws WebpfError `bad-relocation` or `bad-btf` when the relocation contradicts the object's own types or the
 *   target's types contradict each other, `unsupported` when it is of a kind or about a type that libbpf does not
 *   take either
 */
export function coreAnswer(subject: CoreSubject, relocation: CoreRelocation, site: Site): CoreAnswer {
  const { btf, target, budget } = subject;
  const root = typeById(btf, relocation.type);
  const candidates = subject.candidates.get(relocation.type) ?? target.candidates(root);
  const asked = { btf, relocation, root, candidates, target, budget, site };
  try {
    const found = outcomeOf(asked);
    subject.candidates.set(relocation.type, found.candidates);
    return found.answer;
  } catch (error) {
    throw explained(error, asked);
  }
}
