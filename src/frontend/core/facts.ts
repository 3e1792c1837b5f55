/** What a relocation asks of a field, by one set of types (bpf_core_calc_field_relo of libbpf). */
import { resolve, resolveId, sizeOf, typeById } from '../btf/lookup.ts';
import type { Btf, BtfMember, BtfType } from '../btf/types.ts';
import type { CoreQuestion } from './kinds.ts';
import type { FieldSpec } from './spec.ts';

/** What a load or store of the field moves. */
export interface Access {
  /** Bytes: of an element, where the field is an array. */
  readonly size: number;
  readonly kind: BtfType['kind'];
  readonly signed: boolean;
}

export interface FieldValue {
  readonly value: number;
  /** False where the compiler may have chosen another way to load a bitfield. */
  readonly certain: boolean;
  readonly access?: Access | undefined;
}

/** `array`: not of an element of an array; `bitfield`: no load of 8 bytes takes it in. */
export type Unanswerable = 'array' | 'bitfield';

type Question = Exclude<CoreQuestion<'field'>, 'field existence'>;

/** Where a load of the field is, and which bits of it the field has. */
interface Place {
  /** Bytes from the start of the root. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** From the start of the root. */
  readonly bitOffset: number;
  readonly bits: number;
}

function elementId(btf: Btf, id: number): number {
  const at = resolveId(btf, id);
  const type = typeById(btf, at);
  return type.kind === 'array' ? elementId(btf, type.type) : at;
}

function accessOf(btf: Btf, id: number): Access {
  const { kind, ...type } = resolve(btf, id);
  const signed = kind === 'int' && 'encoding' in type && type.encoding === 'signed';
  return { size: sizeOf(btf, elementId(btf, id)), kind, signed };
}

/** The smallest aligned load that takes in all of a bitfield; undefined when there is none. */
function bitfieldPlace(bitOffset: number, bits: number, declared: number): Place | undefined {
  for (let size = declared; size <= 8; size *= 2) {
    const offset = Math.floor(bitOffset / 8 / size) * size;
    if (bitOffset + bits - offset * 8 <= size * 8) return { offset, size, bitOffset, bits };
  }
  return undefined;
}

function placeOf({ btf, bitOffset }: FieldSpec, { type, bitSize }: BtfMember): Place | undefined {
  const size = sizeOf(btf, type);
  if (bitSize > 0) return size === 0 ? undefined : bitfieldPlace(bitOffset, bitSize, size);
  return { offset: Math.floor(bitOffset / 8), size, bitOffset, bits: size * 8 };
}

const REGISTER_BITS = 64;

function isSigned(btf: Btf, id: number): boolean {
  const type = resolve(btf, id);
  if (type.kind === 'int') return type.encoding === 'signed';
  return 'values' in type && type.signed;
}

const VALUES: Readonly<Record<Question, (place: Place, signed: boolean) => number>> = {
  'field byte offset': ({ offset }) => offset,
  'field byte size': ({ size }) => size,
  'field signedness': (_, signed) => Number(signed),
  'field left shift': ({ bitOffset, bits, offset }) => REGISTER_BITS - (bitOffset + bits - offset * 8),
  'field right shift': ({ bits }) => REGISTER_BITS - bits,
};

function memberValue(spec: FieldSpec, member: BtfMember, question: Question): FieldValue | Unanswerable {
  const place = placeOf(spec, member);
  if (place === undefined) return 'bitfield';
  const whole = member.bitSize === 0;
  return {
    value: VALUES[question](place, isSigned(spec.btf, member.type)),
    certain: whole || question === 'field signedness' || question === 'field right shift',
    access: whole && question === 'field byte offset' ? accessOf(spec.btf, member.type) : undefined,
  };
}

function elementValue({ btf, bitOffset }: FieldSpec, type: number, question: Question) {
  if (question === 'field byte size') return { value: sizeOf(btf, type), certain: true };
  if (question !== 'field byte offset') return 'array';
  return { value: Math.floor(bitOffset / 8), certain: true, access: accessOf(btf, type) };
}

export function fieldValue(spec: FieldSpec, question: Question): FieldValue | Unanswerable {
  const last = spec.steps.at(-1);
  if (last === undefined) return 'array';
  if (last.name === undefined) return elementValue(spec, last.type, question);
  const composite = typeById(spec.btf, last.type);
  const member = 'members' in composite ? composite.members[last.index] : undefined;
  return member === undefined ? 'array' : memberValue(spec, member, question);
}

/**
 * Whether a load or store of the object's field may change its size to that of the target's: pointers, which are of 8
 * bytes in eBPF whatever they are on the host, and unsigned integers.
 */
export function mayResize(ours: Access, theirs: Access): boolean {
  if (ours.kind === 'ptr' && theirs.kind === 'ptr') return true;
  return ours.kind === 'int' && theirs.kind === 'int' && !ours.signed && !theirs.signed;
}
