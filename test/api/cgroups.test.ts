import { describe, expect, it } from 'vitest';
import * as abi from '../../src/abi/maps.ts';
import { ptRegs, type Socket, skb } from '../../src/index.ts';
import { engines, ethernet, mapSpec, openText } from './build.ts';

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const packet = ethernet(0x0800);
const GROUPS = mapSpec('groups', abi.MAP_TYPE_CGROUP_ARRAY, { valueSize: 4, maxEntries: 3 });

/** r0 of the text for packets of a socket in the inner cgroup, of a request to it, of one in the root, of none. */
async function ask(engine: (typeof engines)[number], text: string): Promise<bigint[]> {
  using object = await openText(`${text}\nexit`, { type: 'cgroup_skb', engine, sandbox: true });
  const outer = object.engine.object({ kind: 'cgroup', cookie: 100n });
  const inner = object.engine.object({ kind: 'cgroup', cookie: 200n, parent: outer });
  const listener = object.engine.socket({ protocol: 6, state: 10, cgroup: inner });
  const request = object.engine.socket({ protocol: 6, state: 12, listener });
  const outside = object.engine.socket({});
  const program = await object.program();
  const run = (sk?: Socket) => signed(program.run(skb({ packet, ...(sk && { sk }) })).r0);
  return [run(listener), run(request), run(outside), run()];
}

const under = (index: number) => `r2 = map[groups]\nr3 = ${index}\ncall bpf_skb_under_cgroup`;
const ofSocket = (call: string) => `
  r1 = *(u64 *)(r1 + 168)
  r0 = 77
  if r1 == 0 goto out
  ${call}
  out:`;

describe.each(engines)('cgroups of sockets, in %s', (engine) => {
  it.each([
    { call: 'call bpf_skb_cgroup_id', results: [200n, 200n, 1n, 0n] },
    { call: 'r2 = 1\ncall bpf_skb_ancestor_cgroup_id', results: [100n, 100n, 0n, 0n] },
    { call: 'r2 = 3\ncall bpf_skb_ancestor_cgroup_id', results: [0n, 0n, 0n, 0n] },
    { call: ofSocket('call bpf_sk_cgroup_id'), results: [200n, 200n, 1n, 77n] },
    { call: ofSocket('r2 = 2\ncall bpf_sk_ancestor_cgroup_id'), results: [200n, 200n, 0n, 77n] },
  ])('$call', async ({ call, results }) => {
    expect(await ask(engine, call)).toEqual(results);
  });
});

it.each(engines)('bpf_skb_under_cgroup says what the kernel says, in %s', async (engine) => {
  const run = async (index: number) => {
    using object = await openText(`${under(index)}\nexit`, { type: 'sched_cls', engine, maps: [GROUPS] });
    const outer = object.engine.object({ kind: 'cgroup' });
    const inner = object.engine.object({ kind: 'cgroup', parent: outer });
    object.map('groups').raw.update(word(0), word(outer.address));
    const inside = object.engine.socket({ cgroup: inner });
    const outside = object.engine.socket({});
    const program = await object.program();
    return [inside, outside, undefined].map(
      (sk) => signed(program.run(skb({ packet, ...(sk && { sk }) })).r0 << 32n) >> 32n,
    );
  };
  expect(await run(0)).toEqual([1n, 0n, -2n]);
  expect(await run(1)).toEqual([-11n, -11n, -2n]);
  expect(await run(3)).toEqual([-7n, -7n, -2n]);
});

it('a socket holds its cgroup', async () => {
  using object = await openText('r0 = 0\nexit', { type: 'kprobe' });
  const cgroup = object.engine.object({ kind: 'cgroup' });
  const socket = object.engine.socket({ cgroup });
  expect(cgroup.references).toBe(2);
  socket[Symbol.dispose]();
  expect(cgroup.references).toBe(1);
});

it('a cgroup that only a map has held is gone with its entry, and its parent with it', async () => {
  const text = `
    r6 = 1
    again:
    r1 = r6
    call kfunc bpf_cgroup_from_id
    if r0 == 0 goto next
    r1 = r0
    call kfunc bpf_cgroup_release
    r0 = r6
    exit
    next:
    r6 += 1
    if r6 < 4 goto again
    r0 = 0
    exit`;
  using object = await openText(text, { type: 'sched_cls', maps: [GROUPS] });
  const program = await object.program();
  const found = (): bigint => program.run(packet).r0;
  {
    using outer = object.engine.object({ kind: 'cgroup', cookie: 3n });
    using inner = object.engine.object({ kind: 'cgroup', cookie: 2n, parent: outer });
    object.map('groups').raw.update(word(0), word(inner.address));
    expect(inner.references).toBe(2);
  }
  expect(found()).toBe(2n);
  object.map('groups').raw.delete(word(0));
  expect(found()).toBe(0n);
});

it("a host's helper is never taken for what the runtime asks of the host", async () => {
  const signals: number[] = [];
  const tasks = { signal: (number: number) => void signals.push(number) };
  const helpers = { 1879048193: () => 5n };
  using object = await openText('r1 = 10\ncall bpf_send_signal\nr6 = r0\ncall 0x70000001\nr0 += r6\nexit', {
    type: 'kprobe',
    sandbox: true,
    tasks,
    helpers,
  });
  expect((await object.program()).run(ptRegs({})).r0).toBe(5n);
  expect(signals).toEqual([10]);
});
