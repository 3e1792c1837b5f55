import { resolveId, sizeOf, typeById } from '../btf/lookup.ts';
import type { Btf, BtfArray, BtfComposite } from '../btf/types.ts';

/** The kernel's limit on steps (BPF_CORE_SPEC_MAX_LEN). */
const MAX_STEPS = 64;
/** Characters of that many numbers and the colons between them. */
const MAX_ACCESS = MAX_STEPS * 10;

/** Where a relocation about a field leads in the object's own types. */
export interface LocalField {
  /** Names and array indexes from the root on, which is an index itself; anonymous members are left out. */
  readonly path: readonly (string | number)[];
  /** BTF id of the field's type. */
  readonly type: number;
  /** From the start of the root. */
  readonly bitOffset: number;
  /** Width of a bitfield; 0 for an ordinary field. */
  readonly bitSize: number;
}

/** The numbers of an access string, such as `0:1:2`; undefined when it is none. */
export function accessIndexes(access: string): number[] | undefined {
  if (access.length > MAX_ACCESS || !/^\d{1,9}(:\d{1,9})*$/.test(access)) return undefined;
  const indexes = access.split(':', MAX_STEPS + 1).map(Number);
  return indexes.length > MAX_STEPS ? undefined : indexes;
}

/** An array without a length, last in its structure: it goes on for as long as the memory does. */
function isFlexible({ length }: BtfArray, within: BtfComposite | undefined, member: number): boolean {
  return length === 0 && within !== undefined && member === within.members.length - 1;
}

/** Follows an access string through the object's types, step by step (bpf_core_parse_spec of libbpf). */
class Walk {
  private readonly btf: Btf;
  private readonly path: (string | number)[];
  private type: number;
  private bitOffset: number;
  private bitSize = 0;
  /** The named member that the walk stands at. */
  private within: BtfComposite | undefined;
  private member = 0;

  constructor(btf: Btf, root: number, first: number) {
    this.btf = btf;
    this.type = root;
    this.path = [first];
    this.bitOffset = first * sizeOf(btf, root) * 8;
  }

  get field(): LocalField {
    const { path, type, bitOffset, bitSize } = this;
    return { path, type, bitOffset, bitSize };
  }

  /** False when there is no such step. */
  step(index: number): boolean {
    const type = typeById(this.btf, resolveId(this.btf, this.type));
    if (type.kind === 'struct' || type.kind === 'union') return this.enter(type, index);
    return type.kind === 'array' && this.select(type, index);
  }

  private enter(composite: BtfComposite, index: number): boolean {
    const member = composite.members[index];
    if (member === undefined) return false;
    const named = member.name !== '';
    if (named) this.path.push(member.name);
    this.within = named ? composite : undefined;
    this.member = index;
    this.bitOffset += member.bitOffset;
    this.bitSize = member.bitSize;
    this.type = member.type;
    return true;
  }

  private select(array: BtfArray, index: number): boolean {
    if (index >= array.length && !isFlexible(array, this.within, this.member)) return false;
    this.path.push(index);
    this.within = undefined;
    this.bitOffset += index * sizeOf(this.btf, array.type) * 8;
    this.bitSize = 0;
    this.type = array.type;
    return true;
  }
}

/** The field that the indexes lead to; undefined when they lead nowhere. */
export function localField(btf: Btf, root: number, indexes: readonly number[]): LocalField | undefined {
  const [first = 0, ...rest] = indexes;
  const walk = new Walk(btf, root, first);
  return rest.every((index) => walk.step(index)) ? walk.field : undefined;
}
