import { resolveId, sizeOf, typeById } from '../btf/lookup.ts';
import type { Btf, BtfArray, BtfType } from '../btf/types.ts';

/** The kernel's limit on steps (BPF_CORE_SPEC_MAX_LEN). */
export const MAX_STEPS = 64;
/** Characters of that many numbers and the colons between them. */
const MAX_ACCESS = MAX_STEPS * 10;

/** A step on the way to a field: a named member, or an element of an array. */
export interface Step {
  /** The structure that has the member; or the element's type. */
  readonly type: number;
  /** Of the member, or of the element. */
  readonly index: number;
  /** undefined for elements of arrays. */
  readonly name: string | undefined;
}

/** The way to a field in one set of types (struct bpf_core_spec of libbpf). */
export interface FieldSpec {
  readonly btf: Btf;
  /** The first is an index into the root, taken as an array; members without a name are left out. */
  readonly steps: readonly Step[];
  /** From the start of the root. */
  readonly bitOffset: number;
}

/** An enumerator in one set of types. */
export interface EnumeratorSpec {
  readonly btf: Btf;
  /** Of the enumeration itself. */
  readonly type: number;
  readonly index: number;
}

/** The numbers of an access string, such as `0:1:2`; undefined when it is none. */
export function accessIndexes(access: string): number[] | undefined {
  if (access.length > MAX_ACCESS || !/^\d{1,9}(:\d{1,9})*$/.test(access)) return undefined;
  const indexes = access.split(':', MAX_STEPS + 1).map(Number);
  return indexes.length > MAX_STEPS ? undefined : indexes;
}

/** Whether there may be an element of this number: arrays without a length, last in their structure, have no end. */
export function hasElement(btf: Btf, array: BtfArray, index: number, before: Step | undefined): boolean {
  if (index < array.length) return true;
  if (array.length > 0 || before?.name === undefined) return false;
  const within = typeById(btf, before.type);
  return 'members' in within && before.index === within.members.length - 1;
}

/** Bits from the start of an array to the element. */
export const elementOffset = (btf: Btf, type: number, index: number): number =>
  index === 0 ? 0 : index * sizeOf(btf, type) * 8;

/** Follows an access string through the object's types, step by step (bpf_core_parse_spec of libbpf). */
class Walk {
  private readonly btf: Btf;
  private readonly steps: Step[];
  private type: number;
  private bitOffset: number;

  constructor(btf: Btf, root: number, first: number) {
    this.btf = btf;
    this.type = resolveId(btf, root);
    this.steps = [{ type: this.type, index: first, name: undefined }];
    this.bitOffset = elementOffset(btf, this.type, first);
  }

  get spec(): FieldSpec {
    const { btf, steps, bitOffset } = this;
    return { btf, steps, bitOffset };
  }

  /** False when there is no such step. */
  step(index: number): boolean {
    const id = resolveId(this.btf, this.type);
    const type = typeById(this.btf, id);
    return type.kind === 'array' ? this.select(type, index) : this.enter(type, id, index);
  }

  private enter(composite: BtfType, type: number, index: number): boolean {
    const member = 'members' in composite ? composite.members[index] : undefined;
    if (member === undefined) return false;
    if (member.name !== '') this.steps.push({ type, index, name: member.name });
    this.bitOffset += member.bitOffset;
    this.type = member.type;
    return true;
  }

  private select(array: BtfArray, index: number): boolean {
    if (!hasElement(this.btf, array, index, this.steps.at(-1))) return false;
    this.type = resolveId(this.btf, array.type);
    this.steps.push({ type: this.type, index, name: undefined });
    this.bitOffset += elementOffset(this.btf, this.type, index);
    return true;
  }
}

/** The field that the indexes lead to; undefined when they lead nowhere. */
export function localField(btf: Btf, root: number, indexes: readonly number[]): FieldSpec | undefined {
  const [first = 0, ...rest] = indexes;
  const walk = new Walk(btf, root, first);
  return rest.every((index) => walk.step(index)) ? walk.spec : undefined;
}

/** The enumerator that the indexes name; undefined when there is none. */
export function localEnumerator(
  btf: Btf,
  root: number,
  indexes: readonly number[],
): EnumeratorSpec | undefined {
  const type = resolveId(btf, root);
  const [index = 0, ...more] = indexes;
  const enumeration = typeById(btf, type);
  const exists = 'values' in enumeration && enumeration.values[index] !== undefined;
  return exists && more.length === 0 ? { btf, type, index } : undefined;
}
