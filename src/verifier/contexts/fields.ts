import type { Context, Field, PacketAccess, Structure, Widths, Yield } from './types.ts';

/** Short forms for the tables, and for contexts of a host. */

export const NARROW_16: Widths = 1 + 2;
export const NARROW_32: Widths = 1 + 2 + 4;
export const ANY_WIDTH: Widths = 1 + 2 + 4 + 8;

export const scalar: Yield = { kind: 'scalar' };
export const packet: Yield = { kind: 'packet' };
export const packetMeta: Yield = { kind: 'packetMeta' };
export const packetEnd: Yield = { kind: 'packetEnd' };
export const socket: Yield = { kind: 'socket', of: 'sock', nullable: false };
export const socketOrNull: Yield = { kind: 'socket', of: 'sock', nullable: true };
export const socketCommonOrNull: Yield = { kind: 'socket', of: 'sock_common', nullable: true };

/** A field read in the given sizes and never written: by default in its own size alone. */
export const field = (name: string, offset: number, size: number, read: Widths = size): Field => ({
  name,
  offset,
  size,
  read,
  write: 0,
  yields: scalar,
});

/** A pointer of 8 bytes, or of 4 where the kernel's context says so: read whole. */
export const pointer = (name: string, offset: number, yields: Yield, size = 8): Field => ({
  ...field(name, offset, size),
  yields,
});

const MEMBER = /^(\w+)(?:\[(\d+)\])?$/;

function members(offset: number, width: number, read: Widths, names: string): Field[] {
  const fields: Field[] = [];
  let at = offset;
  for (const member of names.trim().split(/\s+/)) {
    const [, name = member, count = '1'] = MEMBER.exec(member) ?? [];
    fields.push(field(name, at, width * Number(count), read));
    at += width * Number(count);
  }
  return fields;
}

/** Consecutive u32 members (`name` or `name[count]`) from `offset` on, read as words alone. */
export const words = (offset: number, names: string): Field[] => members(offset, 4, 4, names);
/** Consecutive u32 members, read as words and as the halves and bytes of them. */
export const narrowWords = (offset: number, names: string): Field[] => members(offset, 4, NARROW_32, names);
/** Consecutive u64 members. */
export const doubleWords = (offset: number, read: Widths, names: string): Field[] =>
  members(offset, 8, read, names);

/** The field, written as well: by default in its own size alone. */
export const writable = (one: Field, write: Widths = one.size): Field => ({ ...one, write });

/** The field, accessed at its first byte alone. */
export const anchored = (one: Field): Field => ({ ...one, anchored: true });

/** Some fields of a structure in its order; those in `written` can be written as words. */
export function select({ fields }: Structure, names: string, written = ''): Field[] {
  const shown = new Set(names.split(' '));
  const stored = new Set(written.split(' '));
  const own = fields.filter(({ name }) => shown.has(name));
  return own.map((one) => (stored.has(one.name) ? writable(one) : one));
}

/** A context with fields of its own. */
export const contextOfFields = (
  name: string,
  size: number,
  fields: readonly Field[],
  access: PacketAccess = 'none',
): Context => ({ name, size, fields, packet: access });

/** A structure as the context of a program that sees these fields of it. */
export function contextFor(
  structure: Structure,
  fields: readonly Field[] = structure.fields,
  access: PacketAccess = 'none',
): Context {
  const shown = new Set(fields.map(({ name }) => name));
  const hidden = structure.fields.filter(({ name }) => !shown.has(name));
  return { name: structure.name, size: structure.size, fields, packet: access, hidden };
}
