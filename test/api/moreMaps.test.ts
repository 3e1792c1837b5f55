import { describe, expect, it } from 'vitest';
import { abi, skb, xdp } from '../../src/index.ts';
import { engines, ethernet, mapSpec, openText } from './build.ts';

const modes = engines.flatMap((engine) => [
  { engine, sandbox: false },
  { engine, sandbox: true },
]);
const packet = ethernet(0x0800);
const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

describe.each(modes)('in $engine, sandbox: $sandbox', (options) => {
  it('bloom filters: programs and the host push and ask', async () => {
    const text = `
      *(u32 *)(r10 - 4) = 7
      r1 = map[filter]
      r2 = r10
      r2 += -4
      r3 = 0
      call bpf_map_push_elem
      *(u32 *)(r10 - 4) = 5
      r1 = map[filter]
      r2 = r10
      r2 += -4
      call bpf_map_peek_elem
      exit`;
    const spec = mapSpec('filter', abi.MAP_TYPE_BLOOM_FILTER, {
      keySize: 0,
      valueSize: 4,
      maxEntries: 100,
      mapExtra: 3n,
    });
    using object = await openText(text, { ...options, type: 'xdp', maps: [spec] });
    const filter = object.bloom<Uint8Array>('filter');
    const program = await object.program();
    expect(BigInt.asIntN(64, program.run(packet).r0)).toBe(-2n);
    expect(filter.mayHave(word(7))).toBe(true);
    filter.push(word(5));
    expect(program.run(packet).r0).toBe(0n);
    const wrong = Array.from({ length: 1000 }, (_, i) => word(1000 + i)).filter((one) => filter.mayHave(one));
    expect(wrong.length).toBeLessThan(20);
    using wrongExtra = await openText(text, { ...options, type: 'xdp', maps: [{ ...spec, mapExtra: 16n }] });
    expect(() => wrongExtra.bloom('filter')).toThrow(/map_extra 16/);
  });

  it('stack traces: the frames of the event by number', async () => {
    const text = `
      r6 = r1
      r2 = map[stacks]
      r3 = 0
      call bpf_get_stackid
      r7 = r0
      r1 = r6
      r2 = r10
      r2 += -24
      r3 = 24
      r4 = 256
      call bpf_get_stack
      r1 = *(u64 *)(r10 - 24)
      r0 += r1
      r0 <<= 32
      r7 <<= 32
      r7 >>= 32
      r0 |= r7
      exit`;
    const spec = mapSpec('stacks', abi.MAP_TYPE_STACK_TRACE, { valueSize: 80, maxEntries: 64 });
    using object = await openText(text, { ...options, type: 'perf_event', maps: [spec] });
    const program = await object.program();
    const kernel = [0x1000n, 0x2000n, 0x3000n];
    const user = [0x40n, 0x50n, 0x60n, 0x70n];
    const event = { kind: 'memory', data: new Uint8Array(184) } as const;
    const run = (stack?: { kernel?: bigint[]; user?: bigint[] }) =>
      program.run({ ...event, ...(stack && { context: { stack } }) }).r0;
    const first = run({ kernel, user });
    // Three frames fit; the innermost is in the upper half with their 24 bytes.
    expect(first >> 32n).toBe(24n + 0x40n);
    const id = Number(first & 0xffff_ffffn);
    expect(run({ kernel, user })).toBe(first);
    expect(run({ kernel: [0x9000n], user }) & 0xffff_ffffn).not.toBe(BigInt(id));
    const frames = object.map<number, Uint8Array>('stacks').raw.lookup(word(id));
    expect([...new BigUint64Array(frames?.slice().buffer ?? new ArrayBuffer(0))].slice(0, 4)).toEqual([
      ...kernel,
      0n,
    ]);
    expect(BigInt.asIntN(32, run())).toBe(-14n);
    expect(BigInt.asIntN(32, run({ kernel: [] }))).toBe(-14n);
  });

  it('user ring buffers: what the host pushes, programs take in their callback', async () => {
    const text = `
      r1 = map[samples]
      r2 = take ll
      r3 = r10
      r3 += -8
      *(u64 *)(r10 - 8) = 0
      r4 = 0
      call bpf_user_ringbuf_drain
      r1 = *(u64 *)(r10 - 8)
      r0 <<= 32
      r0 |= r1
      exit
    take:
      r6 = r2
      r3 = r1
      r1 = r10
      r1 += -4
      r2 = 4
      r4 = 0
      r5 = 0
      call bpf_dynptr_read
      r1 = *(u32 *)(r10 - 4)
      r2 = *(u64 *)(r6 + 0)
      r2 += r1
      *(u64 *)(r6 + 0) = r2
      r0 = 0
      exit`;
    const spec = mapSpec('samples', abi.MAP_TYPE_USER_RINGBUF, {
      keySize: 0,
      valueSize: 0,
      maxEntries: 4096,
    });
    using object = await openText(text, { ...options, type: 'socket_filter', maps: [spec] });
    const ring = object.userRing('samples');
    const program = await object.program();
    expect(program.run(packet).r0).toBe(0n);
    for (const value of [1, 20, 300]) expect(ring.push(word(value))).toBe(true);
    expect(program.run(packet).r0).toBe((3n << 32n) | 321n);
    expect(program.run(packet).r0).toBe(0n);
    let count = 0;
    while (ring.push(new Uint8Array(56))) count++;
    expect(count).toBe(64);
    expect(() => ring.push(new Uint8Array(4096))).toThrow(expect.objectContaining({ errno: 7 }));
    expect(program.run(packet).r0 >> 32n).toBe(64n);
  });

  it('frozen maps are read-only to the host, not to programs', async () => {
    const text = `
      *(u32 *)(r10 - 4) = 0
      r1 = map[counts]
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      if r0 == 0 goto out
      r1 = *(u64 *)(r0 + 0)
      r1 += 1
      *(u64 *)(r0 + 0) = r1
      out:
      r0 = 2
      exit`;
    using object = await openText(text, {
      ...options,
      type: 'xdp',
      maps: [mapSpec('counts', abi.MAP_TYPE_HASH)],
    });
    const { raw } = object.map('counts');
    raw.update(word(0), new Uint8Array(8));
    raw.freeze();
    (await object.program()).run(packet);
    expect(raw.lookup(word(0))?.[0]).toBe(1);
    for (const write of [
      () => raw.update(word(0), new Uint8Array(8)),
      () => raw.delete(word(0)),
      () => raw.take(word(0)),
    ])
      expect(write).toThrow(expect.objectContaining({ errno: 1 }));
  });

  it('elements are taken out in one step', async () => {
    using object = await openText('r0 = 0\nexit', {
      ...options,
      maps: [mapSpec('counts', abi.MAP_TYPE_HASH)],
    });
    const { raw } = object.map('counts');
    raw.update(word(3), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    expect(raw.take(word(3))).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    expect(raw.take(word(3))).toBeUndefined();
  });

  it('constructors of packets take the stack of the event too', async () => {
    using object = await openText('r0 = 2\nexit', { ...options, type: 'xdp' });
    const program = await object.program();
    expect(program.run(xdp({ packet })).verdict).toBe('XDP_PASS');
    expect(() => program.run(skb({ packet }))).toThrow(/events of kind xdp/);
  });
});
