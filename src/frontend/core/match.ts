/** Finding in the target what a relocation means by the object's own types (bpf_core_spec_match of libbpf). */
import { resolve, resolveId, typeById } from '../btf/lookup.ts';
import type { Btf, BtfComposite, BtfMember, BtfType } from '../btf/types.ts';
import type { Budget } from './budget.ts';
import {
  type EnumeratorSpec,
  elementOffset,
  type FieldSpec,
  hasElement,
  MAX_STEPS,
  type Step,
} from './spec.ts';
import { type Candidate, essentialName, kindOf } from './target.ts';

const isComposite = (type: BtfType): type is BtfComposite => type.kind === 'struct' || type.kind === 'union';

const sameName = (a: string, b: string): boolean =>
  a === '' || b === '' || essentialName(a) === essentialName(b);

/** Whether a load of the one reads what the other is (bpf_core_fields_are_compat). */
function fieldsFit(local: Btf, localId: number, target: Btf, targetId: number, budget: Budget): boolean {
  budget.spend();
  const ours = resolve(local, localId);
  const theirs = resolve(target, targetId);
  if (isComposite(ours) && isComposite(theirs)) return true;
  if (kindOf(ours) !== kindOf(theirs)) return false;
  switch (ours.kind) {
    case 'ptr':
    case 'float':
      return true;
    case 'fwd':
    case 'enum':
    case 'enum64':
      return sameName(ours.name, theirs.name);
    case 'int':
      return ours.bitOffset === 0 && 'bitOffset' in theirs && theirs.bitOffset === 0;
    case 'array':
      return theirs.kind === 'array' && fieldsFit(local, ours.type, target, theirs.type, budget);
    default:
      return false;
  }
}

/** A member of that name, in the structure or in those without a name in it. */
interface Found {
  readonly step: Step;
  readonly member: BtfMember;
  /** From the start of the structure. */
  readonly bitOffset: number;
}

function findMember(btf: Btf, id: number, name: string, depth: number, budget: Budget): Found | undefined {
  const type = resolveId(btf, id);
  const composite = typeById(btf, type);
  if (!isComposite(composite) || depth > MAX_STEPS) return undefined;
  budget.spend(composite.members.length);
  for (const [index, member] of composite.members.entries()) {
    if (member.name === name) return { step: { type, index, name }, member, bitOffset: member.bitOffset };
    if (member.name !== '') continue;
    const inner = findMember(btf, member.type, name, depth + 1, budget);
    if (inner !== undefined) return { ...inner, bitOffset: inner.bitOffset + member.bitOffset };
  }
  return undefined;
}

/** Follows the steps of the object's field through the target's types. */
class TargetWalk {
  readonly steps: Step[] = [];
  bitOffset = 0;
  private readonly btf: Btf;
  private readonly budget: Budget;
  private type: number;

  constructor({ btf, id }: Candidate, budget: Budget) {
    this.btf = btf;
    this.type = id;
    this.budget = budget;
  }

  /** False when the target has no such step. */
  follow(local: Btf, step: Step): boolean {
    return step.name === undefined ? this.select(step.index) : this.enter(local, step, step.name);
  }

  private enter(local: Btf, { type, index }: Step, name: string): boolean {
    const found = findMember(this.btf, this.type, name, 0, this.budget);
    const ours = typeById(local, type);
    const member = 'members' in ours ? ours.members[index] : undefined;
    if (found === undefined || member === undefined) return false;
    if (!fieldsFit(local, member.type, this.btf, found.member.type, this.budget)) return false;
    this.steps.push(found.step);
    this.bitOffset += found.bitOffset;
    this.type = found.member.type;
    return true;
  }

  /** The first index is into the root itself, taken as an array. */
  private select(index: number): boolean {
    const before = this.steps.at(-1);
    const array = typeById(this.btf, resolveId(this.btf, this.type));
    if (before === undefined) this.type = resolveId(this.btf, this.type);
    else if (array.kind !== 'array' || !hasElement(this.btf, array, index, before)) return false;
    else this.type = resolveId(this.btf, array.type);
    this.steps.push({ type: this.type, index, name: undefined });
    this.bitOffset += elementOffset(this.btf, this.type, index);
    return true;
  }
}

/** The field in this candidate that the object's field stands for; undefined when it has none that fits. */
export function matchField(field: FieldSpec, candidate: Candidate, budget: Budget): FieldSpec | undefined {
  const walk = new TargetWalk(candidate, budget);
  if (!field.steps.every((step) => walk.follow(field.btf, step))) return undefined;
  return { btf: candidate.btf, steps: walk.steps, bitOffset: walk.bitOffset };
}

/** The enumerator of the candidate that has this one's name but for its flavour. */
export function matchEnumerator(
  { btf, type, index }: EnumeratorSpec,
  candidate: Candidate,
  budget: Budget,
): EnumeratorSpec | undefined {
  const ours = typeById(btf, type);
  const id = resolveId(candidate.btf, candidate.id);
  const theirs = typeById(candidate.btf, id);
  if (!('values' in ours && 'values' in theirs)) return undefined;
  budget.spend(theirs.values.length);
  const wanted = essentialName(ours.values[index]?.name ?? '');
  const found = theirs.values.findIndex(({ name }) => essentialName(name) === wanted);
  return found < 0 ? undefined : { btf: candidate.btf, type: id, index: found };
}
