import { MAX_DEPTH, resolve, typeById } from '../btf/lookup.ts';
import { typeName } from '../btf/name.ts';
import type { Btf, BtfFunctionProto, BtfType } from '../btf/types.ts';
import { mapFromBtf } from '../maps/definition.ts';
import { type Input, linkError } from './input.ts';

// Whether two files mean the same by one name: glob_sym_btf_matches of libbpf's linker.c.

/** How closely two types are compared. */
interface Comparison {
  readonly btf: Btf;
  /** Two definitions must agree in all; of a declaration and a definition the outline is compared. */
  readonly exact: boolean;
  readonly depth: number;
}

/** What C knows by its name: an int of another name and the same size is the same. */
const hasTag = ({ kind }: BtfType): boolean => isStructLike(kind) || kind === 'enum' || kind === 'enum64';

const isStructLike = (kind: BtfType['kind']): boolean =>
  kind === 'struct' || kind === 'union' || kind === 'fwd';

/** Behind a pointer a struct may be declared only, and its contents do not count. */
function samePointees(comparison: Comparison, a: number, b: number): boolean {
  const [left, right] = [resolve(comparison.btf, a), resolve(comparison.btf, b)];
  if (isStructLike(left.kind) && isStructLike(right.kind)) return left.name === right.name;
  return sameTypes({ ...comparison, exact: false }, a, b);
}

function sameSignatures(comparison: Comparison, a: BtfFunctionProto, b: BtfFunctionProto): boolean {
  return (
    a.parameters.length === b.parameters.length &&
    sameTypes(comparison, a.type, b.type) &&
    a.parameters.every(({ type }, i) => sameTypes(comparison, type, b.parameters[i]?.type ?? 0))
  );
}

function sameContents(comparison: Comparison, a: BtfType, b: BtfType): boolean {
  if (a.kind === 'func' && b.kind === 'func') return sameTypes(comparison, a.type, b.type);
  if (a.kind === 'var' && b.kind === 'var') return sameTypes(comparison, a.type, b.type);
  if (a.kind === 'funcProto' && b.kind === 'funcProto') return sameSignatures(comparison, a, b);
  if (a.kind === 'ptr' && b.kind === 'ptr') return samePointees(comparison, a.type, b.type);
  if (a.kind === 'array' && b.kind === 'array') return sameTypes(comparison, a.type, b.type);
  if ((a.kind === 'struct' || a.kind === 'union') && a.kind === b.kind) {
    if (!comparison.exact) return true;
    return (
      a.size === b.size &&
      a.members.length === b.members.length &&
      a.members.every((member, i) => {
        const other = b.members[i];
        return (
          other?.name === member.name &&
          other.bitOffset === member.bitOffset &&
          sameTypes(comparison, member.type, other.type)
        );
      })
    );
  }
  return !('size' in a && 'size' in b) || a.size === b.size;
}

function sameTypes({ btf, exact, depth }: Comparison, a: number, b: number): boolean {
  if (a === b || depth > MAX_DEPTH) return true;
  const [left, right] = [resolve(btf, a), resolve(btf, b)];
  if (left.kind !== right.kind || (hasTag(left) && left.name !== right.name)) return false;
  return sameContents({ btf, exact, depth: depth + 1 }, left, right);
}

const isIn = (btf: Btf, section: string, id: number): boolean =>
  btf.types.some(
    (type) =>
      type.kind === 'datasec' && type.name === section && type.variables.some((each) => each.type === id),
  );

/** Attributes of a map, as text; ids of types are the file's own. */
function attributesOf(btf: Btf, id: number): string {
  const { name, type } = typeById(btf, id) as Extract<BtfType, { kind: 'var' }>;
  const { keyTypeId, valueTypeId, ...spec } = mapFromBtf(btf, name, type);
  return JSON.stringify(spec, (key, value: unknown) => {
    if (key === 'keyTypeId' || key === 'valueTypeId' || key === 'btf') return undefined;
    return typeof value === 'bigint' ? `${value}` : value;
  });
}

/** A global variable or function as a file declares it. */
export interface Declaration {
  readonly id: number;
  readonly input: Input;
  readonly isDefinition: boolean;
}

/** @throws WebpfError `link` unless both declarations may stand for one thing */
export function checkDeclarations(btf: Btf, a: Declaration, b: Declaration): void {
  const { name } = typeById(btf, a.id);
  const isMap = isIn(btf, '.maps', a.id) && isIn(btf, '.maps', b.id);
  const exact = a.isDefinition && b.isDefinition;
  const agree = isMap
    ? attributesOf(btf, a.id) === attributesOf(btf, b.id)
    : sameTypes({ btf, exact, depth: 0 }, a.id, b.id);
  if (agree) return;
  const shown = ({ id, input }: Declaration): string => {
    const type = typeById(btf, id);
    const what = type.kind === 'var' || type.kind === 'func' ? typeName(btf, type.type) : type.kind;
    return `'${what}' in ${input.name}`;
  };
  throw linkError(
    `'${name}' is ${shown(a)}, and ${shown(b)}${isMap ? ': the maps have other attributes' : ''}`,
  );
}
