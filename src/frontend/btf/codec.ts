import { WebpfError } from '../../errors.ts';
import { arrayNode, textNode } from './codec/array.ts';
import { Composite, compositeNode, type Part } from './codec/composite.ts';
import type { BtfValue, Node } from './codec/node.ts';
import {
  bitFieldNode,
  boolean,
  bytesNode,
  type EnumTable,
  enumeration,
  enumTable,
  float,
  integer,
  isWide,
  type Scalar,
  scalarNode,
} from './codec/scalar.ts';
import { resolve, resolveId, sizeOf, typeById } from './lookup.ts';
import { typeName } from './name.ts';
import type { Btf, BtfArray, BtfComposite, BtfEnum, BtfMember, BtfSection, BtfType } from './types.ts';

export type { BtfValue } from './codec/node.ts';

/** Turns the bytes of a value into JavaScript and back. */
export interface Codec {
  /** Bytes. */
  readonly size: number;
  /** The type as C writes it; absent for raw bytes. */
  readonly type?: string | undefined;
  /** Throws `bad-map` when there are fewer than `size` bytes. */
  decode(bytes: Uint8Array): BtfValue;
  /** Throws `bad-map`, naming the field and what it takes, for a value of the wrong shape or range. */
  encode(value: unknown): Uint8Array;
}

/** Values wider than this are not values but an attack on the reader's memory. */
const MAX_LEAVES = 1 << 22;
const MAX_NESTING = 64;
/** Members of a struct, those of anonymous ones inside included. */
const MAX_NAMES = 65536;

/** Compiles types into nodes, each once. */
class Compiler {
  private readonly btf: Btf;
  private readonly nodes = new Map<number, Node>();
  private readonly composites = new Map<number, Composite>();
  private readonly enums = new Map<BtfEnum, EnumTable>();
  private depth = 0;

  constructor(btf: Btf) {
    this.btf = btf;
  }

  node(id: number): Node {
    const known = this.nodes.get(id);
    if (known !== undefined) return known;
    if (++this.depth > MAX_NESTING) throw this.error(id, `contains itself or nests over ${MAX_NESTING} deep`);
    const node = this.build(id, resolve(this.btf, id));
    this.depth--;
    if (node.leaves > MAX_LEAVES) throw this.error(id, `holds more than ${MAX_LEAVES} values`);
    this.nodes.set(id, node);
    return node;
  }

  private build(id: number, type: BtfType): Node {
    switch (type.kind) {
      case 'array':
        return this.array(id, type);
      case 'struct':
      case 'union':
        return compositeNode(this.composite(id, type));
      case 'datasec':
        return compositeNode(this.section(type));
      case 'float':
        return float(type.name, type.size);
      case 'var':
        return this.node(type.type);
      default:
        return scalarNode(this.scalar(id, type), sizeOf(this.btf, id));
    }
  }

  /** Integers, enums and pointers; `bits` is the width of a bitfield. */
  private scalar(id: number, type: BtfType, bits?: number): Scalar {
    const name = typeName(this.btf, id);
    switch (type.kind) {
      case 'int':
        if (type.encoding === 'bool') return boolean(name);
        return integer(name, bits ?? type.size * 8, type.encoding === 'signed', isWide(type.size));
      case 'enum':
      case 'enum64':
        return enumeration(name, type, bits ?? type.size * 8, this.enumTable(type));
      case 'ptr':
        return integer(name, bits ?? 64, false, true);
      default:
        throw this.error(id, `is a ${type.kind}, which has no value`);
    }
  }

  private enumTable(type: BtfEnum): EnumTable {
    const table = this.enums.get(type) ?? enumTable(type);
    this.enums.set(type, table);
    return table;
  }

  private array(id: number, { type, length }: BtfArray): Node {
    const name = typeName(this.btf, id);
    if (this.isChar(type)) return textNode(name, length);
    const element = this.node(type);
    return arrayNode(name, element, length);
  }

  /** Compilers mark `char` by its name only, and s8 is a typedef of `signed char`. */
  private isChar(id: number): boolean {
    const type = resolve(this.btf, id);
    return type.kind === 'int' && type.size === 1 && (type.name === 'char' || type.encoding === 'char');
  }

  private composite(id: number, type: BtfComposite): Composite {
    const at = resolveId(this.btf, id);
    const known = this.composites.get(at);
    if (known !== undefined) return known;
    const parts = type.members.flatMap((member) => this.member(type, member));
    if (countNames(parts) > MAX_NAMES) throw this.error(id, `has more than ${MAX_NAMES} members`);
    const made = new Composite(typeName(this.btf, id), type.size, type.kind === 'union', parts);
    this.composites.set(at, made);
    return made;
  }

  private member(owner: BtfComposite, member: BtfMember): Part[] {
    const type = resolve(this.btf, member.type);
    const part = this.part(owner, member, type);
    if (part === undefined) return [];
    this.checkInside(owner, member, type);
    return [part];
  }

  private part(owner: BtfComposite, member: BtfMember, type: BtfType): Part | undefined {
    const at = member.bitOffset >>> 3;
    if (member.name === '') return this.anonymous(member, type, at);
    const bits = bitFieldWidth(member, type);
    if (bits === 0) return { name: member.name, node: this.node(member.type), at };
    if (bits > 128) throw this.error(member.type, `is a bitfield of ${bits} bits in '${owner.name}'`);
    const scalar = this.scalar(member.type, type, bits);
    return { name: member.name, node: bitFieldNode(scalar, member.bitOffset & 7, bits), at };
  }

  private anonymous(member: BtfMember, type: BtfType, at: number): Part | undefined {
    if (type.kind !== 'struct' && type.kind !== 'union') return undefined;
    if (++this.depth > MAX_NESTING) throw this.error(member.type, `nests over ${MAX_NESTING} deep`);
    const inner = this.composite(member.type, type);
    this.depth--;
    return { name: '', inner, at };
  }

  private checkInside(owner: BtfComposite, member: BtfMember, type: BtfType): void {
    const bits = bitFieldWidth(member, type) || sizeOf(this.btf, member.type) * 8;
    if (member.bitOffset + bits <= owner.size * 8) return;
    throw this.error(member.type, `(member '${member.name}') ends outside ${owner.kind} '${owner.name}'`);
  }

  /** The variables of .data, .bss or .rodata as one struct. */
  private section({ name, size, variables }: BtfSection): Composite {
    const parts = variables.flatMap(({ type, offset }): Part[] => {
      const variable = typeById(this.btf, type);
      if (variable.kind !== 'var') return [];
      const node = this.node(variable.type);
      if (offset + node.size > size)
        throw this.error(type, `(variable '${variable.name}') ends outside ${name}`);
      return [{ name: variable.name, node, at: offset }];
    });
    return new Composite(name, size, false, parts);
  }

  private error(id: number, message: string): WebpfError {
    return new WebpfError('bad-btf', `BTF type ${id} ${message}`, { stage: 'frontend' });
  }
}

/** Old compilers write a bitfield as an int of fewer bits than its size. */
function bitFieldWidth(member: BtfMember, type: BtfType): number {
  if (member.bitSize > 0) return member.bitSize;
  const narrow = type.kind === 'int' && type.bits < type.size * 8 && type.encoding !== 'bool';
  return narrow && type.bits > 0 ? type.bits : 0;
}

const countNames = (parts: readonly Part[]): number =>
  parts.reduce((sum, part) => sum + ('inner' in part ? part.inner.names.size : 1), 0);

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function codecOf(node: Node): Codec {
  const { size, type } = node;
  return {
    size,
    type,
    decode: (bytes) => {
      if (bytes.length >= size) return node.read(viewOf(bytes), 0);
      throw new WebpfError('bad-map', `${type} takes ${size} bytes, got ${bytes.length}`, {
        stage: 'runtime',
      });
    },
    encode: (value) => {
      const bytes = new Uint8Array(size);
      node.write({ view: viewOf(bytes), at: 0, path: '', settled: false }, value);
      return bytes;
    },
  };
}

/**
 * A codec for values of a BTF type.
 *
 * Integers up to 32 bits are numbers, wider ones and pointers bigints; bool is a boolean; char[N] a string where
 * the bytes are text, else a Uint8Array; enums are their enumerator's name where they have one, else a number;
 * structs and unions are objects (anonymous members flattened, every member of a union present); arrays are arrays;
 * a datasec (global data) is an object of its variables. `encode` also takes numbers for bigints, numbers for
 * enums, typed arrays for arrays, and one member for a union.
 *
 * @throws WebpfError `bad-btf` for a type that has no value (void, functions) or breaks the format
 */
export const valueCodec = (btf: Btf, typeId: number): Codec => codecOf(new Compiler(btf).node(typeId));

/** Bytes as they are, for maps without BTF. */
export const rawCodec = (size: number): Codec => codecOf(bytesNode(`byte[${size}]`, size));
