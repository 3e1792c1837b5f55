import { WebpfError } from '../../errors.ts';
import type { Btf, BtfKind, BtfType } from './types.ts';

/** Kernel's limit on chains of names, qualifiers and arrays (MAX_RESOLVE_DEPTH). */
export const MAX_DEPTH = 32;
const POINTER_SIZE = 8;

const badBtf = (message: string): WebpfError => new WebpfError('bad-btf', message, { stage: 'frontend' });

/** The type with this id. Throws `bad-btf` when there is none. */
export function typeById(btf: Btf, id: number): BtfType {
  const type = btf.types[id];
  if (type === undefined) throw badBtf(`BTF has no type ${id}; ids go from 0 to ${btf.types.length - 1}`);
  return type;
}

/** Id of the first type of this name (and kind), or undefined. */
export function findType(btf: Btf, name: string, kind?: BtfKind): number | undefined {
  const id = btf.types.findIndex((type) => type.name === name && (kind === undefined || type.kind === kind));
  return id < 0 ? undefined : id;
}

/** Id of the type itself, behind typedefs, qualifiers and type tags. */
export function resolveId(btf: Btf, id: number): number {
  let at = id;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const type = typeById(btf, at);
    switch (type.kind) {
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'typeTag':
        at = type.type;
        break;
      default:
        return at;
    }
  }
  throw badBtf(`BTF type ${id} is a chain of more than ${MAX_DEPTH} names and qualifiers`);
}

/** The type itself, behind typedefs, qualifiers and type tags. */
export const resolve = (btf: Btf, id: number): BtfType => typeById(btf, resolveId(btf, id));

/** Size in bytes. Throws `bad-btf` for what has none (void, functions, forward declarations). */
export function sizeOf(btf: Btf, id: number): number {
  let factor = 1;
  let at = id;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const type = resolve(btf, at);
    if (type.kind === 'array') {
      factor *= type.length;
      at = type.type;
    } else if (type.kind === 'var') at = type.type;
    else return checkedSize(factor * ownSize(type, id), id);
  }
  throw badBtf(`BTF type ${id} nests arrays more than ${MAX_DEPTH} deep`);
}

function ownSize(type: BtfType, id: number): number {
  if (type.kind === 'ptr') return POINTER_SIZE;
  if ('size' in type) return type.size;
  throw badBtf(`BTF type ${id} (${type.kind} '${type.name}') has no size`);
}

function checkedSize(size: number, id: number): number {
  if (size <= 0xffffffff) return size;
  throw badBtf(`BTF type ${id} has ${size} bytes; 4294967295 is the most`);
}
