import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { abi, type OpenOptions, open, openIn, openShared, type SharedObject } from '../../src/index.ts';
import { engines, ethernet, mapSpec, openText, ringSpec } from '../api/build.ts';
import { inThreads } from './threads.ts';

const THREADS = 3;
const RUNS = 5_000;
const options = { memory: 'shared', cpus: THREADS + 1 } as const satisfies OpenOptions;
const lock = fileURLToPath(new URL('../objects/lock.o', import.meta.url));
const packet = ethernet(0x0800);

/** Adds 1 to element 0 of an array, atomically, and to the CPU's own of a per-CPU array, plainly. */
const COUNT = `
  *(u32 *)(r10 - 4) = 0
  r1 = map[sum]
  r2 = r10
  r2 += -4
  call bpf_map_lookup_elem
  if r0 == 0 goto out
  r1 = 1
  lock *(u64 *)(r0 + 0) += r1
  r1 = map[own]
  r2 = r10
  r2 += -4
  call bpf_map_lookup_elem
  if r0 == 0 goto out
  r1 = *(u64 *)(r0 + 0)
  r1 += 1
  *(u64 *)(r0 + 0) = r1
  out: r0 = 2
  exit`;
const counters = [mapSpec('sum', abi.MAP_TYPE_ARRAY), mapSpec('own', abi.MAP_TYPE_PERCPU_ARRAY)];

const EMIT = `
  call bpf_get_smp_processor_id
  *(u64 *)(r10 - 8) = r0
  r1 = map[events]
  r2 = r10
  r2 += -8
  r3 = 8
  r4 = 0
  call bpf_ringbuf_output
  r0 = 2
  exit`;

const badArgument = (message: RegExp) =>
  expect.objectContaining({ code: 'bad-argument', message: expect.stringMatching(message) as string });

const asNumber = (bytes: Uint8Array, at = 0): number =>
  Number(new DataView(bytes.buffer).getBigUint64(at, true));

describe.each(engines)('workers over one memory (%s)', (engine) => {
  it.each(['verified', 'sandbox'])('count together, each for its CPU (%s)', async (mode) => {
    const modes = { sandbox: mode === 'sandbox', trusted: mode === 'trusted' };
    using object = await openText(COUNT, { ...options, ...modes, engine, type: 'xdp', maps: counters });
    const program = await object.program();
    const pending = inThreads(object, THREADS, { program: 'main', packet, runs: RUNS });
    program.repeat(packet, RUNS);
    for (const done of await pending) expect(done).toEqual({ results: [2n], mode });
    const zero = new Uint8Array(4);
    expect(asNumber(object.map('sum').raw.lookup(zero) ?? zero)).toBe(RUNS * (THREADS + 1));
    const own = object.map('own').raw.lookup(zero) ?? zero;
    expect([0, 1, 2, 3].map((cpu) => asNumber(own, cpu * 8))).toEqual(Array(THREADS + 1).fill(RUNS));
  });

  it('keep each other out of what a spin lock guards', async () => {
    using object = await open(lock, { ...options, engine });
    const accounts = object.map<number, { lock: { val: number }; transfers: number; balance: bigint }>(
      'accounts',
    );
    accounts.set(7, { lock: { val: 0 }, transfers: 0, balance: 0n });
    const deposit = await object.program('deposit');
    const locked = abi.BPF_EXIST | abi.BPF_F_LOCK;
    const pending = inThreads(object, THREADS, { program: 'deposit', packet, runs: RUNS });
    deposit.repeat(packet, RUNS);
    await pending;
    const runs = RUNS * (THREADS + 1);
    expect(accounts.get(7)).toMatchObject({ transfers: runs, balance: BigInt(runs) * 100n });
    accounts.set(7, { lock: { val: 1 }, transfers: 1, balance: 2n }, locked);
    expect(accounts.get(7)).toEqual({ lock: { val: 0 }, transfers: 1, balance: 2n });
  });

  it('write to one ring, read by one', async () => {
    using object = await openText(EMIT, {
      ...options,
      engine,
      type: 'xdp',
      maps: [ringSpec('events', 1 << 16)],
    });
    await object.program();
    const events = object.ring('events');
    const counts = [0, 0, 0, 0];
    let finished = false;
    const reading = (async () => {
      for await (const record of events) {
        const cpu = asNumber(record);
        counts[cpu] = (counts[cpu] ?? 0) + 1;
        if (finished && counts.reduce((a, b) => a + b) + events.lost === THREADS * RUNS) return;
      }
    })();
    await inThreads(object, THREADS, { program: 'main', packet, runs: RUNS });
    finished = true;
    object.engine.signal.notify();
    if (counts.reduce((a, b) => a + b) + events.lost < THREADS * RUNS) await reading;
    expect(counts[0]).toBe(0);
    expect(counts.reduce((a, b) => a + b) + events.lost).toBe(THREADS * RUNS);
  });

  it('tail-call and call back through tables of their own', async () => {
    const text = `
      r6 = r1
      r1 = 3
      r2 = subprog[turn]
      r3 = 0
      r4 = 0
      call bpf_loop
      r7 = r0
      r1 = r6
      r2 = map[stages]
      r3 = 1
      call bpf_tail_call
      r0 = r7
      exit
      turn: r0 = 0
      exit`;
    const stages = mapSpec('stages', abi.MAP_TYPE_PROG_ARRAY, { valueSize: 4 });
    using object = await openText(text, { ...options, engine, sandbox: true, type: 'xdp', maps: [stages] });
    const program = await object.program();
    const first = await inThreads(object, 1, { program: 'main', packet, runs: 10 });
    expect(first[0]?.results).toEqual([3n]);
    object.setTailCall('stages', 1, program);
    const second = await inThreads(object, 1, { program: 'main', packet, runs: 10 });
    expect(second[0]?.results).toEqual([3n]);
    expect(program.run(packet).r0).toBe(3n);
  });

  it('see what others have put into memory that had to grow', async () => {
    const large = mapSpec('large', abi.MAP_TYPE_HASH, { valueSize: 4096, maxEntries: 4000, flags: 1 });
    using object = await openText('r1 = map[large]\nr0 = 2\nexit', {
      ...options,
      engine,
      type: 'xdp',
      maps: [large],
    });
    await object.program();
    const before = object.engine.memory.memory.buffer.byteLength;
    await inThreads(object, 2, {
      program: 'main',
      packet,
      runs: 1,
      elements: { map: 'large', count: 1500 },
    });
    const { raw } = object.map('large');
    expect(raw.size).toBe(3000);
    for (const cpu of [1, 2]) {
      for (let i = 0; i < 1500; i += 100) {
        const key = new Uint8Array(Uint32Array.of((cpu << 16) + i).buffer);
        expect(raw.lookup(key)).toEqual(new Uint8Array(4096).fill(cpu));
      }
    }
    expect([...raw.entries()]).toHaveLength(3000);
    expect(object.engine.memory.memory.buffer.byteLength).toBeGreaterThan(before);
  });
});

describe('sharing', () => {
  it('needs shared memory', async () => {
    using object = await openText(COUNT, { type: 'xdp', maps: counters });
    await expect(object.share()).rejects.toThrow(badArgument(/memory: 'shared'/));
  });

  it('gives a CPU to one engine at a time', async () => {
    using object = await openText(COUNT, { ...options, type: 'xdp', maps: counters });
    await object.program();
    const shared = await object.share();
    expect(shared).toMatchObject({ cpus: 4, programs: ['main'] });
    await expect(openShared(shared, { cpu: 0 })).rejects.toThrow(badArgument(/CPU 0 is in use/));
    await expect(openShared(shared, { cpu: 4 })).rejects.toThrow(badArgument(/option cpu is 4/));
    const second = await openShared(shared, { cpu: 1 });
    await expect(openShared(shared, { cpu: 1 })).rejects.toThrow(badArgument(/CPU 1 is in use/));
    expect((await second.program('main')).run(packet).verdict).toBe('XDP_PASS');
    second[Symbol.dispose]();
    using third = await openShared(shared, { cpu: 1 });
    expect((await third.program()).run(packet).verdict).toBe('XDP_PASS');
    expect(third.map('sum').get(0)).toEqual(object.map('sum').get(0));
  });

  it('is of what was loaded before', async () => {
    using object = await openText(COUNT, { ...options, type: 'xdp', maps: counters });
    const shared = await object.share();
    await expect(object.program()).rejects.toThrow(badArgument(/do it before share/));
    using other = await openShared(shared, { cpu: 1 });
    await expect(other.program('main')).rejects.toThrow(badArgument(/not loaded when its object was shared/));
    await expect(openIn(object.engine, object.file)).rejects.toThrow(/do it before share/);
  });

  it('asks each thread for the helpers of its own', async () => {
    const helpers = { 5000: () => 7n };
    using object = await openText('call 5000\nexit', { ...options, sandbox: true, helpers });
    await object.program();
    const shared = await object.share();
    await expect(openShared(shared, { cpu: 1 })).rejects.toThrow(
      expect.objectContaining({ code: 'missing-helper' }),
    );
    using other = await openShared(shared, { cpu: 1, helpers: { 5000: () => 8n } });
    expect((await other.program()).run().r0).toBe(8n);
  });

  it('is not of anything else', async () => {
    await expect(openShared({} as SharedObject, { cpu: 1 })).rejects.toThrow(badArgument(/no shared object/));
    const text = 'r0 = 0\nexit';
    using flows = await openText(text, { ...options, sandbox: true, type: 'flow_dissector' });
    await flows.program();
    await expect(flows.share()).rejects.toThrow(expect.objectContaining({ code: 'unsupported' }));
  });
});
