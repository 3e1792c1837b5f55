import { describe, expect, it } from 'vitest';
import { openObject } from '../../src/frontend/object.ts';
import { ELF, objectBytes, patched } from './objects.ts';

const opening = (bytes: Uint8Array) => () => openObject(bytes, 'x.o');

describe('files that are no eBPF objects', () => {
  const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['nothing', new Uint8Array(0), /not an ELF file; an eBPF object compiled by/],
    ['text', new TextEncoder().encode('int main() {}\n'), /not an ELF file/],
    ['a 32-bit file', patched('text.o', ELF.class, 1), /a 32-bit ELF file; eBPF objects are 64-bit/],
    [
      'a big-endian file',
      patched('text.o', ELF.order, 2),
      /big-endian object; compile it with `-target bpfel`/,
    ],
    [
      'an x86 object',
      patched('text.o', ELF.machine, 62, 0),
      /an object for x86-64; compile it with `-target bpf`/,
    ],
    ['an unknown machine', patched('text.o', ELF.machine, 9, 0), /machine 9/],
    ['an executable', patched('text.o', ELF.type, 2, 0), /file type 2; a relocatable object/],
    ['a strange section table', patched('text.o', ELF.entrySize, 40, 0), /section headers of 40 bytes/],
    [
      'too many sections',
      patched('text.o', ELF.count, 0xf0, 0xf0),
      /section table at offset \d+ needs \d+ bytes/,
    ],
    [
      'a header only',
      objectBytes('text.o').slice(0, 40),
      /ELF header at offset 0 needs 64 bytes, but only 40/,
    ],
  ];
  it.each(cases)('%s', (_, bytes, message) => {
    expect(opening(bytes)).toThrow(
      expect.objectContaining({
        name: 'WebpfError',
        code: 'bad-elf',
        subject: 'x.o',
        message: expect.stringMatching(message),
      }),
    );
  });
});

describe('truncation', () => {
  it('is an error at every length, never a crash', () => {
    const bytes = objectBytes('maps.o');
    for (let length = 0; length < bytes.length; length += 7) {
      expect(opening(bytes.slice(0, length))).toThrow(expect.objectContaining({ name: 'WebpfError' }));
    }
  });
});
