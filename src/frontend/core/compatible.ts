/** Whether whole types stand for each other: what relocations about types ask. */
import { resolve, typeById } from '../btf/lookup.ts';
import type { Btf, BtfComposite, BtfEnum, BtfForward, BtfFunctionProto, BtfType } from '../btf/types.ts';
import type { Budget } from './budget.ts';
import { essentialName, kindOf } from './target.ts';

/** Of pointers to pointers, and of functions in functions (libbpf's limits): 32 types in a row. */
const MAX_DEPTH = 31;

/** The object's type beside the target's. */
interface Pair {
  readonly local: Btf;
  readonly target: Btf;
  readonly budget: Budget;
}

/** libbpf gives up on types nested so deep; to it, that is an error of the object. */
export class TooDeep extends Error {}

function deeper(depth: number): number {
  if (depth >= MAX_DEPTH) throw new TooDeep();
  return depth + 1;
}

const OPAQUE: ReadonlySet<string> = new Set(['void', 'struct', 'union', 'enum', 'enum64', 'fwd']);

/**
 * Whether types are of one kind, down to what they point to and are made of; names and sizes do not count
 * (bpf_core_types_are_compat of libbpf). That the names of the two agree is the caller's to know.
 *
 * @throws TooDeep
 */
export function areCompatible(pair: Pair, localId: number, targetId: number): boolean {
  const same = kindOf(typeById(pair.local, localId)) === kindOf(typeById(pair.target, targetId));
  return same && compatible(pair, localId, targetId, 0, 0);
}

function compatible(pair: Pair, localId: number, targetId: number, chain: number, nesting: number): boolean {
  pair.budget.spend();
  const ours = resolve(pair.local, localId);
  const theirs = resolve(pair.target, targetId);
  if (kindOf(ours) !== kindOf(theirs)) return false;
  if (OPAQUE.has(ours.kind)) return true;
  if (ours.kind === 'int') return ours.bitOffset === 0 && 'bitOffset' in theirs && theirs.bitOffset === 0;
  if (ours.kind === 'funcProto' && theirs.kind === 'funcProto') {
    return compatibleFunctions(pair, ours, theirs, chain, nesting);
  }
  const follows = (ours.kind === 'ptr' || ours.kind === 'array') && 'type' in theirs;
  return follows && compatible(pair, ours.type, theirs.type, deeper(chain), nesting);
}

function compatibleFunctions(
  pair: Pair,
  ours: BtfFunctionProto,
  theirs: BtfFunctionProto,
  chain: number,
  nesting: number,
): boolean {
  if (ours.parameters.length !== theirs.parameters.length) return false;
  const parameters = ours.parameters.every(({ type }, index) =>
    compatible(pair, type, theirs.parameters[index]?.type ?? 0, 0, deeper(nesting)),
  );
  return parameters && compatible(pair, ours.type, theirs.type, deeper(chain), nesting);
}

const sameName = (a: string, b: string): boolean =>
  b === '' ? a === '' : essentialName(a) === essentialName(b);

/** A place in the comparison: behind a pointer structures need no more than their names. */
interface Place {
  readonly behindPointer: boolean;
  readonly chain: number;
  readonly nesting: number;
}

/**
 * Whether the target's type has all that the object's has: members, enumerators, parameters of the same names and of
 * types that match (bpf_core_types_match of libbpf).
 *
 * @throws TooDeep
 */
export const doMatch = (pair: Pair, localId: number, targetId: number): boolean =>
  matches(pair, localId, targetId, { behindPointer: false, chain: 0, nesting: 0 });

function matches(pair: Pair, localId: number, targetId: number, place: Place): boolean {
  pair.budget.spend();
  const ours = resolve(pair.local, localId);
  const theirs = resolve(pair.target, targetId);
  return sameName(ours.name, theirs.name) && MATCHERS[ours.kind]?.(pair, ours, theirs, place) === true;
}

type Matcher = (pair: Pair, ours: BtfType, theirs: BtfType, place: Place) => boolean;

function composites(pair: Pair, ours: BtfType, theirs: BtfType, place: Place): boolean {
  if (place.behindPointer && theirs.kind === 'fwd') return theirs.of === ours.kind;
  if (ours.kind !== theirs.kind) return false;
  return place.behindPointer || members(pair, ours as BtfComposite, theirs as BtfComposite, place);
}

function members(pair: Pair, ours: BtfComposite, theirs: BtfComposite, place: Place): boolean {
  if (ours.members.length > theirs.members.length) return false;
  const inside = { ...place, chain: 0, nesting: deeper(place.nesting) };
  return ours.members.every((member) => {
    pair.budget.spend(theirs.members.length);
    return theirs.members.some(
      ({ name, type }) => sameName(member.name, name) && matches(pair, member.type, type, inside),
    );
  });
}

function enumerations(pair: Pair, ours: BtfType, theirs: BtfType): boolean {
  if (!('values' in theirs)) return false;
  const { size, values } = ours as BtfEnum;
  if (size !== theirs.size || values.length > theirs.values.length) return false;
  pair.budget.spend(values.length + theirs.values.length);
  const names = new Set(theirs.values.map(({ name }) => essentialName(name)));
  return values.every(({ name }) => names.has(essentialName(name)));
}

function forwards(_: Pair, ours: BtfType, theirs: BtfType, { behindPointer }: Place): boolean {
  const { of } = ours as BtfForward;
  return theirs.kind === 'fwd' ? of === theirs.of : behindPointer && theirs.kind === of;
}

function functions(pair: Pair, ours: BtfType, theirs: BtfType, place: Place): boolean {
  if (ours.kind !== 'funcProto' || theirs.kind !== 'funcProto') return false;
  if (ours.parameters.length !== theirs.parameters.length) return false;
  const inside = { ...place, chain: 0, nesting: deeper(place.nesting) };
  const parameters = ours.parameters.every(({ type }, index) =>
    matches(pair, type, theirs.parameters[index]?.type ?? 0, inside),
  );
  return parameters && matches(pair, ours.type, theirs.type, { ...place, chain: deeper(place.chain) });
}

const MATCHERS: Readonly<Partial<Record<BtfType['kind'], Matcher>>> = {
  void: (_, ours, theirs) => ours.kind === theirs.kind,
  fwd: forwards,
  enum: enumerations,
  enum64: enumerations,
  struct: composites,
  union: composites,
  int: (_, ours, theirs) =>
    ours.kind === 'int' &&
    theirs.kind === 'int' &&
    ours.size === theirs.size &&
    (ours.encoding === 'signed') === (theirs.encoding === 'signed'),
  ptr: (pair, ours, theirs, place) =>
    ours.kind === 'ptr' &&
    theirs.kind === 'ptr' &&
    matches(pair, ours.type, theirs.type, { ...place, behindPointer: true, chain: deeper(place.chain) }),
  array: (pair, ours, theirs, place) =>
    ours.kind === 'array' &&
    theirs.kind === 'array' &&
    ours.length === theirs.length &&
    matches(pair, ours.type, theirs.type, { ...place, chain: deeper(place.chain) }),
  funcProto: functions,
};
