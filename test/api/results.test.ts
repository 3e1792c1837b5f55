import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { engines, ethernet, openText } from './build.ts';

/** Writes its first byte plus one over it; r0 is what was there. */
const COUNT = `
  r2 = *(u32 *)(r1 + 0)
  r3 = *(u32 *)(r1 + 4)
  r4 = r2
  r4 += 1
  r0 = 0
  if r4 > r3 goto out
  r0 = *(u8 *)(r2 + 0)
  r5 = r0
  r5 += 1
  *(u8 *)(r2 + 0) = r5
  out: exit`;

const SAME = 'r0 = 2\nexit';

const packetOf = (length: number, first: number): Uint8Array => {
  const packet = Uint8Array.from({ length }, (_, index) => index * 7);
  packet[0] = first;
  return packet;
};

describe.each(engines)('results of runs in %s', (engine) => {
  it.each([1, 3, 63, 64, 65, 255, 256, 257, 1500, 20_000])('of %i bytes stay as they are', async (length) => {
    using object = await openText(COUNT, { engine, type: 'xdp' });
    const program = await object.program();
    const input = packetOf(length, 1);
    const results = [1, 2, 3].map((first) => {
      input[0] = first;
      return program.run(input);
    });
    input.fill(0xff);
    results.forEach(({ r0, data, dataChanged }, index) => {
      expect({ r0, dataChanged }).toEqual({ r0: BigInt(index + 1), dataChanged: true });
      expect(data).toEqual(packetOf(length, index + 2));
    });
  });

  it.each([0, 1, 2, 3, 14, 1500])('tell a packet of %i bytes that is as it was', async (length) => {
    using object = await openText(SAME, { engine, type: 'xdp' });
    const program = await object.program();
    const input = packetOf(length, 5).slice(0, length);
    const result = program.run(input);
    const expected = input.slice();
    input.fill(9);
    program.run(input);
    expect(result.dataChanged).toBe(false);
    expect(result.data).toEqual(expected);
    expect(result.data).toBe(result.data);
    expect(result.meta).toHaveLength(0);
  });

  it('see a change of the last byte of a packet without its Ethernet header', async () => {
    const text = `
      r6 = r1
      r2 = *(u32 *)(r6 + 76)
      r3 = *(u32 *)(r6 + 80)
      r4 = r2
      r4 += 3
      r0 = 0
      if r4 > r3 goto out
      *(u8 *)(r2 + 2) = 77
      out: exit`;
    using object = await openText(text, { engine, type: 'sched_cls' });
    const packet = ethernet(0x0800, 17);
    const result = (await object.program()).run(packet, { linkHeader: 14 });
    expect([...result.data]).toEqual([0, 0, 77]);
    expect(result.dataChanged).toBe(true);
  });

  it('keep the context apart from that of later runs', async () => {
    const text = 'r2 = *(u32 *)(r1 + 8)\nr2 += 1\n*(u32 *)(r1 + 8) = r2\nr0 = 2\nexit';
    using object = await openText(text, { engine, type: 'sched_cls' });
    const program = await object.program();
    const results = [{ mark: 1 }, {}, { mark: 5 }, undefined].map((context) =>
      program.run(ethernet(0x0800), context),
    );
    expect(results.map(({ context }) => context?.mark)).toEqual([2, 1, 6, 1]);
  });

  it('print as plain data', async () => {
    using object = await openText('r0 = 2\nexit', { engine, type: 'xdp' });
    const text = inspect((await object.program()).run(new Uint8Array(2)));
    expect(text).toContain('r0: 2n');
    expect(text).toContain("verdict: 'XDP_PASS'");
  });

  it('are the lower half of r0 alone, when asked for by retval', async () => {
    using object = await openText('r0 = -2\nexit', { engine, type: 'xdp', sandbox: true });
    const program = await object.program();
    expect(program.retval(ethernet(0))).toBe(0xffff_fffe);
    expect(() => program.retval(5 as unknown as Uint8Array)).toThrow(/must be a Uint8Array/);
  });

  it('leave a trap of retval as an error', async () => {
    using object = await openText('r0 = *(u64 *)(r1 + 100)\nexit', { engine });
    const program = await object.program();
    expect(() => program.retval(new Uint8Array(8))).toThrow(
      expect.objectContaining({ code: 'trap', insn: 0 }),
    );
    expect(program.retval(new Uint8Array(108))).toBe(0);
  });
});
