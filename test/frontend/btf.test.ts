import { describe, expect, it } from 'vitest';
import { parseBtfExt } from '../../src/frontend/btf/ext.ts';
import { findType, resolve, sizeOf } from '../../src/frontend/btf/lookup.ts';
import { parseBtf } from '../../src/frontend/btf/parse.ts';
import { StringTable } from '../../src/frontend/reader.ts';
import { open } from './objects.ts';

const NAMES = '\0t\0one\0two\0';

/** A .BTF section of these words, with `NAMES` as its strings. */
function btfBytes(
  words: readonly number[],
  header: Partial<Record<'magic' | 'version' | 'types', number>> = {},
): Uint8Array {
  const strings = new TextEncoder().encode(NAMES);
  const bytes = new Uint8Array(24 + words.length * 4 + strings.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, header.magic ?? 0xeb9f, true);
  view.setUint8(2, header.version ?? 1);
  const length = header.types ?? words.length * 4;
  new Uint32Array(bytes.buffer, 4, 5).set([24, 0, length, length, strings.length]);
  new Uint32Array(bytes.buffer, 24, words.length).set(words);
  bytes.set(strings, 24 + words.length * 4);
  return bytes;
}

const parse = (words: readonly number[], header = {}) =>
  parseBtf(btfBytes(words, header), 'x').btf.types.slice(1);

/** struct btf_type: name, info and size or type. */
const type = (name: number, kind: number, vlen: number, sizeOrType: number, flag = 0): number[] => [
  name,
  ((flag << 31) | (kind << 24) | vlen) >>> 0,
  sizeOrType,
];

const INT = [...type(1, 1, 0, 4), 0x01000020];

describe('the 19 kinds', () => {
  it.each([
    ['int', INT, { kind: 'int', name: 't', size: 4, encoding: 'signed', bits: 32, bitOffset: 0 }],
    ['ptr', type(0, 2, 0, 0), { kind: 'ptr', name: '', type: 0 }],
    ['array', [...type(0, 3, 0, 0), 0, 0, 9], { kind: 'array', name: '', type: 0, indexType: 0, length: 9 }],
    [
      'struct',
      [...type(1, 4, 1, 4), 3, 0, 8],
      { kind: 'struct', name: 't', size: 4, members: [{ name: 'one', type: 0, bitOffset: 8, bitSize: 0 }] },
    ],
    [
      'struct with bitfields',
      [...type(1, 4, 1, 4, 1), 3, 0, 0x05000003],
      { kind: 'struct', name: 't', size: 4, members: [{ name: 'one', type: 0, bitOffset: 3, bitSize: 5 }] },
    ],
    ['union', type(1, 5, 0, 8), { kind: 'union', name: 't', size: 8, members: [] }],
    [
      'enum',
      [...type(1, 6, 1, 4, 1), 3, 0xffffffff],
      { kind: 'enum', name: 't', size: 4, signed: true, values: [{ name: 'one', value: -1n }] },
    ],
    ['fwd', type(1, 7, 0, 0, 1), { kind: 'fwd', name: 't', of: 'union' }],
    ['typedef', type(1, 8, 0, 0), { kind: 'typedef', name: 't', type: 0 }],
    ['volatile', type(0, 9, 0, 0), { kind: 'volatile', name: '', type: 0 }],
    ['const', type(0, 10, 0, 0), { kind: 'const', name: '', type: 0 }],
    ['restrict', type(0, 11, 0, 0), { kind: 'restrict', name: '', type: 0 }],
    ['func', type(1, 12, 2, 0), { kind: 'func', name: 't', type: 0, linkage: 'extern' }],
    [
      'func_proto',
      [...type(0, 13, 1, 0), 3, 0],
      { kind: 'funcProto', name: '', type: 0, parameters: [{ name: 'one', type: 0 }] },
    ],
    ['var', [...type(1, 14, 0, 0), 1], { kind: 'var', name: 't', type: 0, linkage: 'global' }],
    [
      'datasec',
      [...type(1, 15, 1, 8), 0, 4, 4],
      { kind: 'datasec', name: 't', size: 8, variables: [{ type: 0, offset: 4, size: 4 }] },
    ],
    ['float', type(1, 16, 0, 8), { kind: 'float', name: 't', size: 8 }],
    ['decl_tag', [...type(1, 17, 0, 0), 0xffffffff], { kind: 'declTag', name: 't', type: 0, component: -1 }],
    ['type_tag', type(1, 18, 0, 0), { kind: 'typeTag', name: 't', type: 0 }],
    [
      'enum64',
      [...type(1, 19, 1, 8), 3, 1, 2],
      { kind: 'enum64', name: 't', size: 8, signed: false, values: [{ name: 'one', value: 0x200000001n }] },
    ],
  ])('%s', (_, words, expected) => {
    expect(parse(words)).toEqual([expected]);
  });
});

describe('broken BTF', () => {
  it.each([
    ['magic', [], { magic: 0x1234 }, /begins with 0x1234, not with the magic 0xeb9f/],
    ['byte order', [], { magic: 0x9feb }, /big-endian BTF/],
    ['version', [], { version: 2 }, /version 2; version 1 exists/],
    ['length', [], { types: 400 }, /needs \d+ bytes, but only 35 exist; the file is truncated or corrupt/],
    ['unknown kind', type(0, 20, 0, 0), {}, /type 1 has kind 20; kinds 1 to 19 exist/],
    ['reference', type(0, 2, 0, 7), {}, /type 1 \(ptr ''\) refers to type 7 of 2/],
    ['name', type(99, 8, 0, 0), {}, /string offset 99 is outside the table/],
    ['too many members', type(1, 4, 0xffff, 4), {}, /members of struct 't' at offset 12 needs 786420 bytes/],
    ['int of no size', [...type(1, 1, 0, 0), 0], {}, /1 to 16 bytes hold an int/],
    ['linkage', type(1, 12, 9, 0), {}, /'t' has linkage 9/],
  ])('%s', (_, words, header, message) => {
    expect(() => parse(words, header)).toThrow(
      expect.objectContaining({ code: 'bad-btf', message: expect.stringMatching(message) }),
    );
  });

  it('in .BTF.ext', () => {
    const strings = new StringTable(new Uint8Array(1), { code: 'bad-btf', what: 'strings', subject: 'x' });
    expect(() => parseBtfExt(new Uint8Array(8), strings, 'x')).toThrow(/begins with 0x0/);
  });
});

describe('strings', () => {
  it('are bounded even when each byte begins another', () => {
    const bytes = new Uint8Array(200_000).fill(97);
    bytes[199_999] = 0;
    const table = new StringTable(bytes, { code: 'bad-elf', what: 'names', subject: 'x' });
    expect(() => table.at(0, 'name')).toThrow(/a string of 199999 bytes/);
    const many = () => {
      for (let at = 140_000; at < 199_000; at++) table.at(at, 'name');
    };
    expect(many).toThrow(/overlapping strings add up/);
  });
});

describe('types of an object', () => {
  const { btf } = open('types.o');
  it('are found by name and resolved to their size', () => {
    if (btf === undefined) throw new Error('no BTF');
    const be32 = findType(btf, 'be32') ?? 0;
    expect(resolve(btf, be32)).toMatchObject({ kind: 'int', size: 4 });
    expect(sizeOf(btf, findType(btf, 'everything', 'var') ?? 0)).toBe(128);
  });

  it('include tags and floats', () => {
    const kinds = new Set(btf?.types.map(({ kind }) => kind));
    for (const kind of [
      'declTag',
      'typeTag',
      'float',
      'enum64',
      'fwd',
      'restrict',
      'volatile',
      'datasec',
    ] as const) {
      expect(kinds).toContain(kind);
    }
  });
});
