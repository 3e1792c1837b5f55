import { describe, expect, it } from 'vitest';
import { valueCodec } from '../../src/frontend/btf/codec.ts';
import type { BtfType } from '../../src/frontend/btf/types.ts';
import { type SymbolSource, writeElf } from '../../src/frontend/elf/write.ts';
import { openObject } from '../../src/frontend/object.ts';

const PROGBITS = 1;
const CODE = 6;
const FUNCTION = 0x12;
const EXIT = [0x95, 0, 0, 0, 0, 0, 0, 0];

const words = (count: number, insn: readonly number[]): Uint8Array =>
  Uint8Array.from({ length: count * 8 }, (_, i) => insn[i & 7] ?? 0);

/** Seconds that opening a file may take, on a slow machine. */
const LIMIT = 5000;

function timed<T>(run: () => T): T {
  const start = performance.now();
  const result = run();
  expect(performance.now() - start).toBeLessThan(LIMIT);
  return result;
}

describe('small files that ask for much', () => {
  it('many programs that share a large subprogram', () => {
    const programs = 3000;
    const main = words(programs * 2, EXIT);
    const view = new DataView(main.buffer);
    for (let i = 0; i < programs; i++) view.setUint16(i * 16, 0x1085, true);
    const relocations = new Uint8Array(programs * 16);
    const table = new DataView(relocations.buffer);
    for (let i = 0; i < programs; i++) {
      table.setBigUint64(i * 16, BigInt(i * 16), true);
      table.setBigUint64(i * 16 + 8, (1n << 32n) | 10n, true);
      view.setInt32(i * 16 + 4, -1, true);
    }
    const large = words(20_000, EXIT);
    const symbols: SymbolSource[] = [
      { name: 'large', info: FUNCTION, section: 1, value: 0, size: large.length },
      ...Array.from({ length: programs }, (_, i) => ({
        name: `p${i}`,
        info: FUNCTION,
        section: 2,
        value: i * 16,
        size: 16,
      })),
    ];
    const sections = [
      { name: '.text', type: PROGBITS, flags: CODE, data: large },
      { name: 'xdp', type: PROGBITS, flags: CODE, data: main },
      { name: '.relxdp', type: 9, data: relocations, link: 3, info: 2 },
    ];
    const object = timed(() => openObject(writeElf(sections, symbols), 'x.o'));
    expect(object.programs.length).toBeGreaterThan(300);
    expect(object.programs[0]?.code.length).toBe((20_000 + 2) * 8);
    expect(object.refused.at(-1)?.error.message).toMatch(/link to more than 8000000 instructions/);
  });

  it('functions that call each other in a long chain', () => {
    const count = 30_000;
    const text = words(count * 2, EXIT);
    const view = new DataView(text.buffer);
    for (let i = 0; i < count - 1; i++) {
      view.setUint16(i * 16, 0x1085, true);
      view.setInt32(i * 16 + 4, 1, true);
    }
    const symbols = Array.from({ length: count }, (_, i) => ({
      name: `f${i}`,
      info: i === 0 ? FUNCTION : 2,
      section: 1,
      value: i * 16,
      size: 16,
    }));
    const file = writeElf([{ name: '.text', type: PROGBITS, flags: CODE, data: text }], symbols);
    const [program] = timed(() => openObject(file, 'x.o')).programs;
    expect(program?.subprograms.length).toBe(count);
  });

  it('sections that all hold the same bytes', () => {
    const file = writeElf([], []);
    const bytes = writeElf(
      Array.from({ length: 200 }, (_, i) => ({ name: `.rel${i}`, type: 9, data: file.slice(0, 64) })),
      [],
    );
    const view = new DataView(bytes.buffer);
    const table = Number(view.getBigUint64(40, true));
    for (let i = 1; i <= 200; i++) {
      view.setBigUint64(table + i * 64 + 24, 64n, true);
      view.setBigUint64(table + i * 64 + 32, 12_800n, true);
    }
    expect(() => openObject(bytes, 'x.o')).toThrow(/sections overlap/);
  });

  it('a .bss of gigabytes', () => {
    const bytes = writeElf([{ name: '.bss', type: 8, flags: 3, data: new Uint8Array(0) }], []);
    const view = new DataView(bytes.buffer);
    const table = Number(view.getBigUint64(40, true));
    view.setBigUint64(table + 64 + 32, 0x4000_0000n, true);
    expect(() => openObject(bytes, 'x.o')).toThrow(/sections claim 1073741824 bytes of memory/);
  });

  it('unions in unions, all of whose members are given', () => {
    const int: BtfType = { kind: 'int', name: 'u8', size: 1, encoding: 'unsigned', bits: 8, bitOffset: 0 };
    const unions = Array.from(
      { length: 50 },
      (_, i): BtfType => ({
        kind: 'union',
        name: `u${i}`,
        size: 1,
        members: [i === 49 ? 1 : i + 3, 1].map((type, k) => ({
          name: `m${k}`,
          type,
          bitOffset: 0,
          bitSize: 0,
        })),
      }),
    );
    const codec = valueCodec({ types: [{ kind: 'void', name: '' }, int, ...unions] }, 2);
    const bytes = Uint8Array.of(7);
    expect(timed(() => codec.encode(codec.decode(bytes)))).toEqual(bytes);
  });
});
