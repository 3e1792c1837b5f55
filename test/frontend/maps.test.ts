import { describe, expect, it } from 'vitest';
import * as abi from '../../src/abi/maps.ts';
import { valueCodec } from '../../src/frontend/btf/codec.ts';
import { typeName } from '../../src/frontend/btf/name.ts';
import type { MapSpec } from '../../src/frontend/program.ts';
import { map, open } from './objects.ts';

const typesOf = ({ btf, keyTypeId, valueTypeId }: MapSpec) =>
  btf && [keyTypeId ?? 0, valueTypeId ?? 0].map((id) => typeName(btf, id));

describe('BTF-defined maps', () => {
  const object = open('maps.o');

  it('have the sizes and types of their key and value', () => {
    const flows = map(object, 'flows');
    expect(flows).toMatchObject({ type: abi.MAP_TYPE_HASH, keySize: 8, valueSize: 16, maxEntries: 1024 });
    expect(flows.flags).toBe(abi.BPF_F_NO_PREALLOC);
    expect(typesOf(flows)).toEqual(['struct flow', 'struct stats']);
  });

  it('have plain sizes and the other attributes', () => {
    expect(map(object, 'sized')).toMatchObject({ keySize: 4, valueSize: 24, pinning: 1, numaNode: 0 });
    expect(map(object, 'bloom')).toMatchObject({ type: abi.MAP_TYPE_BLOOM_FILTER, keySize: 0, mapExtra: 3n });
  });

  it('have ring buffers rounded up to 2^n pages', () => {
    expect(map(object, 'ring').maxEntries).toBe(8192);
  });

  it('have inner maps and initial slots', () => {
    const outer = map(object, 'outer');
    expect(outer.inner).toMatchObject({ type: abi.MAP_TYPE_ARRAY, keySize: 4, valueSize: 8, maxEntries: 1 });
    expect(outer).toMatchObject({ keySize: 4, valueSize: 4, maxEntries: 8 });
    expect(outer.slots).toEqual([
      { index: 1, kind: 'map', name: 'one' },
      { index: 5, kind: 'map', name: 'two' },
    ]);
  });

  it('have programs in their slots', () => {
    expect(map(object, 'programs').slots).toEqual([
      { index: 0, kind: 'program', name: 'target' },
      { index: 3, kind: 'program', name: 'jump' },
    ]);
  });
});

describe('legacy maps', () => {
  const object = open('legacy.o');

  it('are read from a maps section', () => {
    expect(map(object, 'counts')).toMatchObject({
      type: 1,
      keySize: 4,
      valueSize: 8,
      maxEntries: 100,
      flags: 1,
    });
    expect(map(object, 'outer').inner?.name).toBe('counts');
    expect(
      object.programs.map(({ name, type, maps }) => [name, type, maps.map((each) => each.name)]),
    ).toEqual([['count', 'socket_filter', ['counts', 'outer']]]);
  });
});

describe('data sections', () => {
  const object = open('data.v3.o');
  const values = (name: string) => {
    const { btf, valueTypeId = 0, data, valueSize } = map(object, name);
    return btf && valueCodec(btf, valueTypeId).decode(data ?? new Uint8Array(valueSize));
  };

  it('are arrays of one value, .rodata frozen and read-only to programs', () => {
    expect(map(object, '.rodata')).toMatchObject({ type: 2, maxEntries: 1, frozen: true });
    expect(map(object, '.rodata').flags).toBe(abi.BPF_F_RDONLY_PROG);
    expect(map(object, '.data')).toMatchObject({ frozen: false, flags: 0 });
    expect(map(object, '.bss').data).toBeUndefined();
  });

  it('decode to their variables', () => {
    expect(values('.rodata')).toEqual({
      limit: 42,
      constants: [
        { left: 1, right: 2n },
        { left: 3, right: 4n },
      ],
    });
    expect(values('.data')).toEqual({ level: -5, text: 'webpf', hidden_a: 7, hidden_b: 9 });
    expect(values('.data.custom')).toEqual({ custom: 0x1234 });
  });
});
