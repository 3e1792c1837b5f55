import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { abi, Bpf, programFromAssembly, WebpfError } from '../../src/index.ts';
import { engines, ethernet, mapSpec } from '../api/build.ts';

const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const long = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);
const packet = ethernet(0x0800);

const HASH = { mapType: abi.MAP_TYPE_HASH, keySize: 4, valueSize: 8, maxEntries: 4, mapName: 'hosts' };

function errnoOf(work: () => unknown): number | undefined {
  try {
    work();
    return 0;
  } catch (error) {
    return error instanceof WebpfError && error.code === 'syscall' ? error.errno : undefined;
  }
}

const COUNT = `
  *(u32 *)(r10 - 4) = 0
  r1 = map[counts]
  r2 = r10
  r2 += -4
  call bpf_map_lookup_elem
  if r0 == 0 goto out
  r1 = 1
  lock *(u64 *)(r0 + 0) += r1
  out:
  r0 = 2
  exit`;
const counter = () =>
  programFromAssembly(COUNT, { name: 'count', type: 'xdp', maps: [mapSpec('counts', abi.MAP_TYPE_ARRAY)] });
const ARRAY = { mapType: abi.MAP_TYPE_ARRAY, keySize: 4, valueSize: 8, maxEntries: 4, mapName: 'counts' };

describe('maps', () => {
  it('elements: created, found, replaced, walked, taken, deleted', async () => {
    using bpf = await Bpf.open();
    const mapFd = bpf.mapCreate(HASH);
    bpf.mapUpdateElem({ mapFd, key: word(1), value: long(10n) });
    bpf.mapUpdateElem({ mapFd, key: word(2), value: long(20n) });
    expect(bpf.mapLookupElem({ mapFd, key: word(1) })).toEqual(long(10n));
    const first = bpf.mapGetNextKey({ mapFd });
    const second = bpf.mapGetNextKey({ mapFd, key: first });
    expect([first, second].map((key) => key[0]).sort()).toEqual([1, 2]);
    expect(errnoOf(() => bpf.mapGetNextKey({ mapFd, key: second }))).toBe(abi.ENOENT);
    expect(bpf.mapLookupAndDeleteElem({ mapFd, key: word(1) })).toEqual(long(10n));
    bpf.mapDeleteElem({ mapFd, key: word(2) });
    expect(errnoOf(() => bpf.mapDeleteElem({ mapFd, key: word(2) }))).toBe(abi.ENOENT);
  });

  it.each<[string, number, (bpf: Bpf, mapFd: number) => unknown]>([
    ['no descriptor', abi.EBADF, (bpf) => bpf.mapLookupElem({ mapFd: 99, key: word(0) })],
    [
      'a key of another size',
      abi.EINVAL,
      (bpf, mapFd) => bpf.mapLookupElem({ mapFd, key: new Uint8Array(3) }),
    ],
    ['no such element', abi.ENOENT, (bpf, mapFd) => bpf.mapLookupElem({ mapFd, key: word(7) })],
    ['unknown flags', abi.EINVAL, (bpf, mapFd) => bpf.mapLookupElem({ mapFd, key: word(7), flags: 64 })],
    [
      'an element that is there',
      abi.EEXIST,
      (bpf, mapFd) => {
        const element = { mapFd, key: word(1), value: long(1n), flags: abi.BPF_NOEXIST };
        bpf.mapUpdateElem(element);
        bpf.mapUpdateElem(element);
      },
    ],
    ['a type that is none', abi.EINVAL, (bpf) => bpf.mapCreate({ ...HASH, mapType: 99 })],
    ['a name too long', abi.EINVAL, (bpf) => bpf.mapCreate({ ...HASH, mapName: 'a'.repeat(16) })],
    ['map_extra where there is none', abi.EINVAL, (bpf) => bpf.mapCreate({ ...HASH, mapExtra: 1n })],
    [
      'a map that is frozen',
      abi.EPERM,
      (bpf, mapFd) => {
        bpf.mapFreeze({ mapFd });
        bpf.mapUpdateElem({ mapFd, key: word(1), value: long(1n) });
      },
    ],
    [
      'a descriptor for reading alone',
      abi.EPERM,
      (bpf) => {
        const mapFd = bpf.mapCreate({ ...HASH, mapFlags: abi.BPF_F_RDONLY });
        bpf.mapUpdateElem({ mapFd, key: word(1), value: long(1n) });
      },
    ],
  ])('refuses %s with error %i', async (_, errno, work) => {
    using bpf = await Bpf.open();
    const mapFd = bpf.mapCreate(HASH);
    expect(errnoOf(() => work(bpf, mapFd))).toBe(errno);
  });

  it('batches go on where the last has ended, and say how far they came', async () => {
    using bpf = await Bpf.open();
    const mapFd = bpf.mapCreate({ ...HASH, maxEntries: 100 });
    const keys = Array.from({ length: 50 }, (_, i) => word(i));
    expect(bpf.mapUpdateBatch({ mapFd, keys, values: keys.map(() => long(5n)) })).toBe(50);
    const seen: number[] = [];
    let inBatch: Uint8Array | undefined;
    do {
      const batch = bpf.mapLookupBatch({ mapFd, count: 7, inBatch });
      seen.push(...batch.keys.map((key) => key[0] ?? 0));
      inBatch = batch.outBatch;
    } while (inBatch !== undefined);
    expect(seen.sort((a, b) => a - b)).toEqual(keys.map((key) => key[0]));
    expect(() => bpf.mapDeleteBatch({ mapFd, keys: [word(0), word(99)] })).toThrow(
      expect.objectContaining({ errno: abi.ENOENT, count: 1 }),
    );
    expect(bpf.mapLookupAndDeleteBatch({ mapFd, count: 100 }).keys).toHaveLength(49);
    expect(errnoOf(() => bpf.mapGetNextKey({ mapFd }))).toBe(abi.ENOENT);
  });

  it('live as long as something refers to them', async () => {
    using bpf = await Bpf.open();
    const mapFd = bpf.mapCreate(HASH);
    const { id } = bpf.objGetInfoByFd({ bpfFd: mapFd });
    const other = bpf.getFdById('map', id);
    bpf.closeFd(mapFd);
    expect(bpf.objGetInfoByFd({ bpfFd: other })).toMatchObject({
      kind: 'map',
      type: 'hash',
      name: 'hosts',
      references: 1,
    });
    bpf.closeFd(other);
    expect(errnoOf(() => bpf.getFdById('map', id))).toBe(abi.ENOENT);
    expect(errnoOf(() => bpf.getNextId('map'))).toBe(abi.ENOENT);
  });
});

describe.each(engines)('programs in %s', (engine) => {
  it('load with maps by descriptor, and run', async () => {
    using bpf = await Bpf.open({ engine });
    const mapFd = bpf.mapCreate(ARRAY);
    const program = counter();
    const progFd = await bpf.progLoad({ program, mapFds: [mapFd] });
    const stats = bpf.enableStats();
    const result = await bpf.progTestRun({ progFd, dataIn: packet, repeat: 3 });
    expect(result).toMatchObject({ retval: 2, dataOut: packet });
    bpf.closeFd(stats);
    await bpf.progTestRun({ progFd, dataIn: packet });
    expect(bpf.mapLookupElem({ mapFd, key: word(0) })).toEqual(long(4n));
    const info = bpf.objGetInfoByFd({ bpfFd: progFd });
    expect(info).toMatchObject({ kind: 'prog', name: 'count', type: 'xdp', runCnt: 3n });
    bpf.closeFd(mapFd);
    expect((await bpf.progTestRun({ progFd, dataIn: packet })).retval).toBe(2);
  });

  it('are refused with the reason of the verifier', async () => {
    using bpf = await Bpf.open({ engine });
    const program = programFromAssembly('r0 = *(u64 *)(r1 + 4096)\nexit', { name: 'bad', type: 'xdp' });
    await expect(bpf.progLoad({ program })).rejects.toMatchObject({ code: 'syscall', errno: 13 });
    expect(errnoOf(() => bpf.getNextId('prog'))).toBe(abi.ENOENT);
  });

  it('links run them when the host fires the hook, until they go', async () => {
    using bpf = await Bpf.open({ engine });
    const load = (value: number) =>
      bpf.progLoad({ program: programFromAssembly(`r0 = ${value}\nexit`, { name: 'p', type: 'xdp' }) });
    const [first, second] = [await load(1), await load(2)];
    const link = bpf.linkCreate({ progFd: first, target: 'eth0' });
    const other = bpf.linkCreate({ progFd: second, target: 'eth0' });
    const fired = async () => (await bpf.fire('eth0', packet)).map(({ r0 }) => Number(r0));
    expect(await fired()).toEqual([1, 2]);
    expect(bpf.progQuery({ target: 'eth0' })).toHaveLength(2);
    expect(errnoOf(() => bpf.linkUpdate({ linkFd: link, newProgFd: second, oldProgFd: second }))).toBe(
      abi.EPERM,
    );
    bpf.linkUpdate({ linkFd: link, newProgFd: second, oldProgFd: first });
    bpf.linkDetach({ linkFd: other });
    expect(await fired()).toEqual([2]);
    bpf.closeFd(link);
    expect(await fired()).toEqual([]);
  });
});

describe('pins', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'webpf-pins-'));
  });
  afterAll(() => rm(directory, { recursive: true }));
  const opened = (name: string) => Bpf.open({ pins: join(directory, name) });

  it('maps are found with their contents, programs with their maps, links with their hooks', async () => {
    {
      using bpf = await opened('all');
      const mapFd = bpf.mapCreate(ARRAY);
      const program = counter();
      const progFd = await bpf.progLoad({ program, mapFds: [mapFd] });
      const linkFd = bpf.linkCreate({ progFd, target: 'eth0' });
      bpf.objPin({ pathname: 'net/counts', bpfFd: mapFd });
      bpf.objPin({ pathname: 'net/link', bpfFd: linkFd });
      await bpf.fire('eth0', packet);
      expect(errnoOf(() => bpf.objPin({ pathname: 'net/counts', bpfFd: mapFd }))).toBe(abi.EEXIST);
    }
    {
      using bpf = await opened('all');
      await bpf.fire('eth0', packet);
      const mapFd = bpf.objGet({ pathname: 'net/counts' });
      expect(bpf.mapLookupElem({ mapFd, key: word(0) })).toEqual(long(2n));
      expect(bpf.objGetInfoByFd({ bpfFd: bpf.getFdById('prog', bpf.getNextId('prog')) })).toMatchObject({
        name: 'count',
      });
      bpf.unpin('net/link');
      expect(await bpf.fire('eth0', packet)).toEqual([]);
    }
    using bpf = await opened('all');
    expect([...bpf.pinned.keys()]).toEqual(['net/counts']);
    expect(errnoOf(() => bpf.objGet({ pathname: 'net/link' }))).toBe(abi.ENOENT);
  });

  it('queues, stacks, tries, per-CPU and LRU maps keep what is in them', async () => {
    const shapes = [
      { ...HASH, mapType: abi.MAP_TYPE_LRU_HASH, mapName: 'lru' },
      { ...HASH, mapType: abi.MAP_TYPE_PERCPU_HASH, mapName: 'percpu' },
      { ...HASH, mapType: abi.MAP_TYPE_LPM_TRIE, keySize: 8, mapFlags: 1, mapName: 'trie' },
    ];
    const key = (size: number) => (size === 8 ? Uint8Array.of(32, 0, 0, 0, 10, 0, 0, 1) : word(5));
    {
      using bpf = await opened('types');
      for (const shape of shapes) {
        const mapFd = bpf.mapCreate(shape);
        bpf.mapUpdateElem({ mapFd, key: key(shape.keySize), value: long(77n) });
        bpf.objPin({ pathname: shape.mapName, bpfFd: mapFd });
      }
      for (const [name, mapType] of [
        ['queue', abi.MAP_TYPE_QUEUE],
        ['stack', abi.MAP_TYPE_STACK],
      ] as const) {
        const mapFd = bpf.mapCreate({ ...HASH, mapType, keySize: 0, mapName: name });
        for (const value of [1n, 2n, 3n]) bpf.mapUpdateElem({ mapFd, value: long(value) });
        bpf.objPin({ pathname: name, bpfFd: mapFd });
      }
    }
    using bpf = await opened('types');
    for (const { mapName, keySize } of shapes)
      expect(bpf.mapLookupElem({ mapFd: bpf.objGet({ pathname: mapName }), key: key(keySize) })).toEqual(
        long(77n),
      );
    const taken = (pathname: string) => bpf.mapLookupAndDeleteElem({ mapFd: bpf.objGet({ pathname }) });
    expect([taken('queue'), taken('stack')]).toEqual([long(1n), long(3n)]);
  });

  it('a directory is for one process at a time, and one that is damaged says so', async () => {
    using bpf = await opened('one');
    bpf.objPin({ pathname: 'm', bpfFd: bpf.mapCreate(HASH) });
    bpf.close();
    await writeFile(join(directory, 'one', 'lock'), '999999999');
    using again = await opened('one');
    expect([...again.pinned.keys()]).toEqual(['m']);
    again.close();
    await writeFile(join(directory, 'one', 'state'), 'webpf pins 1\nrubbish rubbish rubbish rubbish rubbish');
    await expect(opened('one')).rejects.toThrow(/has another checksum/);
  });
});
