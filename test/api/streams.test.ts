import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { abi, open } from '../../src/index.ts';
import { engines, example, mapSpec, openText, ringSpec, SEND } from './build.ts';

const event = (number: number): Uint8Array => Uint8Array.of(number, 0, 0, 0, 0, 0, 0, 0);

describe.each(engines)('ring buffers in %s', (engine) => {
  it('give their records in order, without waiting', async () => {
    using object = await openText(SEND, { engine, maps: [ringSpec('events', 4096)] });
    const ring = object.ring('events');
    (await object.program()).runBatch([event(1), event(2), event(3)]);
    expect(ring.read()).toEqual(event(1));
    expect([...ring.drain()]).toEqual([event(2), event(3)]);
    expect(ring.read()).toBeUndefined();
  });

  it('are async iterables that end with the object', async () => {
    const object = await openText(SEND, { engine, maps: [ringSpec('events', 4096)] });
    const program = await object.program();
    const seen: number[] = [];
    const reader = (async () => {
      for await (const record of object.ring('events')) seen.push(record[0] ?? -1);
    })();
    for (let i = 0; i < 20; i++) {
      program.run(event(i));
      await sleep(0);
    }
    object[Symbol.dispose]();
    await reader;
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('count what finds no room', async () => {
    using object = await openText(SEND, { engine, maps: [ringSpec('events', 4096)] });
    const ring = object.ring('events');
    const { results } = (await object.program()).runBatch(
      Array.from({ length: 1000 }, (_, i) => event(i & 255)),
    );
    const sent = results.filter((r0) => r0 === 0n).length;
    expect(sent).toBeLessThan(1000);
    expect(ring.lost).toBe(1000 - sent);
    expect([...ring.drain()]).toHaveLength(sent);
  });

  it('decode records to a type of the object', async () => {
    using object = await open(example('pipeline.bpf.o'), { engine });
    expect(() => object.ring('events', 'nothing')).toThrow(/no type "nothing"/);
    expect(object.ring('events', 'event').read()).toBeUndefined();
  });
});

describe.each(engines)('other streams in %s', (engine) => {
  it('are perf buffers, by CPU', async () => {
    const perf = mapSpec('perf', abi.MAP_TYPE_PERF_EVENT_ARRAY, { keySize: 4, valueSize: 4, maxEntries: 2 });
    const text = `
      r4 = r1
      r2 = map[perf]
      r3 = 0xffffffff ll
      r5 = 8
      call bpf_perf_event_output
      exit`;
    using object = await openText(text, { engine, maps: [perf], cpus: 2, cpu: 1 });
    (await object.program()).run(event(7));
    const [record] = [...object.perfBuffer('perf').drain()];
    expect(record?.cpu).toBe(1);
    expect(record?.data.subarray(0, 8)).toEqual(event(7));
  });

  it('are the lines that programs print', async () => {
    const text = `
      r1 = 0x0a752520736169 ll
      *(u64 *)(r10 - 8) = r1
      r1 = r10
      r1 += -8
      r2 = 8
      r3 = 42
      call bpf_trace_printk
      exit`;
    using object = await openText(text, { engine });
    const program = await object.program();
    const lines = object.trace[Symbol.asyncIterator]();
    const next = lines.next();
    expect(program.run().r0).toBe(7n);
    expect((await next).value).toBe('ias 42');
  });
});
