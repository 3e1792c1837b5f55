import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readElf } from '../../../src/frontend/elf/read.ts';
import { SHT_PROGBITS } from '../../../src/frontend/elf/types.ts';
import { type SectionSource, type SymbolSource, writeElf } from '../../../src/frontend/elf/write.ts';
import { readTypes } from '../../../src/frontend/objectTypes.ts';
import { linkObjects, open, type WebpfError } from '../../../src/index.ts';
import { engines } from '../../api/build.ts';

const path = (name: string): string => fileURLToPath(new URL(`../../objects/${name}.o`, import.meta.url));
const input = (name: string) => ({ name, bytes: readFileSync(path(name)) });
const HALVES = ['linked-main', 'linked-parts'];

/** What `entry` gives back: its halves' own `seen` and `letter`, the strong `chosen`, the first `first`. */
const entryResult = (seen: number): bigint => {
  const mains = seen + 'm'.charCodeAt(0);
  const parts = mains - 'p'.charCodeAt(0) + 2 + 101;
  return BigInt(parts * 1000 + 2 + 10);
};

describe.each(engines)('linked objects, in %s', (engine) => {
  it('are one: functions, variables and maps of each other', async () => {
    using object = await open(HALVES.map(path), { engine });
    const entry = await object.program('entry');
    const jump = await object.program('jump');
    const counts = object.map('counts');
    expect(entry.run(new Uint8Array(64)).r0).toBe(entryResult(4));
    expect([...counts]).toEqual([]);
    expect(jump.run(new Uint8Array(64)).r0).toBe(77n);
    expect([...counts]).toEqual([[1, 5n]]);
    entry.run(new Uint8Array(64));
    expect([...counts]).toEqual([[1, 6n]]);
  });

  it('are the same in the other order, but for which weak function is the first', async () => {
    using object = await open(HALVES.toReversed().map(path), { engine });
    expect((await object.program('entry')).run(new Uint8Array(64)).r0).toBe(entryResult(4) + 10n);
  });
});

const failure = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return `${(error as WebpfError).code}: ${(error as Error).message}`;
  }
  return 'nothing';
};

describe('the linker', () => {
  it('merges equal types and declares each global name once', () => {
    const linked = readElf(linkObjects(HALVES.map(input)), 'linked');
    const { btf, ext } = readTypes(linked);
    const named = (wanted: string): number => btf?.types.filter(({ name }) => name === wanted).length ?? 0;
    expect(['point', 'xdp_md', 'int', 'scaled', 'calls', 'counts', '_license'].map(named)).toEqual([
      1, 1, 1, 1, 1, 1, 1,
    ]);
    expect(['seen', 'letter'].map(named)).toEqual([2, 2]);
    const offsets = ext.get('xdp')?.functions.map(({ offset }) => offset);
    expect(offsets).toEqual([...(offsets ?? [])].sort((a, b) => a - b));
    expect(offsets).toHaveLength(3);
  });

  it('links what was linked, and leaves open what nothing defines', () => {
    const once = linkObjects([input('linked-main')]);
    expect(readElf(once, 'once').symbols.find(({ name }) => name === 'scaled')?.section).toBe(0);
    const twice = linkObjects([{ name: 'once', bytes: once }, input('linked-parts')]);
    expect(twice).toEqual(linkObjects(HALVES.map(input)));
  });

  it('tells what does not fit', () => {
    const main = input('linked-main');
    expect(failure(() => linkObjects([]))).toBe('link: there is no object to link');
    expect(failure(() => linkObjects([main, { ...main, name: 'again' }]))).toBe(
      "link: 'entry' is defined in linked-main and in again",
    );
    expect(failure(() => linkObjects([main, { name: 'x', bytes: Uint8Array.of(1, 2, 3, 4) }]))).toMatch(
      /^bad-elf: x: /,
    );
  });

  const GLOBAL_OBJECT = 0x11;
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const built = (
    name: string,
    sections: readonly SectionSource[],
    symbols: readonly SymbolSource[] = [],
  ) => ({
    name,
    bytes: writeElf(sections, symbols),
  });
  const license = (value: string): SectionSource => ({
    name: 'license',
    type: SHT_PROGBITS,
    data: text(value),
  });

  it('wants one license, and sections of one kind', () => {
    expect(failure(() => linkObjects([built('a', [license('GPL')]), built('b', [license('MIT')])]))).toBe(
      "link: b: section 'license' differs from that of the objects before",
    );
    const data = { name: '.data', type: SHT_PROGBITS, data: text('1234') };
    expect(failure(() => linkObjects([built('a', [data]), built('b', [{ ...data, flags: 3 }])]))).toBe(
      "link: b: section '.data' (type 1, flags 3) is of another kind than in the objects before (type 1, flags 0)",
    );
  });

  it('keeps places as their alignment asks, and symbols without types', () => {
    const section = (data: string, align: number): SectionSource => ({
      name: '.data',
      type: SHT_PROGBITS,
      data: text(data),
      align,
    });
    const symbol = { name: 'x', info: GLOBAL_OBJECT, section: 1, value: 1, size: 1 };
    const linked = readElf(
      linkObjects([built('a', [section('abc', 1)]), built('b', [section('xyz', 8)], [symbol])]),
      'linked',
    );
    expect(linked.sections[1]).toMatchObject({ name: '.data', size: 11, align: 8 });
    expect(linked.symbols.find(({ name }) => name === 'x')).toMatchObject({ section: 1, value: 9 });
  });

  it('does not link relocations with addends, and common symbols', () => {
    const rela = { name: '.rela.data', type: 4, data: new Uint8Array(24), info: 1, link: 'symbols' as const };
    const data = { name: '.data', type: SHT_PROGBITS, data: text('1234') };
    expect(failure(() => linkObjects([built('a', [data, rela])]))).toBe(
      "link: a: '.rela.data' has relocations with addends (SHT_RELA)",
    );
    const common = { name: 'x', info: GLOBAL_OBJECT, section: 0xfff2, value: 4, size: 4 };
    expect(failure(() => linkObjects([built('a', [data], [common])]))).toBe(
      "link: a: 'x' is in special section 0xfff2; compile with -fno-common",
    );
  });
});
