import type { Access, Context, Field, Structure, Widths } from './types.ts';

const WIDTHS = [1, 2, 4, 8];

const listWidths = (widths: Widths): string => {
  const sizes = WIDTHS.filter((size) => (widths & size) !== 0);
  const last = sizes.pop();
  return sizes.length === 0 ? String(last) : `${sizes.join(', ')} or ${last}`;
};

const covers =
  (offset: number) =>
  (field: Field): boolean =>
    offset >= field.offset && offset < field.offset + field.size;

const hintForField = (field: Field, { offset, size, write, signed = false }: Access): string => {
  const { name, read, write: written, yields } = field;
  const widths = write ? written : read;
  const verb = write ? 'written' : 'read';
  if (widths === 0) return `field ${name} cannot be ${verb}`;
  if (signed && yields.kind !== 'scalar') return `field ${name} is a pointer: load it without sign extension`;
  if ((widths & size) === 0) return `field ${name} is ${verb} in ${listWidths(widths)} bytes, not ${size}`;
  if (field.anchored === true && offset !== field.offset) {
    return `field ${name} is accessed at its first byte, offset ${field.offset}`;
  }
  return `field ${name} ends at offset ${field.offset + field.size}`;
};

/** What is wrong with a refused access, and what would be right, in terms of the structure's fields. */
export function hintFor(structure: Structure & Pick<Context, 'hidden'>, access: Access): string {
  const { name, size: whole, fields, hidden = [], unaligned } = structure;
  const { offset, size } = access;
  if (offset < 0 || offset + size > whole) return `struct ${name} has ${whole} bytes, at offsets from 0`;
  if (unaligned !== true && offset % size !== 0) {
    return `${size} bytes are accessed at offsets that are multiples of ${size}`;
  }
  const field = fields.find(covers(offset));
  if (field !== undefined) return hintForField(field, access);
  const other = hidden.find(covers(offset));
  if (other !== undefined) return `field ${other.name} is not there for this program and attach type`;
  return `struct ${name} has no field at offset ${offset}`;
}
