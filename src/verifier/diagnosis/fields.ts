/** Members of structures by their place, as C writes them: `sizes[3]`, `stats.packets`. */
import { resolve, sizeOf } from '../../frontend/btf/lookup.ts';
import type { Btf, BtfType } from '../../frontend/btf/types.ts';
import type { MapSpec } from '../../frontend/program.ts';

/** An array that holds the place. */
export interface ArrayAt {
  /** Its name, from the outermost structure on. */
  readonly path: string;
  readonly length: number;
  /** Bytes of one element. */
  readonly element: number;
  /** Bytes from the start of the outermost structure. */
  readonly start: number;
}

export interface FieldAt {
  /** '' where the place is the whole. */
  readonly path: string;
  /** Bytes from the place to the end of the member. */
  readonly left: number;
  /** The innermost array. */
  readonly array: ArrayAt | undefined;
}

const MAX_DEPTH = 12;
/** Types looked at: unions of unions multiply. */
const MAX_VISITS = 4000;

interface Place {
  readonly btf: Btf;
  readonly path: string;
  /** From the start of the type at hand. */
  readonly offset: number;
  readonly start: number;
  readonly array: ArrayAt | undefined;
  readonly depth: number;
  readonly visits: { count: number };
}

const join = (path: string, name: string): string => {
  if (name === '') return path;
  return path === '' ? name : `${path}.${name}`;
};

function inMembers(
  members: readonly { readonly name: string; readonly type: number; readonly bitOffset: number }[],
  place: Place,
): FieldAt | undefined {
  for (const { name, type, bitOffset } of members) {
    const start = bitOffset >> 3;
    const found = fieldIn(type, {
      ...place,
      path: join(place.path, name),
      offset: place.offset - start,
      start: place.start + start,
      depth: place.depth + 1,
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

function inArray({ type, length }: Extract<BtfType, { kind: 'array' }>, place: Place): FieldAt | undefined {
  const element = sizeOf(place.btf, type);
  if (element === 0) return undefined;
  const index = Math.floor(place.offset / element);
  return fieldIn(type, {
    ...place,
    path: `${place.path}[${index}]`,
    offset: place.offset - index * element,
    start: place.start + index * element,
    array: { path: place.path, length, element, start: place.start },
    depth: place.depth + 1,
  });
}

function inSection({ variables }: Extract<BtfType, { kind: 'datasec' }>, place: Place): FieldAt | undefined {
  const { btf, offset } = place;
  const variable = variables.find((one) => offset >= one.offset && offset < one.offset + one.size);
  const type = variable === undefined ? undefined : btf.types[variable.type];
  if (variable === undefined || type?.kind !== 'var') return undefined;
  return fieldIn(type.type, {
    ...place,
    path: type.name,
    offset: offset - variable.offset,
    start: place.start + variable.offset,
    depth: place.depth + 1,
  });
}

function fieldIn(id: number, place: Place): FieldAt | undefined {
  const { btf, offset, depth } = place;
  place.visits.count += 1;
  if (depth > MAX_DEPTH || place.visits.count > MAX_VISITS) return undefined;
  const type = resolve(btf, id);
  if (type.kind === 'datasec') return inSection(type, place);
  const size = sizeOf(btf, id);
  if (offset < 0 || offset >= size) return undefined;
  if (type.kind === 'array') return inArray(type, place);
  if (type.kind === 'struct' || type.kind === 'union') return inMembers(type.members, place);
  return { path: place.path, left: size - offset, array: place.array };
}

/** The member of a type that begins at or holds the offset; undefined for padding, and where BTF does not say. */
export function fieldAt(btf: Btf | undefined, id: number | undefined, offset: number): FieldAt | undefined {
  if (btf === undefined || !id) return undefined;
  try {
    const visits = { count: 0 };
    return fieldIn(id, { btf, path: '', offset, start: 0, array: undefined, depth: 0, visits });
  } catch {
    return undefined;
  }
}

export const valueField = ({ btf, valueTypeId }: MapSpec, offset: number): FieldAt | undefined =>
  fieldAt(btf, valueTypeId, offset);

/** Maps that hold the program's variables. */
export const isGlobals = ({ data, section }: MapSpec): boolean =>
  data !== undefined || /^\.(bss|data|rodata|kconfig)/.test(section);
