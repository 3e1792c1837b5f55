import { StringPool } from '../strings.ts';
import { BTF_MAGIC } from './parse.ts';
import type { Btf, BtfComposite, BtfEnum, BtfExt, BtfInt, BtfType, SectionInfo } from './types.ts';

// The other way of parse.ts and ext.ts: both sections are made of 32-bit words.

type Words = number[];

/** BTF_KIND_*: btf.rst, section 2.2. */
const KINDS: Readonly<Record<Exclude<BtfType['kind'], 'void'>, number>> = {
  int: 1,
  ptr: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  fwd: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  func: 12,
  funcProto: 13,
  var: 14,
  datasec: 15,
  float: 16,
  declTag: 17,
  typeTag: 18,
  enum64: 19,
};

const LINKAGES = { static: 0, global: 1, extern: 2 } as const;
const ENCODINGS: Readonly<Record<BtfInt['encoding'], number>> = { unsigned: 0, signed: 1, char: 2, bool: 4 };

/** What stands behind the name: vlen, kind_flag, the union of size and type, and the tail. */
interface Body {
  readonly vlen?: number;
  readonly kindFlag?: boolean;
  readonly sizeOrType?: number;
  readonly tail?: Words;
}

function compositeBody({ size, members }: BtfComposite, strings: StringPool): Body {
  const kindFlag = members.some(({ bitSize }) => bitSize > 0);
  const tail = members.flatMap(({ name, type, bitOffset, bitSize }) => [
    strings.at(name),
    type,
    kindFlag ? ((bitSize << 24) | bitOffset) >>> 0 : bitOffset,
  ]);
  return { vlen: members.length, kindFlag, sizeOrType: size, tail };
}

function enumBody({ kind, size, signed, values }: BtfEnum, strings: StringPool): Body {
  const tail = values.flatMap(({ name, value }) => {
    const low = Number(value & 0xffff_ffffn);
    const words = [strings.at(name), low];
    return kind === 'enum64' ? [...words, Number((value >> 32n) & 0xffff_ffffn)] : words;
  });
  return { vlen: values.length, kindFlag: signed, sizeOrType: size, tail };
}

function bodyOf(type: Exclude<BtfType, { kind: 'void' }>, strings: StringPool): Body {
  switch (type.kind) {
    case 'int': {
      const encoding = (ENCODINGS[type.encoding] << 24) | (type.bitOffset << 16) | type.bits;
      return { sizeOrType: type.size, tail: [encoding] };
    }
    case 'float':
      return { sizeOrType: type.size };
    case 'array':
      return { tail: [type.type, type.indexType, type.length] };
    case 'struct':
    case 'union':
      return compositeBody(type, strings);
    case 'enum':
    case 'enum64':
      return enumBody(type, strings);
    case 'fwd':
      return { kindFlag: type.of === 'union' };
    case 'funcProto': {
      const tail = type.parameters.flatMap((parameter) => [strings.at(parameter.name), parameter.type]);
      return { vlen: type.parameters.length, sizeOrType: type.type, tail };
    }
    case 'func':
      return { vlen: LINKAGES[type.linkage], sizeOrType: type.type };
    case 'var':
      return { sizeOrType: type.type, tail: [LINKAGES[type.linkage]] };
    case 'datasec': {
      const tail = type.variables.flatMap((variable) => [variable.type, variable.offset, variable.size]);
      return { vlen: type.variables.length, sizeOrType: type.size, tail };
    }
    case 'declTag':
      return { sizeOrType: type.type, tail: [type.component >>> 0] };
    default:
      return { sizeOrType: type.type };
  }
}

function typeWords(type: BtfType, strings: StringPool): Words {
  if (type.kind === 'void') return [];
  const { vlen = 0, kindFlag = false, sizeOrType = 0, tail = [] } = bodyOf(type, strings);
  const info = ((kindFlag ? 0x8000_0000 : 0) | (KINDS[type.kind] << 24) | vlen) >>> 0;
  return [strings.at(type.name), info, sizeOrType, ...tail];
}

/** The tables of .BTF.ext: bytes of a record, and what it says. */
interface Table {
  readonly size: number;
  readonly records: (info: SectionInfo, strings: StringPool) => readonly Words[];
}

const TABLES: readonly Table[] = [
  { size: 8, records: ({ functions }) => functions.map(({ offset, type }) => [offset, type]) },
  {
    size: 16,
    records: ({ lines }, strings) =>
      lines.map(({ offset, file, text, line, column }) => [
        offset,
        strings.at(file),
        strings.at(text),
        ((line << 10) | column) >>> 0,
      ]),
  },
  {
    size: 16,
    records: ({ core }, strings) =>
      core.map(({ offset, type, access, kind }) => [offset, type, strings.at(access), kind]),
  },
];

function tableWords({ size, records }: Table, ext: BtfExt, strings: StringPool): Words {
  const sections = [...ext].flatMap(([name, info]) => {
    const all = records(info, strings);
    return all.length === 0 ? [] : [strings.at(name), all.length, ...all.flat()];
  });
  return sections.length === 0 ? [] : [size, ...sections];
}

const HEAD = [(1 << 16) | BTF_MAGIC];

/** A header whose fields behind its length are offset and length of each part, in turn. */
function withHeader(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const headerSize = 8 + parts.length * 8;
  const header = [...HEAD, headerSize];
  let end = 0;
  for (const { length } of parts) {
    header.push(end, length);
    end += length;
  }
  const bytes = new Uint8Array(headerSize + end);
  bytes.set(wordBytes(header));
  parts.forEach((part, i) => {
    bytes.set(part, headerSize + (header[2 + 2 * i] ?? 0));
  });
  return bytes;
}

function wordBytes(words: Words): Uint8Array {
  const view = new DataView(new ArrayBuffer(words.length * 4));
  words.forEach((word, i) => {
    view.setUint32(i * 4, word, true);
  });
  return new Uint8Array(view.buffer);
}

/** The contents of the sections .BTF and .BTF.ext, which share their strings. */
export function writeBtf(
  { types }: Btf,
  ext: BtfExt,
): { readonly btf: Uint8Array<ArrayBuffer>; readonly ext: Uint8Array<ArrayBuffer> } {
  const strings = new StringPool();
  const typeBytes = wordBytes(types.flatMap((type) => typeWords(type, strings)));
  const tables = TABLES.map((table) => wordBytes(tableWords(table, ext, strings)));
  return { btf: withHeader([typeBytes, strings.bytes()]), ext: withHeader(tables) };
}
