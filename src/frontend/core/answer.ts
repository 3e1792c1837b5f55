import { resolve, sizeOf, typeById } from '../btf/lookup.ts';
import type { Btf, BtfType, CoreRelocation } from '../btf/types.ts';
import { badRelocation, type Site, unsupported } from '../externs.ts';
import { HOST_STRUCTS, type HostStruct } from './contexts.ts';
import { FIELD_VALUES, hostFacts, localFacts } from './field.ts';
import { type CoreQuestion, coreKind } from './kinds.ts';
import { accessIndexes, localField } from './spec.ts';

/** What the host says to a relocation. */
export type CoreAnswer =
  | {
      readonly kind: 'value';
      readonly value: number;
      /** What the compiler put into the instruction, by the object's own types; undefined when it may be anything. */
      readonly local: number | undefined;
    }
  /** It takes types of a kernel that webpf does not have. */
  | { readonly kind: 'unknown' };

/** Names of the kernel are shorter than this (KSYM_NAME_LEN). */
const LONGEST_NAME = 512;

const UNKNOWN: CoreAnswer = { kind: 'unknown' };

const value = (of: number, local: number | undefined): CoreAnswer => ({ kind: 'value', value: of, local });

/** A relocation with what it is about. */
interface Asked {
  readonly btf: Btf;
  readonly relocation: CoreRelocation;
  readonly root: BtfType;
  /** The host's structure of this name. */
  readonly host: HostStruct | undefined;
  readonly site: Site;
}

const nonsense = ({ relocation, site }: Asked): never => {
  const { access, kind, type } = relocation;
  throw badRelocation(
    `CO-RE relocation of kind ${kind} at insn ${site.insn}: access '${access}' does not fit type ${type}`,
    site,
  );
};

/** A type's name without its flavour: `sk_buff___old` stands for `sk_buff`. */
const essentialName = (name: string): string =>
  name.length > LONGEST_NAME ? name : (/^(.*[^_])___[^_]/.exec(name)?.[1] ?? name);

/** Candidates are of the local type's own kind: a typedef stands for a typedef. */
const hostStruct = ({ kind, name }: BtfType): HostStruct | undefined =>
  kind === 'struct' ? HOST_STRUCTS.get(essentialName(name)) : undefined;

/** Type ids are the object's own numbers, the host has none; of a type that is not there all is 0, as in libbpf. */
const TYPE_ANSWERS: Readonly<Record<CoreQuestion<'type'>, (asked: Asked) => CoreAnswer>> = {
  'local type id': ({ relocation }) => value(relocation.type, undefined),
  'target type id': ({ host }) => (host === undefined ? value(0, undefined) : UNKNOWN),
  'type existence': ({ host }) => value(host === undefined ? 0 : 1, 1),
  'type size': ({ btf, relocation, host }) => value(host?.size ?? 0, sizeOf(btf, relocation.type)),
  'type match': ({ host }) => (host === undefined ? value(0, 1) : UNKNOWN),
};

function typeAnswer(question: CoreQuestion<'type'>, asked: Asked): CoreAnswer {
  if (asked.relocation.access !== '0') nonsense(asked);
  return TYPE_ANSWERS[question](asked);
}

function enumeratorAnswer(question: CoreQuestion<'enumerator'>, asked: Asked): CoreAnswer {
  const { btf, relocation } = asked;
  const type = resolve(btf, relocation.type);
  const [index = 0, ...more] = accessIndexes(relocation.access) ?? nonsense(asked);
  const values = type.kind === 'enum' || type.kind === 'enum64' ? type.values : [];
  if (values[index] === undefined || more.length > 0) nonsense(asked);
  return question === 'enumerator existence' ? value(0, 1) : UNKNOWN;
}

/**
 * libbpf also fits loads to fields that differ in size, and answers for bitfields; neither is of use with the few
 * structures known here, whose fields are what they are in every program.
 */
function fieldAnswer(question: CoreQuestion<'field'>, asked: Asked): CoreAnswer {
  const { btf, relocation, host } = asked;
  const indexes = accessIndexes(relocation.access) ?? nonsense(asked);
  const field = localField(btf, relocation.type, indexes) ?? nonsense(asked);
  const theirs = host === undefined ? undefined : hostFacts(host, field);
  if (theirs === undefined) return question === 'field existence' ? value(0, 1) : UNKNOWN;
  const ours = localFacts(btf, field);
  if (ours === undefined || theirs.kind !== ours.kind || theirs.size !== ours.size) return UNKNOWN;
  return value(FIELD_VALUES[question](theirs), FIELD_VALUES[question](ours));
}

/** libbpf looks for no type that has no name. */
function refuseNameless(name: string, { root, relocation, site }: Asked): void {
  if (root.name !== '' || name === 'local type id') return;
  throw unsupported(
    `CO-RE relocation (${name}) at insn ${site.insn} is about type ${relocation.type}, which has no name`,
    site,
  );
}

/**
 * Answers a CO-RE relocation as libbpf does on a host whose types are those of contexts.ts.
 *
 * @throws WebpfError `bad-relocation` or `bad-btf` when the relocation contradicts the object's own types,
 *   `unsupported` when it is of a kind or about a type that libbpf does not take either
 */
export function coreAnswer(btf: Btf, relocation: CoreRelocation, site: Site): CoreAnswer {
  const root = typeById(btf, relocation.type);
  const kind = coreKind(relocation.kind);
  const asked = { btf, relocation, root, host: hostStruct(root), site };
  if (kind === undefined) {
    throw unsupported(`CO-RE relocation of unknown kind ${relocation.kind} at insn ${site.insn}`, site);
  }
  refuseNameless(kind.name, asked);
  if (kind.subject === 'type') return typeAnswer(kind.name, asked);
  return kind.subject === 'enumerator' ? enumeratorAnswer(kind.name, asked) : fieldAnswer(kind.name, asked);
}
