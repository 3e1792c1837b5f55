import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as layout from '../../src/abi/layout.ts';
import * as abi from '../../src/abi/maps.ts';
import * as traps from '../../src/abi/traps.ts';
import { memoryKinds, Runtime } from './harness.ts';

const SIZE = 4096;
const [AVAIL, RING_SIZE, CONS, PROD] = [0, 1, 2, 3];

function openRing(kind: 'plain' | 'shared' = 'plain', size = SIZE) {
  const runtime = new Runtime(kind, 2);
  const ring = runtime.create({ type: abi.MAP_TYPE_RINGBUF, keySize: 0, valueSize: 0, maxEntries: size });
  runtime.start({ maps: [ring] });
  const query = (what: number) => Number(runtime.call('bpf_ringbuf_query', ring, what));
  const reserve = (length: number) => Number(runtime.call('bpf_ringbuf_reserve', ring, length, 0));
  return { runtime, ring, query, reserve };
}

/** The kernel's ring as positions and a list of records. */
class RingModel {
  producer = 0;
  consumer = 0;
  lost = 0;
  readonly records: { readonly bytes: number[]; state: 'busy' | 'ready' | 'discarded' }[] = [];

  reserve(bytes: number[]): (typeof this.records)[number] | undefined {
    const next = this.producer + extent(bytes.length);
    if (next - this.consumer > SIZE - 1) {
      this.lost++;
      return undefined;
    }
    this.producer = next;
    const record = { bytes, state: 'busy' as const };
    this.records.push(record);
    return record;
  }

  /** The next record for the consumer; discarded ones are skipped. */
  take(): number[] | undefined {
    for (;;) {
      const record = this.records[0];
      if (!record || record.state === 'busy') return undefined;
      this.records.shift();
      this.consumer += extent(record.bytes.length);
      if (record.state === 'ready') return record.bytes;
    }
  }
}

const extent = (length: number): number => Math.ceil((length + 8) / 8) * 8;

describe.each(memoryKinds)('ring buffers in %s memory', (kind) => {
  test('do what the model does', () => {
    const step = fc.oneof(
      fc.record({
        op: fc.constant('reserve' as const),
        length: fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: SIZE })),
      }),
      fc.record({ op: fc.constantFrom('submit', 'discard'), which: fc.nat({ max: 3 }) }),
      fc.record({ op: fc.constant('take' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { runtime, ring, query, reserve } = openRing(kind);
        const model = new RingModel();
        const open: { address: number; record: NonNullable<ReturnType<RingModel['reserve']>> }[] = [];
        steps.forEach((action, number) => {
          if (action.op === 'reserve') {
            const bytes = Array.from({ length: action.length }, (_, i) => (number * 31 + i) & 255);
            const record = model.reserve(bytes);
            const address = reserve(action.length);
            expect(address !== 0).toBe(record !== undefined);
            if (!record) return;
            runtime.write(address, Uint8Array.from(bytes));
            open.push({ address, record });
          } else if (action.op === 'take') {
            const expected = model.take();
            const address = runtime.exports.ringPeek(ring, 0, runtime.scratch);
            expect(address !== 0).toBe(expected !== undefined);
            if (!expected) return;
            expect([...runtime.read(address, runtime.u32(runtime.scratch))]).toEqual(expected);
            runtime.exports.ringConsume(ring, 0);
          } else {
            const [chosen] = open.splice(action.which, 1);
            if (!chosen) return;
            runtime.call(`bpf_ringbuf_${action.op}`, chosen.address, 0);
            chosen.record.state = action.op === 'submit' ? 'ready' : 'discarded';
          }
          expect(query(PROD)).toBe(model.producer);
          expect(query(CONS)).toBe(model.consumer);
          expect(query(AVAIL)).toBe(model.producer - model.consumer);
        });
        expect(runtime.exports.ringLost(ring, 0)).toBe(model.lost);
      }),
      { numRuns: 100 },
    );
  });

  test('output copies a record in', () => {
    const { runtime, ring, query } = openRing(kind);
    const stack = runtime.frame - 64;
    runtime.write(stack, Uint8Array.of(1, 2, 3));
    const output = (length: number, flags: number) =>
      Number(runtime.call('bpf_ringbuf_output', ring, stack, length, flags));
    expect(output(3, 0)).toBe(0);
    expect(output(3, 1)).toBe(0);
    expect(output(0, 2)).toBe(0);
    expect(output(3, 4)).toBe(-abi.EINVAL);
    expect(query(RING_SIZE)).toBe(SIZE);
    expect(query(7)).toBe(0);
    expect(runtime.drain(ring).map((record) => [...record])).toEqual([[1, 2, 3], [1, 2, 3], []]);
  });

  test('are full one byte before their size', () => {
    const { runtime, ring, reserve } = openRing(kind);
    expect(reserve(SIZE - 8)).toBe(0);
    expect(reserve(SIZE - 16)).not.toBe(0);
    expect(reserve(0)).toBe(0);
    expect(runtime.exports.ringLost(ring, 0)).toBe(2);
    expect(reserve(2 ** 31)).toBe(0);
  });
});

describe('ring buffer records of unverified programs', () => {
  test('submitting what was not reserved ends the run', () => {
    const { runtime, ring, reserve } = openRing();
    const record = reserve(16);
    const submit = (address: number | bigint) => runtime.trapOf('bpf_ringbuf_submit', address, 0)?.kind;
    expect(submit(0)).toBe(traps.TRAP_HELPER_MEMORY);
    expect(submit(record + 8)).toBe(traps.TRAP_BAD_MAP);
    runtime.setU64(record, BigInt(ring));
    expect(submit(record + 8)).toBe(traps.TRAP_BAD_ARGUMENT);
    const again = reserve(16);
    expect(submit(again)).toBeUndefined();
    expect(submit(again)).toBe(traps.TRAP_BAD_ARGUMENT);
  });

  test('what a run leaves reserved is discarded when it ends', () => {
    const { runtime, ring, query, reserve } = openRing();
    reserve(8);
    const kept = reserve(8);
    runtime.setU64(kept, 5n);
    runtime.call('bpf_ringbuf_submit', kept, 0);
    reserve(8);
    runtime.exports.finish(runtime.record, 0n);
    expect(runtime.drain(ring).map((record) => record[0])).toEqual([5]);
    reserve(8);
    expect(runtime.trapOf('bpf_ringbuf_submit', 0, 0)).toBeDefined();
    expect(runtime.drain(ring)).toEqual([]);
    expect(query(AVAIL)).toBe(0);
  });
});

describe('perf event arrays', () => {
  const open = (context: number) => {
    const runtime = new Runtime('plain', 2);
    const map = runtime.create({ type: abi.MAP_TYPE_PERF_EVENT_ARRAY, maxEntries: 2, extra: 4096 });
    const packet = Uint8Array.from({ length: 32 }, (_, i) => i);
    const r1 = Number(runtime.start({ context, maps: [map], packet }));
    const stack = runtime.frame - 64;
    runtime.write(stack, Uint8Array.of(7, 8, 9));
    const output = (flags: bigint, size = 3) =>
      Number(runtime.call('bpf_perf_event_output', r1, map, flags, stack, size));
    return { runtime, map, output };
  };
  const CURRENT = 0xffffffffn;

  test('each CPU has a ring of its own', () => {
    const { runtime, map, output } = open(layout.CTX_MEMORY);
    expect(output(CURRENT)).toBe(0);
    expect(output(0n, 1)).toBe(0);
    expect(output(1n)).toBe(-abi.EOPNOTSUPP);
    expect(output(9n)).toBe(-abi.E2BIG);
    expect(output((3n << 32n) | CURRENT)).toBe(-abi.EINVAL);
    expect(runtime.drain(map, 0).map((record) => [...record])).toEqual([[7, 8, 9], [7]]);
    expect(runtime.drain(map, 1)).toEqual([]);
    expect(runtime.drain(map, 2)).toEqual([]);
  });

  test('bytes of the packet follow when the flags ask for them', () => {
    const { runtime, map, output } = open(layout.CTX_XDP);
    expect(output((4n << 32n) | CURRENT)).toBe(0);
    expect(output((33n << 32n) | CURRENT)).toBe(-abi.EFAULT);
    expect(runtime.drain(map).map((record) => [...record])).toEqual([[7, 8, 9, 0, 1, 2, 3]]);
  });

  test('what finds no room is counted', () => {
    const { runtime, map, output } = open(layout.CTX_MEMORY);
    for (let i = 0; i < 255; i++) expect(output(CURRENT)).toBe(0);
    expect(output(CURRENT)).toBe(-abi.ENOSPC);
    expect(runtime.exports.ringLost(map, 0)).toBe(1);
    expect(runtime.exports.ringLost(map, 1)).toBe(0);
    expect(runtime.drain(map)).toHaveLength(255);
    expect(output(CURRENT)).toBe(0);
  });
});
