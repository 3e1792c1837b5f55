import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { abi, type BpfObject, type MapSpec, open } from '../../src/index.ts';
import { ethernet, mapSpec, openText } from '../api/build.ts';
import { inThreads } from '../share/threads.ts';

const ARENA = fileURLToPath(new URL('../objects/arena.o', import.meta.url));
const THREADS = 3;
const RUNS = Number(process.env['WEBPF_STRESS_RUNS'] ?? 10_000);
const packet = ethernet(0x0800);

const sums = mapSpec('sums', abi.MAP_TYPE_ARRAY);
const numberOf = (bytes: Uint8Array = new Uint8Array(8)): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
const bytesOf = (number: number): Uint8Array => new Uint8Array(BigUint64Array.of(BigInt(number)).buffer);
const sumOf = (object: BpfObject, index: number): bigint =>
  numberOf(object.map('sums').raw.lookup(Uint8Array.of(index, 0, 0, 0)));

/** Has the address of the sum in r0. */
const sumAt = (index: number): string => `
  *(u32 *)(r10 - 12) = ${index}
  r1 = map[sums]
  r2 = r10
  r2 += -12
  call bpf_map_lookup_elem
  if r0 == 0 goto out`;

const opened = (text: string, engine: 'jit' | 'interp', maps: readonly MapSpec[]): Promise<BpfObject> =>
  openText(text, { engine, memory: 'shared', cpus: THREADS + 1, type: 'xdp', maps });

/** Every way of a program ends here. */
const END = '\nout: r0 = 2\nexit';

const job = { program: 'main', packet, runs: RUNS };

describe.each(['jit', 'interp'] as const)('in %s', (engine) => {
  it('arena: no count is lost, and a page is never of two', async () => {
    using object = await open(ARENA, { engine, memory: 'shared', cpus: THREADS + 1 });
    const [change, churn] = [await object.program('change'), await object.program('churn')];
    const args = new Uint8Array(24);
    args[8] = 1;
    const counting = inThreads(object, THREADS, { program: 'change', packet: args, runs: RUNS });
    change.repeat(args, RUNS);
    await counting;
    const arena = object.arena();
    const [, sum] = arena.get('table') as readonly bigint[];
    expect(sum).toBe(2n + BigInt(RUNS * (THREADS + 1)));
    const churning = inThreads(object, THREADS, { program: 'churn', packet: args, runs: RUNS });
    churn.repeat(args, RUNS);
    await churning;
    expect({ faults: arena.get('faults'), allocated: arena.allocated }).toEqual({ faults: 0n, allocated: 1 });
  });

  it('bloom filter: no value that was pushed is missing', async () => {
    const entries = RUNS * (THREADS + 1);
    const filter = mapSpec('filter', abi.MAP_TYPE_BLOOM_FILTER, { keySize: 0, maxEntries: entries });
    // Each number is pushed once: a lost bit stays lost.
    const text = `
      ${sumAt(0)}
      r1 = 1
      r1 = atomic_fetch_add((u64 *)(r0 + 0), r1)
      *(u64 *)(r10 - 8) = r1
      r1 = map[filter]
      r2 = r10
      r2 += -8
      r3 = 0
      call bpf_map_push_elem${END}`;
    using object = await opened(text, engine, [filter, sums]);
    const program = await object.program();
    const pending = inThreads(object, THREADS, job);
    program.repeat(packet, RUNS);
    await pending;
    expect(sumOf(object, 0)).toBe(BigInt(entries));
    const bloom = object.bloom<Uint8Array>('filter');
    const missing = Array.from({ length: entries }, (_, i) => i).filter((i) => !bloom.mayHave(bytesOf(i)));
    expect(missing).toEqual([]);
  });

  it('array of maps: counts go to one inner map or the other while they are swapped', async () => {
    const inner = (name: string) => mapSpec(name, abi.MAP_TYPE_ARRAY, { maxEntries: 1 });
    const outer = mapSpec('outer', abi.MAP_TYPE_ARRAY_OF_MAPS, {
      valueSize: 4,
      maxEntries: 2,
      inner: inner('template'),
    });
    const text = `
      *(u32 *)(r10 - 4) = 0
      r1 = map[outer]
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      if r0 == 0 goto out
      r1 = r0
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      if r0 == 0 goto out
      r1 = 1
      lock *(u64 *)(r0 + 0) += r1${END}`;
    using object = await opened(text, engine, [outer, inner('first'), inner('second')]);
    await object.program();
    for (const [index, name] of ['first', 'second'].entries())
      object.setInnerMap('outer', Uint8Array.of(index, 0, 0, 0), object.map(name).raw);
    const put = (name: string) => {
      const address = Uint32Array.of(object.map(name).raw.address);
      object.map('outer').raw.update(new Uint8Array(4), new Uint8Array(address.buffer));
    };
    let isDone = false;
    const pending = inThreads(object, THREADS, job).finally(() => {
      isDone = true;
    });
    while (!isDone) {
      for (let i = 0; i < 50; i++) put(i % 2 ? 'first' : 'second');
      await new Promise((resolve) => setImmediate(resolve));
    }
    await pending;
    const [first, second] = ['first', 'second'].map((name) =>
      numberOf(object.map(name).raw.lookup(new Uint8Array(4))),
    );
    expect((first ?? 0n) + (second ?? 0n)).toBe(BigInt(RUNS * THREADS));
  });

  it('perf event array: every event is read or counted as lost', async () => {
    const events = mapSpec('events', abi.MAP_TYPE_PERF_EVENT_ARRAY, { valueSize: 4, maxEntries: 0 });
    const text = `
      r6 = r1
      call bpf_get_smp_processor_id
      *(u64 *)(r10 - 8) = r0
      r1 = r6
      r2 = map[events]
      r3 = 0xffffffff ll
      r4 = r10
      r4 += -8
      r5 = 8
      call bpf_perf_event_output
      if r0 == 0 goto out
      ${sumAt(0)}
      r1 = 1
      lock *(u64 *)(r0 + 0) += r1${END}`;
    using object = await opened(text, engine, [events, sums]);
    await object.program();
    const buffer = object.perfBuffer<Uint8Array>('events');
    let isDone = false;
    const pending = inThreads(object, THREADS, job).finally(() => {
      isDone = true;
    });
    let read = 0;
    let mixed = 0;
    const drain = () => {
      for (const { cpu, data } of buffer.drain()) {
        read++;
        if (numberOf(data) !== BigInt(cpu)) mixed++;
      }
    };
    while (!isDone) {
      drain();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await pending;
    drain();
    expect(BigInt(read) + sumOf(object, 0)).toBe(BigInt(RUNS * THREADS));
    expect(mixed).toBe(0);
  });

  it('user ring buffer: programs of several threads take each sample once', async () => {
    const samples = mapSpec('samples', abi.MAP_TYPE_USER_RINGBUF, {
      keySize: 0,
      valueSize: 0,
      maxEntries: 4096,
    });
    const text = `
      r1 = map[samples]
      r2 = take ll
      r3 = 0
      r4 = 0
      call bpf_user_ringbuf_drain
      r0 = 2
      exit
      take:
      r3 = r1
      r1 = r10
      r1 += -8
      r2 = 8
      r4 = 0
      r5 = 0
      call bpf_dynptr_read
      r6 = *(u64 *)(r10 - 8)
      ${sumAt(0)}
      r1 = 1
      lock *(u64 *)(r0 + 0) += r1
      ${sumAt(1)}
      lock *(u64 *)(r0 + 0) += r6
      out: r0 = 0
      exit`;
    using object = await opened(text, engine, [samples, sums]);
    const program = await object.program();
    const ring = object.userRing('samples');
    let isDone = false;
    const pending = inThreads(object, THREADS, job).finally(() => {
      isDone = true;
    });
    let pushed = 0;
    let sum = 0n;
    while (!isDone) {
      for (let i = 0; i < 100 && ring.push(bytesOf(pushed)); i++) sum += BigInt(pushed++);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await pending;
    program.run(packet);
    expect(pushed).toBeGreaterThan(100);
    expect([sumOf(object, 0), sumOf(object, 1)]).toEqual([BigInt(pushed), sum]);
  });
});
