import { describe, expect, it } from 'vitest';
import {
  type Engine,
  openShared,
  type ProgramType,
  type RunContext,
  type Transmission,
} from '../../src/index.ts';
import { parseAddress } from '../../src/runtime/sockets/address.ts';
import { engines, ethernet, openText } from './build.ts';

const IPV4 = 2;
const IPV6 = 10;
const SIZE = 64;

/** What a program asks bpf_fib_lookup for: struct bpf_fib_lookup. */
interface Question {
  readonly family?: number;
  readonly total?: number;
  readonly ifindex?: number;
  readonly from?: string;
  readonly to: string;
  readonly table?: number;
  readonly flags?: number;
}

function params({ family, total = 0, ifindex = 1, from, to, table = 0 }: Question): Uint8Array {
  const bytes = new Uint8Array(SIZE);
  const view = new DataView(bytes.buffer);
  bytes[0] = family ?? (to.includes(':') ? IPV6 : IPV4);
  view.setUint16(6, total, true);
  view.setUint32(8, ifindex, true);
  bytes.set(from === undefined ? [] : parseAddress('', from), 16);
  bytes.set(parseAddress('', to), 32);
  view.setUint32(48, table, true);
  return bytes;
}

/** Copies what lies behind the packet's Ethernet header to the stack, or back. */
const copies = (line: (onStack: string, inPacket: string) => string): string =>
  Array.from({ length: SIZE / 8 }, (_, i) =>
    line(`*(u64 *)(r10 - ${SIZE - 8 * i})`, `*(u64 *)(r7 + ${14 + 8 * i})`),
  ).join('\n');

/** Asks with what the packet begins with, and leaves the answer there. */
const ask = (flags: number): string => `
  r7 = *(u32 *)(r1 + DATA)
  r3 = *(u32 *)(r1 + END)
  r4 = r7
  r4 += 78
  if r4 > r3 goto none
  ${copies((onStack, inPacket) => `r2 = ${inPacket}\n${onStack} = r2`)}
  r2 = r10
  r2 += -${SIZE}
  r3 = ${SIZE}
  r4 = ${flags}
  call bpf_fib_lookup
  ${copies((onStack, inPacket) => `r2 = ${onStack}\n${inPacket} = r2`)}
  exit
  none: r0 = 99
  exit`;

/** The program for contexts of its type, which have the packet's bounds in places of their own. */
const askAs = (type: ProgramType, flags: number): string => {
  const [data, end] = type === 'xdp' ? [0, 4] : [76, 80];
  return ask(flags).replace('DATA', `${data}`).replace('END', `${end}`);
};

const asked = (question: Question): Uint8Array => {
  const packet = ethernet(0x0800, 14 + SIZE);
  packet.set(params(question), 14);
  return packet;
};

interface Answer {
  readonly r0: number;
  readonly ifindex: number;
  readonly total: number;
  readonly metric: number;
  readonly to: string;
  readonly from: string;
  readonly smac: string;
  readonly dmac: string;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const NETWORK = (engine: Engine): void => {
  const { network } = engine;
  network.setDevice({ ifindex: 1, mtu: 65_536 });
  network.setDevice({ ifindex: 2, mac: '02:00:00:00:00:02' });
  network.setDevice({ ifindex: 3, mtu: 1280, forwarding: false });
  network.setRoute({ to: '192.0.2.0/24', device: 2, source: '192.0.2.1', metric: 7 });
  network.setRoute({ to: '0.0.0.0/0', device: 2, via: '192.0.2.254', mtu: 1400 });
  network.setRoute({ to: '192.0.2.1', type: 'local', device: 2 });
  network.setRoute({ to: '198.51.100.0/24', type: 'blackhole' });
  network.setRoute({ to: '203.0.113.0/24', type: 'prohibit' });
  network.setRoute({ to: '203.0.113.128/25', type: 'unreachable' });
  network.setRoute({ to: '10.0.0.0/8', table: 100, device: 3 });
  network.setRoute({ to: '2001:db8::/32', device: 2, via: 'fe80::1' });
  network.setNeighbour({ device: 2, address: '192.0.2.7', mac: '02:00:00:00:00:07' });
  network.setNeighbour({ device: 2, address: '192.0.2.254', mac: '02:00:00:00:00:fe' });
  network.setNeighbour({ device: 2, address: 'fe80::1', mac: '02:00:00:00:06:01' });
};

async function answer(
  engine: (typeof engines)[number],
  question: Question,
  { type = 'xdp', sandbox = false }: { type?: ProgramType; sandbox?: boolean } = {},
): Promise<Answer> {
  using object = await openText(askAs(type, question.flags ?? 0), { type, engine, sandbox });
  NETWORK(object.engine);
  const { r0, data } = (await object.program()).run(asked(question));
  const left = data.subarray(14);
  const view = new DataView(left.buffer, left.byteOffset);
  return {
    r0: Number(BigInt.asIntN(32, r0)),
    ifindex: view.getUint32(8, true),
    total: view.getUint16(6, true),
    metric: view.getUint32(12, true),
    from: hex(left.subarray(16, 20)),
    to: hex(left.subarray(32, 36)),
    smac: hex(left.subarray(52, 58)),
    dmac: hex(left.subarray(58, 64)),
  };
}

describe.each(engines)('bpf_fib_lookup in %s', (engine) => {
  const r0 = async (question: Question, type?: ProgramType): Promise<number> =>
    (await answer(engine, question, type && { type })).r0;

  it('gives a neighbour of a connected network', async () => {
    expect(await answer(engine, { to: '192.0.2.7', flags: 16 })).toEqual({
      r0: 0,
      ifindex: 2,
      total: 1500,
      metric: 7,
      from: 'c0000201',
      to: 'c0000207',
      smac: '020000000002',
      dmac: '020000000007',
    });
  });

  it('gives the gateway of a route, and the MTU that the route has', async () => {
    const found = await answer(engine, { to: '8.8.8.8', total: 1000 });
    expect(found).toMatchObject({ r0: 0, to: 'c00002fe', dmac: '0200000000fe', total: 1400 });
    expect(await answer(engine, { to: '8.8.8.8', total: 1401 })).toMatchObject({ r0: 8, total: 1400 });
  });

  it('gives gateways of IPv6', async () => {
    expect(await answer(engine, { to: '2001:db8::5' })).toMatchObject({ r0: 0, dmac: '020000000601' });
    expect(await r0({ to: 'fe80::1' })).toBe(4);
    expect(await r0({ to: '2001:db9::5' })).toBe(4);
  });

  it('says why a packet is not sent on', async () => {
    expect(await r0({ to: '192.0.2.8' })).toBe(7);
    expect(await r0({ to: '192.0.2.8', flags: 4 })).toBe(0);
    expect(await r0({ to: '192.0.2.1' })).toBe(4);
    expect(await r0({ to: '198.51.100.1' })).toBe(1);
    expect(await r0({ to: '203.0.113.1' })).toBe(3);
    expect(await r0({ to: '203.0.113.200' })).toBe(2);
    expect(await r0({ to: '192.0.2.7', ifindex: 3 })).toBe(5);
    expect(await r0({ to: '8.8.8.8', flags: 16 })).toBe(9);
  });

  it('refuses what the kernel refuses', async () => {
    expect(await r0({ to: '192.0.2.7', ifindex: 9 })).toBe(-19);
    expect(await r0({ to: '192.0.2.7', flags: 64 })).toBe(-22);
    expect(await r0({ to: '192.0.2.7', family: 1 })).toBe(-97);
  });

  it('looks into the table that it is told', async () => {
    expect(await r0({ to: '10.1.2.3', flags: 1 | 8 | 4, table: 100 })).toBe(0);
    expect(await r0({ to: '10.1.2.3', flags: 1 | 8, table: 101 })).toBe(4);
    expect(await r0({ to: '192.0.2.1', flags: 1 | 4 })).toBe(0);
  });

  it('holds socket buffers against the MTU, which they are told', async () => {
    const found = await answer(engine, { to: '192.0.2.7' }, { type: 'sched_cls' });
    expect(found).toMatchObject({ r0: 0, total: 1500 });
  });

  it('runs checked', async () => {
    expect(await answer(engine, { to: '192.0.2.7' }, { sandbox: true })).toMatchObject({ r0: 0 });
  });
});

describe.each(engines)('interfaces in %s', (engine) => {
  /** bpf_check_mtu with a length and a difference; r0 is what it returns with the MTU above. */
  const mtu = (ifindex: number, told: number, difference: number, flags = 0): string => `
    r2 = ${told}
    *(u32 *)(r10 - 4) = r2
    r2 = ${ifindex}
    r3 = r10
    r3 += -4
    r4 = ${difference}
    r5 = ${flags}
    call bpf_check_mtu
    r1 = *(u32 *)(r10 - 4)
    r1 <<= 16
    r0 &= 0xffff
    r0 |= r1
    exit`;

  const check = async (
    text: string,
    type: ProgramType,
    length = 64,
    context?: RunContext,
  ): Promise<bigint> => {
    using object = await openText(text, { type, engine });
    object.engine.network.setDevice({ ifindex: 1, mtu: 1000 });
    object.engine.network.setDevice({ ifindex: 5, mtu: 100 });
    return (await object.program()).run(ethernet(0x0800, length), context).r0;
  };

  it('have an MTU', async () => {
    for (const type of ['xdp', 'sched_cls'] as const) {
      expect(await check(mtu(5, 0, 0), type, 114)).toBe(100n << 16n);
      expect(await check(mtu(5, 0, 0), type, 115)).toBe((100n << 16n) | 1n);
      expect(await check(mtu(5, 0, -1), type, 115)).toBe(100n << 16n);
      expect(await check(mtu(5, 101, 0), type)).toBe((100n << 16n) | 1n);
      expect(await check(mtu(0, 1000, 0), type)).toBe(1000n << 16n);
      expect((await check(mtu(9, 0, 0), type)) & 0xffffn).toBe(BigInt.asUintN(16, -19n));
      expect((await check(mtu(5, 0, 0, 2), type)) & 0xffffn).toBe(BigInt.asUintN(16, -22n));
    }
    expect((await check(mtu(5, 0, 0, 1), 'xdp')) & 0xffffn).toBe(BigInt.asUintN(16, -22n));
  });

  it('take more of a socket buffer that stands for segments', async () => {
    expect(await check(mtu(5, 0, 0), 'sched_cls', 500, { gsoSize: 50 })).toBe(100n << 16n);
    expect(await check(mtu(5, 0, 0, 1), 'sched_cls', 500, { gsoSize: 300 })).toBe((100n << 16n) | 2n);
  });

  const clone = (flags: number): string => `
    r2 = 5
    r3 = ${flags}
    call bpf_clone_redirect
    exit`;

  it('send copies of packets, while the program runs', async () => {
    const sent: Transmission[] = [];
    using object = await openText(clone(1), { type: 'sched_cls', engine });
    const program = await object.program();
    const packet = ethernet(0x0800, 80);
    expect(BigInt.asIntN(32, program.run(packet).r0)).toBe(-22n);
    object.engine.network.setDevice({ ifindex: 5, transmit: (one) => void sent.push(one) });
    expect(program.run(packet)).toMatchObject({ r0: 0n, dataChanged: false });
    expect(sent).toEqual([{ packet, ingress: true }]);
    object.engine.network.setDevice({ ifindex: 5 });
    expect(program.run(packet).r0).toBe(0n);
    expect(sent).toHaveLength(1);
    expect(object.engine.network.removeDevice(5)).toBe(true);
    expect(BigInt.asIntN(32, program.run(packet).r0)).toBe(-22n);
  });

  it('may throw: the run ends with a trap', async () => {
    using object = await openText(clone(0), { type: 'sched_cls', engine });
    object.engine.network.setDevice({
      ifindex: 5,
      transmit: () => {
        throw new Error('the cable is out');
      },
    });
    const program = await object.program();
    expect(() => program.run(ethernet(0x0800))).toThrow('the cable is out');
  });

  const neighbour = (plen: number): string => `
    *(u32 *)(r10 - 24) = ${IPV4}
    *(u32 *)(r10 - 20) = 0x070200c0
    r2 = 0
    *(u64 *)(r10 - 16) = r2
    *(u64 *)(r10 - 8) = r2
    r1 = 5
    r2 = r10
    r2 += -24
    r3 = ${plen}
    r4 = 0
    call bpf_redirect_neigh
    exit`;

  it('are where redirects go, by a neighbour or to a peer', async () => {
    const redirect = async (text: string) => {
      using object = await openText(text, { type: 'sched_cls', engine });
      return (await object.program()).run(ethernet(0x0800)).redirect;
    };
    const to = { index: 5, map: undefined, flags: 0n };
    expect(await redirect(neighbour(20))).toEqual({ ...to, by: 'neighbour', nextHop: '192.0.2.7' });
    expect(await redirect(neighbour(19))).toBeUndefined();
    expect(await redirect('r1 = 5\nr2 = 0\nr3 = 0\nr4 = 0\ncall bpf_redirect_neigh\nexit')).toEqual({
      ...to,
      by: 'neighbour',
      nextHop: undefined,
    });
    expect(await redirect('r1 = 5\nr2 = 0\ncall bpf_redirect_peer\nexit')).toMatchObject({ by: 'peer' });
    expect(await redirect('r1 = 5\nr2 = 1\ncall bpf_redirect\nexit')).toMatchObject({
      by: undefined,
      flags: 1n,
    });
  });
});

describe('a network', () => {
  const shared = async (type: ProgramType, text: string) =>
    await openText(text, { type, engine: 'interp', memory: 'shared', cpus: 2 });

  it('begins before memory is shared', async () => {
    using object = await shared('xdp', 'r0 = 0\nexit');
    await object.share();
    expect(() => object.engine.network).toThrow(/begin to have a network/);
  });

  it('is one in shared memory, but for what takes its packets', async () => {
    using object = await shared('sched_cls', 'r2 = 5\nr3 = 0\ncall bpf_clone_redirect\nexit');
    const sent: Transmission[] = [];
    object.engine.network.setDevice({ ifindex: 5, transmit: (one) => void sent.push(one) });
    await object.program();
    using other = await openShared(await object.share(), { cpu: 1 });
    const program = await other.program('main');
    expect(program.run(ethernet(0x0800)).r0).toBe(0n);
    expect(sent).toEqual([]);
    expect((await object.program()).run(ethernet(0x0800)).r0).toBe(0n);
    expect(sent).toHaveLength(1);
  });

  it('says what is wrong', async () => {
    using object = await openText('r0 = 0\nexit', { type: 'xdp', engine: 'interp' });
    const { network } = object.engine;
    const refuses = (act: () => unknown, message: RegExp): void => expect(act).toThrow(message);
    refuses(() => network.setDevice({ ifindex: 0 }), /ifindex/);
    refuses(() => network.setDevice({ ifindex: 1, mac: '2:3' }), /mac is 2:3/);
    refuses(() => network.setDevice({ ifindex: 1, mtu: 10 }), /mtu/);
    refuses(() => network.setRoute({ to: '10.0.0.0/33', device: 1 }), /10\.0\.0\.0\/33/);
    refuses(() => network.setRoute({ to: '10.0.0.0/8' }), /device of a unicast route/);
    refuses(() => network.setRoute({ to: 'here', device: 1 }), /prefix/);
    expect(network.removeRoute({ to: '10.0.0.0/8' })).toBe(false);
    expect(network.removeNeighbour({ device: 1, address: '10.0.0.1' })).toBe(false);
    network.setRoute({ to: '10.0.0.0/8', device: 1 });
    expect(network.removeRoute({ to: '10.0.0.0/8' })).toBe(true);
  });
});
