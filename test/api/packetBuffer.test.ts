import { describe, expect, it } from 'vitest';
import { engines, ethernet, mapSpec, openText } from './build.ts';

/** r0 is the packet's length; its first byte is counted up. */
const TOUCH = `
  r2 = *(u32 *)(r1 + 0)
  r3 = *(u32 *)(r1 + 4)
  r0 = r3
  r0 -= r2
  r4 = r2
  r4 += 1
  if r4 > r3 goto out
  r5 = *(u8 *)(r2 + 0)
  r5 += 1
  *(u8 *)(r2 + 0) = r5
  out: exit`;

const GROW = 'r2 = -8\ncall bpf_xdp_adjust_head\nr0 &= 255\nexit';

describe.each(engines)('packet buffers in %s', (engine) => {
  it('hold packets that runs do not copy', async () => {
    using object = await openText(TOUCH, { engine, type: 'xdp' });
    const program = await object.program();
    using buffer = object.packetBuffer({ bytes: 8192 });
    buffer.bytes.set([1, 2, 3, 4]);
    for (let i = 0; i < 3; i++) buffer.add(i, 4 - i);
    const { results, count, verdicts } = program.runBuffer(buffer);
    expect({ count, results: [...results] }).toEqual({ count: 3, results: [4n, 3n, 2n] });
    expect(verdicts).toEqual(
      new Map([
        ['XDP_REDIRECT', 1],
        ['XDP_TX', 1],
        ['XDP_PASS', 1],
      ]),
    );
    expect([...buffer.bytes.subarray(0, 4)]).toEqual([2, 3, 4, 4]);
    program.runBuffer(buffer);
    expect([...buffer.packet(1)]).toEqual([4, 5, 4]);
    buffer.clear();
    expect(program.runBuffer(buffer).count).toBe(0);
  });

  it('give as much room as they are told', async () => {
    using object = await openText(GROW, { engine, type: 'xdp' });
    const program = await object.program();
    using buffer = object.packetBuffer({ bytes: 512 });
    buffer.bytes.fill(7);
    buffer.add(100, 20, { before: 48 });
    buffer.add(200, 20, { before: 47 });
    const { results, packets } = program.runBuffer(buffer, { packets: true });
    expect([...results]).toEqual([0n, 234n]);
    expect(packets?.map((packet) => packet.length)).toEqual([28, 20]);
    expect([...program.runBuffer(buffer).results]).toEqual([0n, 234n]);
  });

  it('give more events than one call takes, traps among them', async () => {
    const text = 'r2 = *(u64 *)(r1 + 0)\nif r2 == 0 goto out\nr0 = *(u8 *)(r2 + 0)\nout: r0 = 1\nexit';
    using object = await openText(text, { engine, sandbox: true });
    const program = await object.program();
    const many = 3000;
    using buffer = object.packetBuffer({ bytes: many * 8, packets: many });
    const words = new BigUint64Array(many);
    for (const wild of [0, 1023, 1024, 2999]) words[wild] = 1n << 40n;
    buffer.bytes.set(new Uint8Array(words.buffer));
    for (let i = 0; i < many; i++) buffer.add(i * 8, 8);
    const { traps, count, verdicts } = program.runBuffer(buffer);
    expect(count).toBe(many);
    expect(verdicts).toEqual(new Map([['1', many - 4]]));
    expect(traps.map(({ index }) => index)).toEqual([0, 1023, 1024, 2999]);
  });

  it('outlive the growth of memory', async () => {
    const large = mapSpec('large', 1, { valueSize: 8, maxEntries: 1 << 20 });
    using object = await openText(TOUCH, { engine, type: 'xdp' });
    const program = await object.program();
    using buffer = object.packetBuffer({ bytes: 64, packets: 1 });
    buffer.bytes.set(ethernet(0x0800, 64));
    buffer.add(0, 64);
    object.engine.createMap(large);
    expect(buffer.bytes).toEqual(ethernet(0x0800, 64));
    expect(program.runBuffer(buffer).results[0]).toBe(64n);
    expect(buffer.packet(0)[0]).toBe(1);
  });
});

it('packet buffers refuse what is not theirs', async () => {
  using object = await openText('r0 = *(u8 *)(r1 + 9)\nexit', { type: 'kprobe' });
  using other = await openText(TOUCH, { type: 'xdp' });
  const program = await object.program();
  const buffer = object.packetBuffer({ bytes: 100, packets: 2 });
  const bad = (message: RegExp) =>
    expect.objectContaining({ code: 'bad-argument', message: expect.stringMatching(message) as string });
  expect(() => buffer.add(90, 11)).toThrow(bad(/length of a packet is 11/));
  expect(() => buffer.add(101, 0)).toThrow(bad(/offset of a packet/));
  expect(() => buffer.add(10, 10, { before: 11 })).toThrow(bad(/room before/));
  expect(() => buffer.add(10, 10, { after: 81 })).toThrow(bad(/room after/));
  buffer.add(0, 10);
  expect(program.runBuffer(buffer).count).toBe(1);
  buffer.add(0, 9);
  expect(() => program.runBuffer(buffer)).toThrow(bad(/accesses 10 bytes of its context, but is given 9/));
  expect(() => buffer.add(0, 1)).toThrow(bad(/2 packets already/));
  expect(() => buffer.packet(2)).toThrow(bad(/number of a packet/));
  const wrong = await other.program();
  expect(() => wrong.runBuffer(buffer)).toThrow(bad(/another engine/));
  buffer[Symbol.dispose]();
  expect(() => buffer.bytes).toThrow(bad(/disposed of/));
});
