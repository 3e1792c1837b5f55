import type { Btf, BtfMember } from '../../index.ts';
import { formatAddress, formatMac, formatValue } from './format.ts';
import { bytesOf, memberOf, named, sizeOf } from './types.ts';

/** A column of a map's table: what it is called, and its text for a decoded key or value. */
export interface Column {
  readonly header: string;
  text(value: unknown): string;
}

/** Wider structs are printed in one cell. */
const MAX_COLUMNS = 8;
const MAX_DEPTH = 3;

const ADDRESS = /addr|^(src|dst|source|dest(ination)?)$|(^|_)ip(v?[46])?($|_)/i;
const MAC = /mac|eth|h_(source|dest)/i;

/** Addresses are told by the names of types and members, as BTF has no type for them. */
function formatterFor(btf: Btf, id: number, name: string): ((value: unknown) => string) | undefined {
  const size = sizeOf(btf, id);
  const names = [name, ...(named(btf, id)?.names ?? [])];
  const looksLike = (pattern: RegExp): boolean => names.some((one) => pattern.test(one));
  if ((size === 4 || size === 16) && looksLike(ADDRESS))
    return (value) => formatAddress(bytesOf(btf, id, value));
  if (size === 6 && (looksLike(MAC) || looksLike(ADDRESS)))
    return (value) => formatMac(bytesOf(btf, id, value));
  return undefined;
}

const joined = (prefix: string, name: string): string =>
  prefix === '' || name === '' ? prefix || name : `${prefix}.${name}`;

function membersOf(btf: Btf, id: number, depth: number): readonly BtfMember[] | undefined {
  const type = named(btf, id)?.type;
  return type?.kind === 'struct' && depth < MAX_DEPTH ? type.members : undefined;
}

function leaves(btf: Btf, id: number, header: string, depth: number): Column[] {
  const format = formatterFor(btf, id, header.split('.').at(-1) ?? '');
  const members = format ? undefined : membersOf(btf, id, depth);
  if (!members) return [{ header, text: format ?? formatValue }];
  return members.flatMap((member) =>
    leaves(btf, member.type, joined(header, member.name), depth + 1).map((column) => ({
      header: column.header,
      text: (value) => column.text(memberOf(value, member.name)),
    })),
  );
}

/** The columns of a key or a value: one for each member of a struct, as far as they fit. */
export function columnsOf(btf: Btf | undefined, id: number | undefined, what: 'key' | 'value'): Column[] {
  const single = [{ header: what, text: formatValue }];
  if (!btf || !id) return single;
  const columns = leaves(btf, id, '', 0).map((column) => ({ ...column, header: column.header || what }));
  return columns.length > 0 && columns.length <= MAX_COLUMNS ? columns : single;
}
