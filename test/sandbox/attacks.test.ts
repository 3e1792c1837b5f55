/** Programs that no verifier has seen try to get out of the sandbox, to run for ever, or to spoil later runs. */
import { describe, expect, test } from 'vitest';
import * as layout from '../../src/abi/layout.ts';
import {
  BPF_F_NO_PREALLOC,
  BPF_F_ZERO_SEED,
  MAP_TYPE_ARRAY,
  MAP_TYPE_HASH,
  MAP_TYPE_LPM_TRIE,
  MAP_TYPE_PROG_ARRAY,
} from '../../src/abi/maps.ts';
import { Engine } from '../../src/index.ts';
import { mapSpec, ringSpec } from '../api/build.ts';
import { attack, engines, fateOf, time } from './attack.ts';

const values = (valueSize: number, maxEntries = 1) =>
  mapSpec('values', MAP_TYPE_ARRAY, { valueSize, maxEntries });
/** Longest that a run with a million instructions' budget may take, ms: far above what it takes on a busy machine. */
const PATIENCE = 5_000;
const budget = 1_000_000;

const GOLDEN = 0x9e37_79b9_7f4a_7c15n;

/** Secrets of a map with BPF_F_ZERO_SEED: splitmix64, see assembly/maps/key.ts. */
function secret(index: number): bigint {
  const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
  let state = u64(BigInt(index + 1) * GOLDEN);
  state = u64((state ^ (state >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
  state = u64((state ^ (state >> 27n)) * 0x94d0_49bb_1331_11ebn);
  return state ^ (state >> 31n);
}

/** Keys of 4 bytes in the first of 2^`bits` buckets: (secret 0 + key) * secret 1, of which the highest bits are 0. */
function colliding(count: number, bits: number): Uint32Array {
  const keys = new Uint32Array(count);
  const halves = (value: bigint): [high: number, low: number] => [
    Number(BigInt.asUintN(32, value >> 32n)),
    Number(BigInt.asUintN(32, value)),
  ];
  const [stepHigh, stepLow] = halves(secret(1));
  let [high, low] = halves(secret(0) * secret(1));
  for (let key = 0, found = 0; found < count; key++) {
    if (high >>> (32 - bits) === 0) keys[found++] = key;
    low += stepLow;
    high = (high + stepHigh + (low > 0xffff_ffff ? 1 : 0)) >>> 0;
    low >>>= 0;
  }
  return keys;
}

/** Inserts 8,000 keys from `source`. */
const COLLIDE = `
  r6 = 0
  r7 = map[source][0] ll
  loop:
  r1 = map[values] ll
  r2 = r7
  r3 = r7
  r4 = 0
  call 2
  r6 += 1
  r7 += 4
  if r6 < 8000 goto loop
  r0 = 0
  exit`;

describe.each(engines)('%s', (engine) => {
  describe('the budget bounds the time', () => {
    const forever = (body: string) => `
      loop:
      ${body}
      goto loop`;

    // `source` holds 2 MiB of letters with a NUL at the end.
    test.each([
      ['bytes that are copied', 'r1 = map[values][0] ll\nr2 = 67108864\nr3 = r1\ncall 4'],
      ['bytes that are summed up', 'r1 = map[values][0] ll\nr2 = 67108864\nr3 = 0\nr4 = 0\nr5 = 0\ncall 28'],
      ['long formats', 'r1 = 0\nr2 = 0\nr3 = map[source][0]+2093100 ll\nr4 = 0\nr5 = 0\ncall 165'],
      ['strings', 'r1 = map[values][0] ll\nr2 = 8192\nr3 = map[source][0]+2093100 ll\ncall 45'],
      ['long keys', 'r1 = map[keys] ll\nr2 = map[source][0] ll\nr3 = r2\nr4 = 0\ncall 2'],
    ])('%s', async (_what, body) => {
      const maps = [
        values(1 << 26),
        mapSpec('source', MAP_TYPE_ARRAY, { valueSize: 1 << 21, maxEntries: 1 }),
        mapSpec('keys', MAP_TYPE_HASH, { keySize: 1 << 20, maxEntries: 2 }),
      ];
      const hostile = await attack(forever(body), { engine, budget, maps });
      const letters = new Uint8Array(1 << 21).fill(0x41);
      letters[letters.length - 1] = 0;
      hostile.object.map('source').raw.update(new Uint8Array(4), letters);
      expect(time(() => expect(fateOf(hostile)).toBe('budget'))).toBeLessThan(PATIENCE);
    });

    test.each([
      ['buckets of an empty map', { maxEntries: 1 << 22 }, 0],
      ['keys shown to a callback', { keySize: 1 << 20, maxEntries: 8 }, 8],
    ])('%s', async (_what, sizes, filled) => {
      const text = `
        loop:
        r1 = map[values] ll
        r2 = subprog[body]
        r3 = 0
        r4 = 0
        call 164
        goto loop
        body:
        r0 = 0
        exit`;
      const hostile = await attack(text, { engine, budget, maps: [mapSpec('values', MAP_TYPE_HASH, sizes)] });
      for (let i = 0; i < filled; i++) {
        hostile.object.map('values').raw.update(new Uint8Array(1 << 20).fill(i), new Uint8Array(8));
      }
      expect(time(() => expect(fateOf(hostile)).toBe('budget'))).toBeLessThan(PATIENCE);
    });

    test('keys made to collide', async () => {
      const maps = [
        mapSpec('values', MAP_TYPE_HASH, { maxEntries: 8_192, valueSize: 4, flags: BPF_F_ZERO_SEED }),
        mapSpec('source', MAP_TYPE_ARRAY, { valueSize: 32_000, maxEntries: 1 }),
      ];
      const hostile = await attack(COLLIDE, { engine, budget: 5_000_000, maps });
      const keys = new Uint8Array(colliding(8_000, 13).buffer);
      hostile.object.map('source').raw.update(new Uint8Array(4), keys);
      expect(time(() => expect(fateOf(hostile)).toBe('budget'))).toBeLessThan(PATIENCE);
      // Without the price of the walk the budget would do for all of them.
      const { size } = hostile.object.map('values');
      expect(size).toBeGreaterThan(1_000);
      expect(size).toBeLessThan(4_000);
    });

    test('prefixes within prefixes', async () => {
      const maps = [
        mapSpec('values', MAP_TYPE_LPM_TRIE, { keySize: 260, maxEntries: 4096, flags: BPF_F_NO_PREALLOC }),
        mapSpec('source', MAP_TYPE_ARRAY, { valueSize: 264, maxEntries: 1 }),
      ];
      const text = `
        r6 = 0
        r7 = map[source][0] ll
        loop:
        *(u32 *)(r7 + 0) = r6
        r1 = map[values] ll
        r2 = r7
        r3 = r7
        r4 = 0
        call 2
        r6 += 1
        if r6 <= 2048 goto loop
        r6 = 2048
        goto loop`;
      const hostile = await attack(text, { engine, budget, maps });
      expect(time(() => expect(fateOf(hostile)).toBe('budget'))).toBeLessThan(PATIENCE);
    });

    test('what is owed ends straight code, too', async () => {
      const update = 'r1 = map[values] ll\nr2 = map[source][0] ll\nr3 = r2\nr4 = 0\ncall 2\n';
      const maps = [
        mapSpec('values', MAP_TYPE_LPM_TRIE, { keySize: 260, maxEntries: 4, flags: BPF_F_NO_PREALLOC }),
        mapSpec('source', MAP_TYPE_ARRAY, { valueSize: 264, maxEntries: 1 }),
      ];
      const start = 'r1 = map[source][0] ll\n*(u32 *)(r1 + 0) = 2048\n';
      const hostile = await attack(`${start}${update.repeat(40)}exit`, { engine, budget: 500, maps });
      expect(fateOf(hostile)).toBe('budget');
    });
  });

  describe('memory of others', () => {
    test('a format that the output overwrites is not read beyond its end', async () => {
      // 16 bytes of format at the end of the values, where output that runs ahead of it overwrites its NUL.
      const text = `
        r6 = map[values][0] ll
        *(u32 *)(r6 + 0) = 0x64303425
        *(u32 *)(r6 + 4) = 0
        r1 = r6
        r2 = 16
        r3 = r6
        r4 = r6
        r5 = 8
        call 165
        exit`;
      const hostile = await attack(text, {
        engine,
        maps: [values(16), mapSpec('next', MAP_TYPE_ARRAY, { valueSize: 64 })],
      });
      expect(fateOf(hostile)).toBe('41');
      expect([...(hostile.object.map('values').raw.lookup(new Uint8Array(4)) ?? [])].slice(0, 15)).toEqual(
        Array.from({ length: 15 }, () => 0x20),
      );
    });

    test('the stack of another program', async () => {
      const shared = await Engine.create({ engine, sandbox: true });
      const secret = `
        call deep
        exit
        deep:
        r1 = 0x5ec2e7
        *(u64 *)(r10 - 8) = r1
        r0 = 0
        exit`;
      expect(fateOf(await attack(secret, {}, shared))).toBe('0');
      const spy = 'r0 = *(u64 *)(r10 - 520)\nexit';
      expect(fateOf(await attack(spy, {}, shared))).toBe('0');
    });

    test.each(['unspec', 'xdp'] as const)('bytes before the packet, as %s', async (type) => {
      const shared = await Engine.create({ engine, sandbox: true });
      const skb = await attack('r0 = 0\nexit', { type: 'sched_cls' }, shared);
      skb.program.run(new Uint8Array(64).fill(0xee), { linkHeader: 14 });
      const spy = await attack('r6 = r1\nr0 = *(u8 *)skb[-2097152]\nexit', { type }, shared);
      expect(fateOf(spy, new Uint8Array(64).fill(7))).toBe('7');
    });

    test('a link header longer than the room before the packet', async () => {
      const spy = await attack('r6 = r1\nr0 = *(u8 *)skb[-2097152]\nexit', { engine, type: 'sched_cls' });
      try {
        const { r0 } = spy.program.run(new Uint8Array(20).fill(7), { linkHeader: 100_000 });
        expect([0n, 7n]).toContain(r0);
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad-argument' });
      }
    });

    test('helpers that take the context for that of another type', async () => {
      const shared = await Engine.create({ engine, sandbox: true });
      const calls = mapSpec('calls', MAP_TYPE_PROG_ARRAY, { valueSize: 4 });
      const skb = await attack('r0 = 99\nexit', { type: 'sched_cls' }, shared);
      const text = 'r2 = map[calls] ll\nr3 = 0\ncall 12\nr0 = 1\nexit';
      const xdp = await attack(text, { type: 'xdp', maps: [calls] }, shared);
      xdp.object.setTailCall('calls', 0, skb.program);
      expect(fateOf(xdp)).toBe('1');
    });

    test('maps of the program that a tail call in a nested main program goes to', async () => {
      const shared = await Engine.create({ engine, sandbox: true });
      const b = await attack(
        'r1 = map[secret] ll\nr0 = 5\nexit',
        { maps: [mapSpec('secret', MAP_TYPE_ARRAY)] },
        shared,
      );
      b.object.map('secret').raw.update(new Uint8Array(4), new Uint8Array(8).fill(9));
      const at = shared.memory.u32(b.object.map('secret').raw.address + layout.MAP_VALUES);
      const a = await attack(
        `
      again:
      if r2 == 5 goto nested
      r6 = subprog[again]
      r2 = 5
      callx r6
      r1 = ${at}
      r0 = *(u8 *)(r1 + 0)
      exit
      nested:
      r2 = map[calls] ll
      r3 = 0
      call 12
      r0 = 99
      exit`,
        { maps: [mapSpec('calls', MAP_TYPE_PROG_ARRAY, { valueSize: 4 })] },
        shared,
      );
      a.object.setTailCall('calls', 0, b.program);
      expect(fateOf(a)).toBe('memory');
    });

    test.each([
      ['load_bytes', 'sched_cls', 'r2 = 0\nr3 = -1\nr4 = 0\ncall 26'],
      ['store_bytes', 'sched_cls', 'r2 = 0\nr3 = -1\nr4 = 0\nr5 = 0\ncall 9'],
      ['xdp_load_bytes', 'xdp', 'r2 = 0\nr3 = -1\nr4 = 0\ncall 189'],
    ] as const)('nothing, to or from anywhere: %s', async (_name, type, body) => {
      expect(fateOf(await attack(`${body}\nexit`, { engine, type }))).toBe('0');
    });
  });

  describe('what is left for later runs', () => {
    const reserve = 'r1 = map[events] ll\nr2 = 8\nr3 = 0\ncall 131\n';

    /** How a hostile program fares again and again; a record that stays reserved would fill the ring before long. */
    const repeated = (hostile: Awaited<ReturnType<typeof attack>>) => {
      const fates = new Set<string>();
      for (let i = 0; i < 300; i++) {
        fates.add(fateOf(hostile));
        for (const _ of hostile.object.ring('events').drain());
      }
      return [...fates];
    };

    test('a ring with records that nobody submits', async () => {
      const text = `${reserve}if r0 == 0 goto full\n${reserve.repeat(40)}r0 = 1\nfull:\nexit`;
      expect(repeated(await attack(text, { engine, maps: [ringSpec('events', 4096)] }))).toEqual(['1']);
    });

    test.each([
      ['twice submitted', 'r1 = r6', 'bad-argument'],
      ['with the middle of a record', 'r1 = r6\nr1 += 8', 'bad-map'],
      ['without a reservation', 'r1 = map[others][0]+8 ll', 'bad-map'],
      ['of another ring', 'r2 = map[others] ll\n*(u64 *)(r6 - 8) = r2\nr1 = r6', 'bad-argument'],
    ])('a record %s', async (_what, address, fate) => {
      const text = `${reserve}r6 = r0\n${address}\ncall 132\nr1 = r6\ncall 132\nr0 = 0\nexit`;
      const maps = [ringSpec('events', 4096), ringSpec('others', 4096)];
      expect(repeated(await attack(text, { engine, maps }))).toEqual([fate]);
    });

    test('a lock that is never opened, in shared memory', async () => {
      const lock = 'r1 = map[values][0] ll\ncall 93\n';
      const maps = [values(16)];
      const options = { engine, budget, memory: 'shared', maps } as const;
      const hostile = await attack(`${lock}r0 = *(u8 *)(r0 + 0)\nexit`, options);
      expect([fateOf(hostile), fateOf(hostile)]).toEqual(['memory', 'memory']);
      expect(fateOf(await attack(`${lock}r0 = 0\nexit`, options))).toBe('0');
      expect(fateOf(await attack(`${lock}${lock}exit`, options))).toBe('bad-argument');
      expect(fateOf(await attack('r1 = map[values][0] ll\nr1 += 1\ncall 93\nexit', options))).toBe(
        'bad-argument',
      );
      expect(fateOf(await attack('r1 = map[values][0] ll\ncall 94\nexit', options))).toBe('bad-argument');
      const taken = 'r1 = map[values][0] ll\n*(u32 *)(r1 + 0) = 1\ncall 93\nexit';
      expect(fateOf(await attack(taken, options))).toBe('budget');
    });
  });
});
