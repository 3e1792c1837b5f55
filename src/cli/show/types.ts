import type { Btf, BtfType } from '../../index.ts';

/** A type without its typedefs and qualifiers, and the names met on the way. */
export interface Named {
  readonly type: BtfType;
  readonly names: readonly string[];
}

const MAX_CHAIN = 32;

/** Follows typedefs, qualifiers and variables; undefined when the BTF is broken there. */
export function named(btf: Btf, id: number): Named | undefined {
  const names: string[] = [];
  let type = btf.types[id];
  for (let depth = 0; type && depth < MAX_CHAIN; depth++) {
    if (type.name !== '') names.push(type.name);
    switch (type.kind) {
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'typeTag':
      case 'var':
        type = btf.types[type.type];
        break;
      default:
        return { type, names };
    }
  }
  return undefined;
}

/** Bytes of a type that may be an address: integers, and structs and arrays of them; 0 for others. */
export function sizeOf(btf: Btf, id: number): number {
  const found = named(btf, id)?.type;
  if (found?.kind === 'int' || found?.kind === 'struct' || found?.kind === 'union') return found.size;
  if (found?.kind !== 'array') return 0;
  const element = named(btf, found.type)?.type;
  return element?.kind === 'int' ? element.size * found.length : 0;
}

/** The bytes behind a decoded value of such a type, as they were in memory. */
export function bytesOf(btf: Btf, id: number, value: unknown): number[] {
  const type = named(btf, id)?.type;
  if (type?.kind === 'int') return littleEndian(value, type.size);
  if (type?.kind === 'array' && Array.isArray(value)) {
    return value.flatMap((element) => bytesOf(btf, type.type, element));
  }
  if (type?.kind === 'array' && value instanceof Uint8Array) return [...value];
  if (type?.kind !== 'struct' && type?.kind !== 'union') return [];
  const members = type.kind === 'union' ? type.members.slice(0, 1) : type.members;
  return members.flatMap((member) => bytesOf(btf, member.type, memberOf(value, member.name)));
}

/** Members of anonymous structs and unions are the owner's own. */
export const memberOf = (value: unknown, name: string): unknown =>
  name === '' || typeof value !== 'object' || value === null
    ? value
    : (value as Readonly<Record<string, unknown>>)[name];

function littleEndian(value: unknown, size: number): number[] {
  if (typeof value !== 'number' && typeof value !== 'bigint') return [];
  const whole = BigInt.asUintN(size * 8, BigInt(value));
  return Array.from({ length: size }, (_, i) => Number((whole >> BigInt(8 * i)) & 0xffn));
}
