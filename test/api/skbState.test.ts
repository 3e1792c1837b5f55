import { describe, expect, it } from 'vitest';
import { type SkbState, skb } from '../../src/index.ts';
import { engines, ethernet, openText } from './build.ts';

const packet = ethernet(0x0800, 80);
/** `skbState` belongs to the context of a run, or to an event. */
const run = async (engine: (typeof engines)[number], text: string, skbState?: SkbState) => {
  using object = await openText(text, { type: 'sched_cls', engine });
  const program = await object.program();
  const result = program.run(packet, skbState && { skbState });
  const { r0, tunnel } = program.run(skb({ packet, ...(skbState && { skbState }) }));
  expect({ r0, tunnel }).toEqual({ r0: result.r0, tunnel: result.tunnel });
  // What a run was given is gone with it.
  expect(program.run(packet).r0).toBe((await openAndRun(engine, text)).r0);
  return result;
};
async function openAndRun(engine: (typeof engines)[number], text: string) {
  using object = await openText(text, { type: 'sched_cls', engine });
  return (await object.program()).run(packet);
}

/** bpf_skb_get_tunnel_key; r0 is a u32 of the key, or the error. */
const tunnelKey = (offset: number, flags = 0): string => `
  r2 = r10
  r2 += -48
  r3 = 44
  r4 = ${flags}
  call bpf_skb_get_tunnel_key
  if r0 != 0 goto out
  r0 = *(u32 *)(r10 - ${48 - offset})
  out: exit`;

const tunnel = {
  id: 7,
  remote: '192.0.2.1',
  local: '198.51.100.2',
  tos: 3,
  ttl: 64,
  options: Uint8Array.of(1, 2, 3, 4),
} as const;

describe.each(engines)('a socket buffer in %s', (engine) => {
  it('comes out of a tunnel', async () => {
    expect((await run(engine, tunnelKey(0))).r0).toBe(BigInt.asUintN(64, -22n));
    expect((await run(engine, tunnelKey(0), { tunnel })).r0).toBe(7n);
    expect((await run(engine, tunnelKey(4), { tunnel })).r0).toBe(0xc0000201n);
    expect((await run(engine, tunnelKey(28), { tunnel })).r0).toBe(0xc6336402n);
    const six = { id: 1, remote: '2001:db8::1' };
    expect((await run(engine, tunnelKey(4), { tunnel: six })).r0).toBe(BigInt.asUintN(64, -71n));
    expect((await run(engine, tunnelKey(4, 1), { tunnel: six })).r0).toBe(0xb80d0120n);
  });

  it('has options of its tunnel', async () => {
    const options = `
      r2 = r10
      r2 += -8
      r3 = 8
      call bpf_skb_get_tunnel_opt
      if r0 s< 0 goto out
      r0 = *(u32 *)(r10 - 8)
      out: exit`;
    expect((await run(engine, options, { tunnel })).r0).toBe(0x04030201n);
    const { options: _, ...plain } = tunnel;
    expect((await run(engine, options, { tunnel: plain })).r0).toBe(BigInt.asUintN(64, -2n));
  });

  it('is sent into a tunnel', async () => {
    const send = `
      r6 = r1
      r2 = 0
      *(u64 *)(r10 - 16) = r2
      *(u64 *)(r10 - 8) = r2
      *(u32 *)(r10 - 24) = 9
      *(u32 *)(r10 - 20) = 0xc0000209
      *(u32 *)(r10 - 4) = 0x4000
      r2 = r10
      r2 += -24
      r3 = 22
      r4 = 16
      call bpf_skb_set_tunnel_key
      r7 = r0
      *(u32 *)(r10 - 4) = 0x01020304
      r1 = r6
      r2 = r10
      r2 += -4
      r3 = 4
      call bpf_skb_set_tunnel_opt
      r0 |= r7
      exit`;
    const sent = await run(engine, send);
    expect(sent.r0).toBe(0n);
    expect(sent.tunnel).toMatchObject({ id: 9, remote: '192.0.2.9', options: Uint8Array.of(4, 3, 2, 1) });
    // BPF_F_NO_TUNNEL_KEY: no key, but a checksum.
    expect((sent.tunnel?.flags ?? 0) & 5).toBe(1);
    expect((await run(engine, 'r0 = 0\nexit')).tunnel).toBeUndefined();
  });

  it('is of a class and a realm', async () => {
    const state = { classid: 0x10002, realm: 5 };
    expect((await run(engine, 'call bpf_get_cgroup_classid\nexit', state)).r0).toBe(0x10002n);
    expect((await run(engine, 'call bpf_get_route_realm\nexit', state)).r0).toBe(5n);
    expect((await run(engine, 'call bpf_get_route_realm\nexit')).r0).toBe(0n);
  });

  it('has a checksum that is known, or not', async () => {
    const level = 'r2 = 0\ncall bpf_csum_level\nexit';
    expect((await run(engine, level)).r0).toBe(BigInt.asUintN(64, -13n));
    expect((await run(engine, level, { checksum: 'unnecessary' })).r0).toBe(0n);
    const update = 'r2 = 5\ncall bpf_csum_update\nexit';
    expect((await run(engine, update, { checksum: { complete: 10 } })).r0).toBe(15n);
    expect((await run(engine, update, { checksum: { partial: { start: 34, offset: 16 } } })).r0).toBe(
      BigInt.asUintN(64, -524n),
    );
  });

  it('is refused with what no packet has', async () => {
    const refuses = async (skbState: SkbState, message: RegExp): Promise<void> =>
      await expect(run(engine, 'r0 = 0\nexit', skbState)).rejects.toThrow(message);
    await refuses({ tunnel: { id: 1, remote: 'there' } }, /remote end/);
    await refuses({ tunnel: { id: 1, remote: '10.0.0.1', local: '::1' } }, /two families/);
    await refuses({ tunnel: { ...tunnel, options: new Uint8Array(256) } }, /options/);
    await refuses({ classid: -1 }, /classid/);
  });
});
