import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCapture } from '../../src/capture/index.ts';
import { WebpfError } from '../../src/errors.ts';
import { NgBuilder, packetOf } from './build.ts';

const TSRESOL = 9;
const TSOFFSET = 14;
const read = (bytes: Uint8Array) => [...openCapture(bytes, 'x.pcapng')];

describe('pcapng', () => {
  for (const little of [true, false]) {
    it(`reads every packet block, ${little ? 'little' : 'big'} endian`, () => {
      const file = new NgBuilder(little)
        .section()
        .interface(1, 20)
        .enhanced(0, 1_700_000_000_123_456n, packetOf(9), 99)
        .obsolete(0, 5n, packetOf(4))
        .block(5, packetOf(40))
        .simple(50, packetOf(20, 4))
        .simple(3, packetOf(3, 5));
      expect(read(file.bytes)).toEqual([
        {
          data: packetOf(9),
          timestampNs: 1_700_000_000_123_456_000n,
          originalLength: 99,
          interface: 0,
          linkType: 1,
        },
        { data: packetOf(4), timestampNs: 5_000n, originalLength: 4, interface: 0, linkType: 1 },
        { data: packetOf(20, 4), timestampNs: 0n, originalLength: 50, interface: 0, linkType: 1 },
        { data: packetOf(3, 5), timestampNs: 0n, originalLength: 3, interface: 0, linkType: 1 },
      ]);
    });
  }

  it('counts interfaces through sections of either byte order, each with its own link type', () => {
    const first = new NgBuilder(true)
      .section()
      .interface(1, 0)
      .interface(101, 0)
      .enhanced(1, 1n, packetOf(1));
    const second = new NgBuilder(false).section().interface(113, 0).enhanced(0, 2n, packetOf(2));
    const packets = read(Uint8Array.of(...first.bytes, ...second.bytes));
    expect(packets.map((packet) => [packet.interface, packet.linkType, packet.timestampNs])).toEqual([
      [1, 101, 1_000n],
      [2, 113, 2_000n],
    ]);
  });

  it.each([
    ['nanoseconds', 9, 0n, 1_234_567_890_123n, 1_234_567_890_123n],
    ['seconds', 0, 0n, 17n, 17_000_000_000n],
    ['picoseconds', 12, 0n, 5_999n, 5n],
    ['1/1024 s', 0x8a, 0n, 1536n, 1_500_000_000n],
    ['microseconds from an offset', 6, 100n, 7n, 100_000_007_000n],
    ['microseconds before 1970', 6, -100n, 7n, -99_999_993_000n],
    ['the finest decimal unit', 127, 0n, 0xffff_ffff_ffff_ffffn, 0n],
  ])('reads time in %s', (_, resolution, offset, ticks, expected) => {
    const ng = new NgBuilder();
    ng.section()
      .interface(
        1,
        0,
        ng.option(2, packetOf(3)),
        ng.option(TSRESOL, Uint8Array.of(resolution)),
        ng.option(TSOFFSET, ng.i64(offset)),
        ng.option(0, packetOf(0)),
      )
      .enhanced(0, ticks, packetOf(1));
    expect(read(ng.bytes)[0]?.timestampNs).toBe(expected);
  });

  const ng = new NgBuilder();
  const begun = () => new NgBuilder().section().interface(1, 0);
  it.each([
    [
      'a foreign byte-order mark',
      new NgBuilder().block(0x0a0d0d0a, packetOf(16)),
      'at byte 8: the section header lacks',
    ],
    [
      'version 2',
      new NgBuilder().block(0x0a0d0d0a, ng.u32(0x1a2b3c4d), ng.u16(2, 0), packetOf(8)),
      'pcapng version 2.0',
    ],
    [
      'a packet before any interface',
      new NgBuilder().section().enhanced(0, 1n, packetOf(4)),
      'at byte 28: a packet of interface 0; the section has described 0',
    ],
    ['a packet of an unknown interface', begun().enhanced(3, 1n, packetOf(4)), 'a packet of interface 3'],
    [
      'a packet longer than its block',
      begun().block(6, ng.u32(0, 0, 0, 400, 400), packetOf(8)),
      'a packet of 400 bytes in a block with room for 8',
    ],
    ['a packet block without fields', begun().block(6, packetOf(8)), 'a packet block with a body of 8 bytes'],
    [
      'an interface without fields',
      new NgBuilder().section().block(1, packetOf(4)),
      'an interface description with a body of 4 bytes',
    ],
    [
      'an option past its block',
      new NgBuilder().section().interface(1, 0, ng.u16(9, 400)),
      'option 9 of 400 bytes runs past',
    ],
    [
      'a resolution of 4 bytes',
      new NgBuilder().section().interface(1, 0, ng.option(9, packetOf(4))),
      'option if_tsresol of 4 bytes',
    ],
  ])('refuses %s', (_, file, message) => {
    expect(() => read(file.bytes)).toThrow(message);
  });

  it('refuses lengths that disagree, are too small, crooked or huge', () => {
    const { bytes } = begun().enhanced(0, 1n, packetOf(4));
    const withLength = (value: number) => {
      const copy = bytes.slice();
      new DataView(copy.buffer).setUint32(48 + 4, value, true);
      return () => read(copy);
    };
    expect(withLength(32)).toThrow('a block of 32 bytes ends with the length');
    expect(withLength(8)).toThrow('a block of type 0x6 of 8 bytes');
    expect(withLength(38)).toThrow('not a multiple of 4');
    expect(withLength(0x7000_0000)).toThrow('more than the limit');
    expect(withLength(400)).toThrow(
      'at byte 48: the file is cut short: a record takes 400 bytes and 36 are left',
    );
  });

  it('answers any mutation with packets or a bad-capture error', () => {
    const { bytes: original } = begun()
      .enhanced(0, 1n, packetOf(14))
      .simple(9, packetOf(9))
      .obsolete(0, 3n, packetOf(5));
    const mutation = fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(mutation, (changes) => {
        const bytes = original.slice();
        for (const [at, value] of changes) bytes[at] = value;
        try {
          read(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WebpfError);
          expect(error).toMatchObject({ code: 'bad-capture', stage: 'capture' });
        }
      }),
      { numRuns: 500 },
    );
  });
});
