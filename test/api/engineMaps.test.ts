import { describe, expect, it } from 'vitest';
import * as layout from '../../src/abi/layout.ts';
import { abi, Engine, mapTypeName, mapTypeNumber } from '../../src/index.ts';
import { mapSpec } from '../conformance/maps.ts';

describe('maps of an engine', () => {
  it('never have the id of one that is gone', async () => {
    using engine = await Engine.create({ engine: 'interp' });
    const create = () => engine.createMap(mapSpec('counts', abi.MAP_TYPE_ARRAY, 4, 8, 4));
    const idOf = ({ address }: { readonly address: number }) => engine.memory.u32(address + layout.MAP_ID);
    const [first, second] = [create(), create()];
    const known = [idOf(first), idOf(second)];
    engine.destroyMap(first);
    expect(known).not.toContain(idOf(create()));
  });

  it('of maps take the shape of the inner ones and leave no template behind', async () => {
    using engine = await Engine.create({ engine: 'interp' });
    const inner = mapSpec('inner', abi.MAP_TYPE_ARRAY, 4, 8, 4);
    const outer = engine.createMap({ ...mapSpec('outer', abi.MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 1), inner });
    expect([...engine.maps].filter(({ spec }) => spec.name === 'inner')).toEqual([]);
    const key = new Uint8Array(4);
    const put = (spec: typeof inner) =>
      outer.update(key, new Uint8Array(Uint32Array.of(engine.createMap(spec).address).buffer));
    put(inner);
    expect(() => put(mapSpec('other', abi.MAP_TYPE_HASH, 4, 8, 4))).toThrow(/EINVAL|22/);
  });
});

describe('types of maps', () => {
  it('have the names of the kernel', () => {
    expect([mapTypeName(abi.MAP_TYPE_HASH), mapTypeNumber('lpm_trie')]).toEqual(['hash', 11]);
    expect([mapTypeName(99), mapTypeNumber('no_such')]).toEqual(['type 99', undefined]);
  });
});
