import { ByteReader, StringTable } from '../reader.ts';
import { checkReferences } from './references.ts';
import type {
  Btf,
  BtfEnumerator,
  BtfInt,
  BtfLinkage,
  BtfMember,
  BtfParameter,
  BtfReference,
  BtfSectionVariable,
  BtfType,
} from './types.ts';

export const BTF_MAGIC = 0xeb9f;
const BTF_MAGIC_SWAPPED = 0x9feb;
const HEADER_MIN = 24;
/** Kernel's BTF_MAX_TYPE. */
const MAX_TYPES = 0xfffff;

/** One struct btf_type while its tail is read. */
interface Record {
  readonly id: number;
  readonly name: string;
  readonly vlen: number;
  readonly kindFlag: boolean;
  /** The union size/type. */
  readonly sizeOrType: number;
}

/** Reads the type section; `at` moves forward over it. */
class TypeReader {
  readonly bytes: ByteReader;
  readonly strings: StringTable;
  at = 0;

  constructor(bytes: ByteReader, strings: StringTable) {
    this.bytes = bytes;
    this.strings = strings;
  }

  u32(field: string): number {
    const value = this.bytes.u32(this.at, field);
    this.at += 4;
    return value;
  }

  i32(field: string): number {
    const value = this.bytes.i32(this.at, field);
    this.at += 4;
    return value;
  }

  name(field: string): string {
    return this.strings.at(this.u32(field), field);
  }

  /** `count` entries of `size` bytes; checked as a whole before anything is allocated. */
  list<T>(count: number, size: number, field: string, read: () => T): T[] {
    this.bytes.need(this.at, count * size, field);
    return Array.from({ length: count }, read);
  }
}

const INT_SIGNED = 1;
const INT_CHAR = 2;
const INT_BOOL = 4;

function intEncoding(flags: number): BtfInt['encoding'] {
  if (flags & INT_BOOL) return 'bool';
  if (flags & INT_CHAR) return 'char';
  return flags & INT_SIGNED ? 'signed' : 'unsigned';
}

function readInt(types: TypeReader, { name, sizeOrType: size }: Record): BtfType {
  const info = types.u32('int');
  const bits = info & 0xff;
  const bitOffset = (info >>> 16) & 0xff;
  if (size < 1 || size > 16 || bits > size * 8) {
    throw types.bytes.error(`int '${name}' has ${bits} bits in ${size} bytes; 1 to 16 bytes hold an int`);
  }
  return { kind: 'int', name, size, encoding: intEncoding((info >>> 24) & 15), bits, bitOffset };
}

const reference =
  (kind: BtfReference['kind']) =>
  (_: TypeReader, { name, sizeOrType }: Record): BtfType => ({ kind, name, type: sizeOrType });

function readArray(types: TypeReader): BtfType {
  const type = types.u32('array element');
  const indexType = types.u32('array index');
  return { kind: 'array', name: '', type, indexType, length: types.u32('array length') };
}

function readMember(types: TypeReader, packed: boolean): BtfMember {
  const name = types.name('member name');
  const type = types.u32('member type');
  const offset = types.u32('member offset');
  return packed
    ? { name, type, bitOffset: offset & 0xffffff, bitSize: offset >>> 24 }
    : { name, type, bitOffset: offset, bitSize: 0 };
}

const composite =
  (kind: 'struct' | 'union') =>
  (types: TypeReader, { name, vlen, kindFlag, sizeOrType }: Record): BtfType => ({
    kind,
    name,
    size: sizeOrType,
    members: types.list(vlen, 12, `members of ${kind} '${name}'`, () => readMember(types, kindFlag)),
  });

function readEnumerator(types: TypeReader, signed: boolean, wide: boolean): BtfEnumerator {
  const name = types.name('enumerator name');
  const low = types.u32('enumerator');
  const value = wide ? (BigInt(types.u32('enumerator')) << 32n) | BigInt(low) : BigInt(low);
  return { name, value: signed ? BigInt.asIntN(wide ? 64 : 32, value) : value };
}

const enumeration =
  (kind: 'enum' | 'enum64') =>
  (types: TypeReader, { name, vlen, kindFlag, sizeOrType }: Record): BtfType => {
    const wide = kind === 'enum64';
    if (![1, 2, 4, 8].includes(sizeOrType)) {
      throw types.bytes.error(`${kind} '${name}' has ${sizeOrType} bytes; 1, 2, 4 or 8 hold an enum`);
    }
    const values = types.list(vlen, wide ? 12 : 8, `enumerators of '${name}'`, () =>
      readEnumerator(types, kindFlag, wide),
    );
    return { kind, name, size: sizeOrType, signed: kindFlag, values };
  };

const readForward = (_: TypeReader, { name, kindFlag }: Record): BtfType => ({
  kind: 'fwd',
  name,
  of: kindFlag ? 'union' : 'struct',
});

function readParameter(types: TypeReader): BtfParameter {
  const name = types.name('parameter name');
  return { name, type: types.u32('parameter type') };
}

const readProto = (types: TypeReader, { vlen, sizeOrType }: Record): BtfType => ({
  kind: 'funcProto',
  name: '',
  type: sizeOrType,
  parameters: types.list(vlen, 8, 'parameters', () => readParameter(types)),
});

const LINKAGES: readonly BtfLinkage[] = ['static', 'global', 'extern'];

function linkage(types: TypeReader, value: number, name: string): BtfLinkage {
  const known = LINKAGES[value];
  if (known === undefined) {
    throw types.bytes.error(`'${name}' has linkage ${value}; 0 static, 1 global and 2 extern exist`);
  }
  return known;
}

const readFunction = (types: TypeReader, { name, vlen, sizeOrType }: Record): BtfType => ({
  kind: 'func',
  name,
  type: sizeOrType,
  linkage: linkage(types, vlen, name),
});

const readVariable = (types: TypeReader, { name, sizeOrType }: Record): BtfType => ({
  kind: 'var',
  name,
  type: sizeOrType,
  linkage: linkage(types, types.u32('variable linkage'), name),
});

function readSectionVariable(types: TypeReader): BtfSectionVariable {
  const type = types.u32('datasec variable');
  const offset = types.u32('datasec offset');
  return { type, offset, size: types.u32('datasec size') };
}

const readSection = (types: TypeReader, { name, vlen, sizeOrType }: Record): BtfType => ({
  kind: 'datasec',
  name,
  size: sizeOrType,
  variables: types.list(vlen, 12, `variables of '${name}'`, () => readSectionVariable(types)),
});

const readFloat = (_: TypeReader, { name, sizeOrType }: Record): BtfType => ({
  kind: 'float',
  name,
  size: sizeOrType,
});

const readDeclarationTag = (types: TypeReader, { name, sizeOrType }: Record): BtfType => ({
  kind: 'declTag',
  name,
  type: sizeOrType,
  component: types.i32('component index'),
});

/** Readers by BTF_KIND_*: btf.rst, section 2.2. */
const READERS: readonly (((types: TypeReader, record: Record) => BtfType) | undefined)[] = [
  undefined,
  readInt,
  reference('ptr'),
  readArray,
  composite('struct'),
  composite('union'),
  enumeration('enum'),
  readForward,
  reference('typedef'),
  reference('volatile'),
  reference('const'),
  reference('restrict'),
  readFunction,
  readProto,
  readVariable,
  readSection,
  readFloat,
  readDeclarationTag,
  reference('typeTag'),
  enumeration('enum64'),
];

function readType(types: TypeReader, id: number): BtfType {
  const name = types.name('type name');
  const info = types.u32('type info');
  const sizeOrType = types.u32('type size');
  const kind = (info >>> 24) & 0x7f;
  const read = READERS[kind];
  if (read === undefined) {
    throw types.bytes.error(`type ${id} has kind ${kind}; kinds 1 to ${READERS.length - 1} exist`);
  }
  return read(types, { id, name, vlen: info & 0xffffff, kindFlag: info >>> 31 === 1, sizeOrType });
}

function readTypes(types: TypeReader, base: readonly BtfType[]): BtfType[] {
  const all = [...base];
  while (types.at < types.bytes.length) {
    if (all.length > MAX_TYPES) throw types.bytes.error(`more than ${MAX_TYPES} types`);
    all.push(readType(types, all.length));
  }
  return all;
}

/** Length of the header of .BTF or .BTF.ext, after its magic, version and length were checked. */
export function btfHeaderLength(bytes: ByteReader): number {
  const magic = bytes.u16(0, 'header');
  if (magic === BTF_MAGIC_SWAPPED) throw bytes.error('big-endian BTF; compile with -target bpfel');
  if (magic !== BTF_MAGIC)
    throw bytes.error(`begins with 0x${magic.toString(16)}, not with the magic 0xeb9f`);
  const version = bytes.u8(2, 'version');
  if (version !== 1) throw bytes.error(`version ${version}; version 1 exists`);
  const length = bytes.u32(4, 'header length');
  if (length < HEADER_MIN) throw bytes.error(`header of ${length} bytes; at least ${HEADER_MIN} are needed`);
  bytes.need(0, length, 'header');
  return length;
}

/** What .BTF holds: its types, and the strings that .BTF.ext refers to. */
export interface ParsedBtf {
  readonly btf: Btf;
  readonly strings: StringTable;
}

const NOTHING: readonly BtfType[] = [{ kind: 'void', name: '' }];

/**
 * Parses the contents of a .BTF section (kernel document Documentation/bpf/btf.rst).
 *
 * @param subject name of the file, for messages
 * @param base what split BTF continues: its types and strings count on from there
 * @throws WebpfError `bad-btf` when the bytes break the format
 */
export function parseBtf(data: Uint8Array, subject: string, base?: ParsedBtf): ParsedBtf {
  const origin = { code: 'bad-btf', what: "section '.BTF'", subject } as const;
  const bytes = new ByteReader(data, origin);
  const start = btfHeaderLength(bytes);
  const section = (at: number, name: string): Uint8Array =>
    bytes.slice(start + bytes.u32(at, name), bytes.u32(at + 4, name), name);
  const strings = new StringTable(section(16, 'strings'), origin, base?.strings);
  const reader = new TypeReader(new ByteReader(section(8, 'types'), origin), strings);
  const known = base?.btf.types ?? NOTHING;
  const types = readTypes(reader, known);
  checkReferences(types, known.length, (message) => bytes.error(message));
  return { btf: { types }, strings };
}
