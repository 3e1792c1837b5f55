import { resolve, sizeOf } from '../btf/lookup.ts';
import type { Btf } from '../btf/types.ts';
import type { HostField, HostFieldKind, HostStruct } from './contexts.ts';
import type { CoreQuestion } from './kinds.ts';
import type { LocalField } from './spec.ts';

/** What a relocation asks of a field; the same of the object's own and of the host's. */
export interface FieldFacts {
  /** Bytes from the start of the root. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  readonly signed: boolean;
  /** What a load of it takes: undefined for arrays as a whole. */
  readonly kind: HostFieldKind | undefined;
}

const KINDS: ReadonlyMap<string, HostFieldKind> = new Map([
  ['int', 'int'],
  ['ptr', 'ptr'],
  ['struct', 'composite'],
  ['union', 'composite'],
]);

/** undefined for bitfields: what is asked of them depends on how they are loaded. */
export function localFacts(btf: Btf, field: LocalField): FieldFacts | undefined {
  if (field.bitSize !== 0) return undefined;
  const type = resolve(btf, field.type);
  const signed = type.kind === 'int' && type.encoding === 'signed';
  const offset = field.bitOffset / 8;
  return { offset, size: sizeOf(btf, field.type), signed, kind: KINDS.get(type.kind) };
}

/** The host's field of this path: of the structure itself, or an element of an array in it. */
export function hostFacts(struct: HostStruct, { path }: LocalField): FieldFacts | undefined {
  const [root, name = '', index, more] = path;
  const field = struct.fields.get(String(name));
  if (root !== 0 || field === undefined || more !== undefined) return undefined;
  return index === undefined ? whole(field) : element(field, index);
}

function whole({ kind, signed, offset, size, length }: HostField): FieldFacts {
  if (length === undefined) return { offset, size, signed, kind };
  return { offset, size: size * length, signed: false, kind: undefined };
}

function element({ kind, signed, offset, size, length }: HostField, index: string | number) {
  if (typeof index !== 'number' || length === undefined || index >= length) return undefined;
  return { offset: offset + index * size, size, signed, kind };
}

const BITS = 64;

/** The value of a field relocation, where there is the field (bpf_core_calc_field_relo of libbpf). */
export const FIELD_VALUES: Readonly<Record<CoreQuestion<'field'>, (facts: FieldFacts) => number>> = {
  'field byte offset': ({ offset }) => offset,
  'field byte size': ({ size }) => size,
  'field existence': () => 1,
  'field signedness': ({ signed }) => Number(signed),
  'field left shift': ({ size }) => BITS - size * 8,
  'field right shift': ({ size }) => BITS - size * 8,
};
