import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rawCodec, valueCodec } from '../../src/frontend/btf/codec.ts';
import { findType } from '../../src/frontend/btf/lookup.ts';
import { typeName } from '../../src/frontend/btf/name.ts';
import type { Btf, BtfKind, BtfType } from '../../src/frontend/btf/types.ts';
import { open } from './objects.ts';

const { btf } = open('types.o');
if (btf === undefined) throw new Error('types.o has no BTF');

const id = (name: string, kind?: BtfKind): number => {
  const found = findType(btf, name, kind);
  if (found === undefined) throw new Error(`no type ${name}`);
  return found;
};
const codec = valueCodec(btf, id('everything', 'struct'));
const zero = codec.decode(new Uint8Array(codec.size)) as Record<string, unknown>;

const writing = (change: object) => () => codec.encode({ ...zero, ...change });

describe('values by BTF', () => {
  it('decode zero bytes to every member, anonymous ones flattened', () => {
    expect(zero).toEqual({
      u8: 0,
      s16: 0,
      address: 0,
      s64: 0n,
      yes: false,
      name: '',
      mac: [0, 0, 0, 0, 0, 0],
      color: 0,
      wide: 0n,
      bits: { a: 0, b: 0, c: 0n, color: 0, flag: false },
      word: 0,
      bytes: [0, 0, 0, 0],
      low: 0,
      high: 0,
      inside: 0,
      grid: [
        [0, 0, 0],
        [0, 0, 0],
      ],
      single: 0,
      twice: 0,
      text: 0n,
      function: 0n,
      next: 0n,
      huge: 0n,
    });
  });

  it('come back as they were written', () => {
    const { word: _, bytes: __, ...rest } = zero;
    const value = {
      ...rest,
      u8: 255,
      s16: -2,
      address: 0xffffffff,
      s64: -1n,
      yes: true,
      name: 'packet',
      mac: [1, 2, 3, 4, 5, 6],
      color: 'RED',
      wide: 'LARGE',
      bits: { a: 7, b: -16, c: 0xffffffffffn, color: 'BLUE', flag: true },
      low: 1,
      high: 2,
      grid: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      single: 0.5,
      twice: -1e300,
      next: 0xffff_ffff_ffff_ffffn,
      huge: -(1n << 100n),
    };
    expect(codec.decode(codec.encode(value))).toEqual({ ...value, word: 0x20001, bytes: [1, 0, 2, 0] });
  });

  it('take numbers for bigints and enums, and typed arrays for arrays', () => {
    const decoded = codec.decode(
      codec.encode({ ...zero, s64: -3, color: 2, wide: 1, mac: Uint8Array.of(6, 5, 4, 3, 2, 1) }),
    );
    expect(decoded).toMatchObject({ s64: -3n, color: 'BLUE', wide: 'SMALL', mac: [6, 5, 4, 3, 2, 1] });
  });

  it('read any bytes and write the same bytes back, padding aside', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: codec.size, maxLength: codec.size }), (bytes) => {
        const value = codec.decode(bytes) as Record<string, unknown>;
        const once = codec.encode(value);
        expect(codec.encode(codec.decode(once))).toEqual(once);
        expect(codec.decode(once)).toEqual(value);
      }),
    );
  });

  it('leave char arrays that are not text as bytes, so that keys stay themselves', () => {
    const name = Uint8Array.of(0x61, 0, 0x62, 0, 0, 0, 0, 0);
    expect(codec.decode(codec.encode({ ...zero, name }))).toMatchObject({ name });
  });
});

describe('values of the wrong shape', () => {
  it.each([
    ['a number out of range', { u8: 256 }, 'u8 (__u8): expected an integer from 0 to 255, got 256'],
    ['a fraction', { s16: 1.5 }, 's16 (__s16): expected an integer from -32768 to 32767, got 1.5'],
    [
      'a bitfield out of range',
      { bits: { a: 8, b: 0, c: 0, color: 0, flag: false } },
      'bits.a (unsigned int): expected an integer from 0 to 7, got 8',
    ],
    [
      'an unknown enumerator',
      { color: 'PINK' },
      'color (enum color): expected one of RED, GREEN, BLUE or a number, got "PINK"',
    ],
    [
      'a long string',
      { name: 'much too long' },
      'name (char[8]): expected a string of at most 8 bytes or a Uint8Array of 8, got "much too long"',
    ],
    ['a short array', { mac: [1] }, 'mac (__u8[6]): expected an array of 6, got array of 1'],
    [
      'an element',
      {
        grid: [
          [1, 2, 'x'],
          [0, 0, 0],
        ],
      },
      'grid[0][2] (__u16): expected an integer from 0 to 65535, got "x"',
    ],
    ['a number for bool', { yes: 2 }, 'yes (_Bool): expected true or false, got 2'],
    [
      'a scalar for a struct',
      { bits: 1 },
      "bits (struct bits): expected an object with 'a', 'b', 'c', 'color', 'flag', got 1",
    ],
    ['an unknown member', { colour: 1 }, "value: struct everything has no member 'colour'"],
    ['a missing member', { u8: undefined }, "value (struct everything): 'u8' missing"],
    ['contradicting members of a union', { word: 1, bytes: [2, 0, 0, 0] }, 'contradicts'],
  ])('%s', (_, change, message) => {
    expect(writing(change)).toThrow(
      expect.objectContaining({
        name: 'WebpfError',
        code: 'bad-map',
        message: expect.stringContaining(message),
      }),
    );
  });

  it('too few bytes', () => {
    expect(() => codec.decode(new Uint8Array(3))).toThrow(/struct everything takes \d+ bytes, got 3/);
  });
});

describe('raw bytes', () => {
  it('go in and out as they are', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(rawCodec(3).decode(rawCodec(3).encode(bytes))).toEqual(bytes);
    expect(() => rawCodec(4).encode(bytes)).toThrow(
      /expected a Uint8Array of 4 bytes, got Uint8Array of 3 bytes/,
    );
  });
});

describe('hostile types', () => {
  const compile = (types: BtfType[], at: number) => () =>
    valueCodec({ types: [{ kind: 'void', name: '' }, ...types] }, at);
  const member = (name: string, type: number) => ({ name, type, bitOffset: 0, bitSize: 0 });

  it('a struct that contains itself', () => {
    const loop: BtfType = { kind: 'struct', name: 'loop', size: 8, members: [member('a', 1)] };
    expect(compile([loop], 1)).toThrow(/contains itself or nests over 64 deep/);
  });

  it('a typedef of itself', () => {
    expect(compile([{ kind: 'typedef', name: 't', type: 1 }], 1)).toThrow(/more than 32 names/);
  });

  it('structs that double at every level', () => {
    const doubling = Array.from({ length: 60 }, (_, i): BtfType => {
      const next = i === 59 ? 61 : i + 2;
      return { kind: 'struct', name: `s${i}`, size: 0, members: [member('a', next), member('b', next)] };
    });
    const leaf: BtfType = { kind: 'struct', name: 'leaf', size: 0, members: [] };
    expect(compile([...doubling, leaf], 1)()).toBeDefined();
    const int: BtfType = { kind: 'array', name: '', type: 0, indexType: 0, length: 1 };
    expect(compile([...doubling, int], 1)).toThrow(/bad|void|no value|nests/);
  });

  it('an array beyond memory', () => {
    const int: BtfType = { kind: 'int', name: 'u8', size: 1, encoding: 'unsigned', bits: 8, bitOffset: 0 };
    expect(compile([int, { kind: 'array', name: '', type: 1, indexType: 1, length: 0xffffffff }], 2)).toThrow(
      /holds more than 4194304 values/,
    );
  });

  it('a type without a value', () => {
    expect(compile([{ kind: 'fwd', name: 'f', of: 'struct' }], 1)).toThrow(/is a fwd, which has no value/);
  });
});

describe('type names', () => {
  const names = (of: Btf): string[] => {
    const struct = of.types[id('everything', 'struct')];
    return struct?.kind === 'struct' ? struct.members.map(({ type }) => typeName(of, type)) : [];
  };

  it('are written as in C', () => {
    expect(names(btf)).toEqual([
      '__u8',
      '__s16',
      'be32',
      '__s64',
      '_Bool',
      'char[8]',
      '__u8[6]',
      'enum color',
      'enum wide',
      'struct bits',
      'union {…}',
      'struct {…}',
      '__u16[2][3]',
      'float',
      'double',
      'const volatile char *restrict',
      'int (*)(struct forward *, int)',
      'struct everything *',
      '__int128',
    ]);
  });
});
