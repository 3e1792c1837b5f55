import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ethernet } from '../api/build.ts';
import { example, scratchFolder, webpf } from './harness.ts';

const files = scratchFolder();
let directories = 0;

/** Commands over a directory of pins of their own; each opens it anew. */
function pins() {
  const directory = files.path(`pins-${directories++}`);
  const run = (...argv: string[]) => webpf(argv, '', { WEBPF_PINS: directory });
  /** What a command prints as JSON. */
  const json = async (...argv: string[]): Promise<unknown> => {
    const { code, out, err } = await run(...argv, '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return JSON.parse(out);
  };
  return { directory, run, json };
}

const HOSTS = 'type hash key 4 value 2 entries 3 name hosts'.split(' ');
const one = ['0x01', '0x00', '0x00', '0x00'];

describe('webpf map', () => {
  it('makes maps, which other processes find', async () => {
    const { run, json, directory } = pins();
    expect(await json('map')).toEqual([]);
    expect(await run('map', 'create', 'net/hosts', ...HOSTS)).toMatchObject({ code: 0, out: '', err: '' });
    expect(await json('map', 'show', 'name', 'hosts')).toEqual({
      id: 1,
      type: 'hash',
      name: 'hosts',
      flags: 0,
      bytes_key: 4,
      bytes_value: 2,
      max_entries: 3,
      frozen: 0,
      pinned: ['net/hosts'],
    });
    const { out } = await webpf(['map', '--pins', directory]);
    expect(out).toBe(
      '1: hash  name hosts  flags 0x0\n\tkey 4B  value 2B  max_entries 3\n\tpinned net/hosts\n',
    );
  });

  it('updates, looks up, goes on to the next key, deletes, dumps', async () => {
    const { run, json } = pins();
    await run('map', 'create', 'hosts', ...HOSTS);
    const key = ['key', '1', '0', '0x0', '0'];
    expect(await json('map', 'update', 'id', '1', ...key, 'value', 'hex', 'ff', '0a', 'noexist')).toBeNull();
    expect(await json('map', 'lookup', 'pinned', 'hosts', ...key)).toEqual({
      key: one,
      value: ['0xff', '0x0a'],
    });
    expect(await json('map', 'getnext', 'id', '1')).toEqual({ key: null, next_key: one });
    expect(await json('map', 'dump', 'id', '1')).toEqual([{ key: one, value: ['0xff', '0x0a'] }]);
    expect((await run('map', 'dump', 'id', '1')).out).toBe(
      'key: 01 00 00 00  value: ff 0a\nFound 1 element\n',
    );
    expect((await run('map', 'getnext', 'id', '1')).out).toBe('key: None\nnext key:\n01 00 00 00\n');
    const again = await run('map', 'update', 'id', '1', ...key, 'value', '1', '2', 'noexist');
    expect(again).toMatchObject({ code: 1, err: expect.stringMatching(/-EEXIST/) });
    expect((await run('map', 'delete', 'id', '1', ...key)).code).toBe(0);
    const gone = await run('map', 'lookup', 'id', '1', ...key);
    expect(gone).toMatchObject({ code: 1, out: 'key:\n01 00 00 00\n\nNot found\n' });
  });

  it('has queues and stacks', async () => {
    const { run, json } = pins();
    await run('map', 'create', 'jobs', ...'type queue value 2 entries 4 name jobs'.split(' '));
    for (const value of ['1', '2']) await run('map', 'enqueue', 'name', 'jobs', 'value', value, '0');
    expect(await json('map', 'peek', 'name', 'jobs')).toEqual({ value: ['0x01', '0x00'] });
    expect((await run('map', 'dequeue', 'name', 'jobs')).out).toBe('value: 01 00\n');
    expect(await json('map', 'pop', 'name', 'jobs')).toEqual({ value: ['0x02', '0x00'] });
    expect(await run('map', 'pop', 'name', 'jobs')).toMatchObject({ code: 1, out: 'Error: empty map\n' });
  });

  it('has values of all CPUs, and maps in maps', async () => {
    const { run, json } = pins();
    await run('map', 'create', 'cpu', ...'type percpu_array key 4 value 4 entries 1 name cpu'.split(' '));
    await run('map', 'update', 'name', 'cpu', 'key', '0', '0', '0', '0', 'value', '7', '0', '0', '0');
    const zero = ['0x00', '0x00', '0x00', '0x00'];
    expect(await json('map', 'dump', 'name', 'cpu')).toEqual([
      { key: zero, values: [{ cpu: 0, value: ['0x07', '0x00', '0x00', '0x00'] }] },
    ]);
    await run('map', 'create', 'inner', ...HOSTS);
    const outer = 'type array_of_maps key 4 value 4 entries 2 name outer inner_map name hosts'.split(' ');
    expect(await run('map', 'create', 'outer', ...outer)).toMatchObject({ code: 0, err: '' });
    await run('map', 'update', 'name', 'outer', 'key', '1', '0', '0', '0', 'value', 'pinned', 'inner');
    expect(await json('map', 'lookup', 'name', 'outer', 'key', '1', '0', '0', '0')).toEqual({
      key: one,
      value: ['0x02', '0x00', '0x00', '0x00'],
    });
  });

  it('pins, unpins and freezes', async () => {
    const { run, json } = pins();
    await run('map', 'create', 'a', ...HOSTS);
    await run('map', 'pin', 'id', '1', 'b');
    await run('map', 'freeze', 'id', '1');
    expect(await json('map', 'show', 'id', '1')).toMatchObject({ pinned: ['a', 'b'], frozen: 1 });
    const update = await run('map', 'update', 'id', '1', 'key', '1', '0', '0', '0', 'value', '1', '2');
    expect(update).toMatchObject({ code: 1, err: expect.stringMatching(/-EPERM/) });
    await run('map', 'unpin', 'a');
    await run('map', 'unpin', 'b');
    expect(await json('map')).toEqual([]);
  });

  it.each([
    ['map frob', /"frob" is no command: there are show, list/],
    ['map dump', /which map .* is missing/],
    ['map dump hosts', /"hosts" does not say which map/],
    ['map dump name other', /there is no map with name "other"/],
    ['map dump pinned other', /-ENOENT: nothing is pinned at "other"/],
    ['map lookup name hosts key 1 0', /byte 3 of 4 of the key is missing/],
    ['map lookup name hosts key 1 0 0 256', /byte 4 of the key is "256"/],
    ['map lookup name hosts key 1 0 0 0 0', /"0" is one word too many/],
    ['map update name hosts key 1 0 0 0', /"value" must come at the end/],
    ['map create x type hush', /"hush" is no type of maps/],
    ['map create x', /a map needs a type/],
    ['map create x type hash key 4', /-EINVAL/],
    ['map create hosts type array key 4 value 4 entries 1', /-EEXIST/],
  ])('says what is wrong with "%s"', async (line, message) => {
    const { run } = pins();
    await run('map', 'create', 'hosts', ...HOSTS);
    expect(await run(...line.split(' '))).toMatchObject({ code: 1, err: expect.stringMatching(message) });
  });
});

describe('webpf prog', () => {
  const load = async () => {
    const made = pins();
    const loaded = await made.run('prog', 'loadall', example('flows.bpf.o'), 'flows', 'pinmaps', 'maps');
    expect(loaded).toMatchObject({ code: 0, err: '' });
    return made;
  };

  it('loads what an object has, with its maps', async () => {
    const { json } = await load();
    expect(await json('prog')).toEqual([
      expect.objectContaining({ id: 1, type: 'xdp', name: 'count_flows', pinned: ['flows/count_flows'] }),
    ]);
    const maps = (await json('map')) as { readonly name: string; readonly pinned: readonly string[] }[];
    expect(maps.map(({ name, pinned }) => [name, ...pinned])).toContainEqual(['sizes', 'maps/sizes']);
  });

  it('runs programs over packets; their maps are kept', async () => {
    const { run, json } = await load();
    const packet = await files.write('packet', ethernet(0x0806));
    const out = files.path('out');
    const words = ['data_in', packet, 'data_out', out, 'repeat', '3'];
    expect(await json('prog', 'run', 'name', 'count_flows', ...words)).toEqual({
      retval: 2,
      duration: expect.any(Number),
    });
    expect(new Uint8Array(await readFile(out))).toEqual(ethernet(0x0806));
    const [protocol] = (await json('map', 'dump', 'name', 'protocols')) as { formatted: object }[];
    expect(protocol?.formatted).toMatchObject({ values: [{ cpu: 0, value: { packets: 3 } }] });
    const short = await files.write('short', new Uint8Array(5));
    const refused = await run('prog', 'run', 'id', '1', 'data_in', short);
    expect(refused).toMatchObject({ code: 1, err: expect.stringMatching(/-EINVAL/) });
  });

  it('prints instructions', async () => {
    const { run, json } = await load();
    const lines = (await json('prog', 'dump', 'xlated', 'id', '1', 'opcodes')) as { disasm: string }[];
    expect(lines[0]).toEqual({ disasm: expect.stringMatching(/^\(..\) /), opcodes: expect.any(Array) });
    const path = files.path('code');
    await run('prog', 'dump', 'xlated', 'id', '1', 'file', path);
    expect((await readFile(path)).length % 8).toBe(0);
    expect((await run('prog', 'dump', 'xlated', 'id', '1')).out).toMatch(/^ {3}0: \(..\) .*\n/);
  });

  it("takes maps of others in the place of the object's", async () => {
    const { run, json } = await load();
    const words = ['map', 'name', 'sizes', 'pinned', 'maps/sizes', 'pinmaps', 'more'];
    expect(await run('prog', 'load', example('flows.bpf.o'), 'second', ...words)).toMatchObject({ err: '' });
    const sizes = (await json('map', 'show', 'pinned', 'more/sizes')) as { id: number; pinned: string[] };
    expect(sizes.pinned).toEqual(['maps/sizes', 'more/sizes']);
    const programs = (await json('prog')) as { map_ids: number[] }[];
    expect(programs.every(({ map_ids }) => map_ids.includes(sizes.id))).toBe(true);
    const wrong = await run(
      'prog',
      'load',
      example('flows.bpf.o'),
      'third',
      'map',
      'name',
      'sizes',
      'pinned',
      'maps/hosts6',
    );
    expect(wrong).toMatchObject({ code: 1, err: expect.stringMatching(/not of the shape/) });
    expect((await json('prog')) as unknown[]).toHaveLength(2);
  });
});
