import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CapturedPacket, openCapture, type PacketToWrite, writePcap } from '../../src/capture/index.ts';
import { WebpfError } from '../../src/errors.ts';
import { packetOf } from './build.ts';

const packets: readonly PacketToWrite[] = [
  { data: packetOf(60, 1), timestampNs: 1_700_000_000_123_456_789n },
  { data: packetOf(0, 2), timestampNs: 0n },
  { data: packetOf(14, 3), timestampNs: 4_294_967_295_999_999_999n, originalLength: 1514 },
];

/** The error that reading a file gives, and the packets before it. */
function readBroken(bytes: Uint8Array): { packets: CapturedPacket[]; error: WebpfError | undefined } {
  const packets: CapturedPacket[] = [];
  try {
    for (const packet of openCapture(bytes, 'x.pcap')) packets.push(packet);
  } catch (error) {
    if (!(error instanceof WebpfError)) throw error;
    return { packets, error };
  }
  return { packets, error: undefined };
}

const edited = (bytes: Uint8Array, at: number, ...values: number[]): Uint8Array => {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
};

describe('pcap', () => {
  for (const resolution of ['us', 'ns'] as const) {
    for (const littleEndian of [true, false]) {
      it(`reads what was written in ${resolution}, ${littleEndian ? 'little' : 'big'} endian`, () => {
        const bytes = writePcap(packets, { resolution, littleEndian, linkType: 101 });
        const read = [...openCapture(bytes)];
        const unit = resolution === 'ns' ? 1n : 1000n;
        expect(read).toEqual(
          packets.map(({ data, timestampNs = 0n, originalLength = data.length }) => ({
            data,
            timestampNs: timestampNs - (timestampNs % unit),
            originalLength,
            interface: 0,
            linkType: 101,
          })),
        );
      });
    }
  }

  it('gives views into the file, and can be iterated again', () => {
    const bytes = writePcap(packets);
    const capture = openCapture(bytes, 'x.pcap');
    expect(capture).toMatchObject({ format: 'pcap', name: 'x.pcap', size: bytes.length });
    expect([...capture][0]?.data.buffer).toBe(bytes.buffer);
    expect([...capture]).toHaveLength(3);
  });

  it('cuts packets at the snap length and keeps their length on the wire', () => {
    const [packet] = openCapture(writePcap([{ data: packetOf(100) }], { snapLength: 32 }));
    expect(packet?.data).toEqual(packetOf(32));
    expect(packet?.originalLength).toBe(100);
  });

  it('takes the lengths of version 2.2 the other way round', () => {
    const bytes = edited(writePcap([{ data: packetOf(10), originalLength: 99 }]), 6, 2);
    bytes.set([99, 0, 0, 0, 10, 0, 0, 0], 32);
    expect([...openCapture(bytes)]).toMatchObject([{ originalLength: 99, data: packetOf(10) }]);
  });

  it('ignores the frame-check-sequence bits of the link type', () => {
    const bytes = edited(writePcap(packets), 23, 0xf4);
    expect([...openCapture(bytes)][0]?.linkType).toBe(1);
  });

  it('gives all packets of a file cut short anywhere, then says where', () => {
    const bytes = writePcap(packets);
    const whole = [24, 24 + 16 + 60, 24 + 32 + 60, bytes.length];
    for (let length = 24; length <= bytes.length; length++) {
      const { packets: read, error } = readBroken(bytes.subarray(0, length));
      expect(read).toHaveLength(whole.filter((end) => end <= length).length - 1);
      if (whole.includes(length)) expect(error).toBeUndefined();
      else
        expect(error?.message).toMatch(
          /^x\.pcap: at byte \d+: the file is cut short: a record takes \d+ bytes/,
        );
    }
  });

  it('hands damage to onDamage and ends', () => {
    const errors: WebpfError[] = [];
    const bytes = writePcap(packets).subarray(0, -3);
    const capture = openCapture(bytes, 'x.pcap', { onDamage: (error) => errors.push(error) });
    expect([...capture]).toHaveLength(2);
    expect(errors.map(({ code, stage }) => [code, stage])).toEqual([['bad-capture', 'capture']]);
  });

  it.each([
    ['an empty file', new Uint8Array(0), 'at byte 0: a file of 0 bytes is too short'],
    [
      'half a header',
      writePcap([]).subarray(0, 20),
      'at byte 0: the file is cut short: a record takes 24 bytes',
    ],
    [
      'text',
      new TextEncoder().encode('#!/bin/sh'),
      'neither pcap nor pcapng: the file begins with 23 21 2f 62',
    ],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0), '(gzip: unpack it first)'],
    ['another version', edited(writePcap([]), 4, 1), 'at byte 4: pcap version 1.4'],
    ['a huge record', edited(writePcap(packets), 35, 0x7f), 'at byte 32: the record claims 2130706492 bytes'],
  ])('refuses %s', (_, bytes, message) => {
    const { packets: read, error } = readBroken(bytes);
    expect(read).toEqual([]);
    expect(error?.code).toBe('bad-capture');
    expect(error?.message).toContain(message);
  });

  it('refuses to write what the format cannot hold', () => {
    expect(() => writePcap([{ data: packetOf(1), timestampNs: -1n }])).toThrow('it must be a whole number');
    expect(() => writePcap([{ data: packetOf(1), timestampNs: 1n << 64n }])).toThrow(
      'timestampNs in seconds',
    );
    expect(() => writePcap([{ data: packetOf(1), originalLength: 1.5 }])).toThrow('originalLength is 1.5');
    expect(() => writePcap([], { linkType: 70_000 })).toThrow('linkType is 70000');
  });

  it('answers any mutation with packets or a bad-capture error', () => {
    const original = writePcap(packets);
    const mutation = fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(mutation, fc.nat(original.length), (changes, cut) => {
        const bytes = original.slice(0, original.length - (cut % 9));
        for (const [at, value] of changes) bytes[at] = value;
        const { error } = readBroken(bytes);
        expect(error?.code ?? 'bad-capture').toBe('bad-capture');
      }),
      { numRuns: 500 },
    );
  });
});
