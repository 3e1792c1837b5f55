import { describe, expect, it } from 'vitest';
import type { Engine, RunContext, Socket } from '../../src/index.ts';
import { formatAddress, parseAddress } from '../../src/runtime/sockets/address.ts';
import { engines, ethernet, openText } from './build.ts';

const PEER = '198.51.100.7';
const HERE = '192.0.2.1';

/** A tuple on the stack: of the packet's peer (port 4660) to this address (port 80). */
const tuple4 = (local: string): string => {
  const word = (text: string): number => new DataView(parseAddress('', text).buffer).getInt32(0, true);
  return `
  *(u32 *)(r10 - 16) = ${word(PEER)}
  *(u32 *)(r10 - 12) = ${word(local)}
  *(u16 *)(r10 - 8) = 0x3412
  *(u16 *)(r10 - 6) = 0x5000`;
};

/** Looks the tuple up, and goes on at `found` with the socket in r6; r0 is 0 where there is none. */
const find = (helper: string, local = HERE, netns = -1): string => `
  r7 = r1
  ${tuple4(local)}
  r2 = r10
  r2 += -16
  r3 = 12
  r4 = ${netns}
  r5 = 0
  call bpf_${helper}
  if r0 == 0 goto none
  r6 = r0
`;

const end = `
  r1 = r6
  call bpf_sk_release
  r0 = r8
  exit
  none: r0 = 0
  exit`;

const member = (offset: number): string => `r8 = *(u32 *)(r6 + ${offset})`;

const MARK = 16;

type Make = (engine: Engine) => Socket | undefined;

async function run(
  text: string,
  options: { engine: (typeof engines)[number]; type?: 'xdp' | 'sched_cls'; sandbox?: boolean },
  make: Make,
  context?: RunContext,
): Promise<bigint> {
  using object = await openText(text, { type: 'xdp', ...options });
  make(object.engine);
  return (await object.program()).run(ethernet(0x0800), context).r0;
}

const listener = { srcPort: 80, protocol: 'tcp', mark: 1 } as const;
const connection = { ...listener, srcIp: HERE, dstIp: PEER, dstPort: 0x1234, mark: 9 } as const;

describe.each(engines)('sockets in %s', (engine) => {
  const marked = find('sk_lookup_tcp') + member(MARK) + end;

  it('are found: connections first, then by the address, then of any address', async () => {
    const any: Make = (on) => on.socket(listener);
    const here: Make = (on) => on.socket({ ...listener, srcIp: HERE, mark: 5 });
    const both: Make = (on) => any(on) && here(on);
    expect(await run(marked, { engine }, () => undefined)).toBe(0n);
    expect(await run(marked, { engine }, any)).toBe(1n);
    expect(await run(marked, { engine }, both)).toBe(5n);
    expect(await run(marked, { engine }, (on) => both(on) && on.socket(connection))).toBe(9n);
  });

  it('are not found by others: port, protocol, interface, namespace, IPv6 alone', async () => {
    const nothing = async (change: object): Promise<void> =>
      expect(await run(marked, { engine }, (on) => on.socket({ ...listener, ...change }))).toBe(0n);
    await nothing({ srcPort: 81 });
    await nothing({ protocol: 'udp' });
    await nothing({ boundDevIf: 3 });
    await nothing({ netns: 2 });
    await nothing({ family: 'inet6', ipv6Only: true });
    await nothing({ srcIp: '192.0.2.2' });
    await nothing({ lookup: false });
    const dual: Make = (on) => on.socket({ ...listener, family: 'inet6' });
    expect(await run(marked, { engine }, dual)).toBe(1n);
  });

  it('are found in another namespace, and on an interface', async () => {
    const there = find('sk_lookup_tcp', HERE, 2) + member(MARK) + end;
    expect(await run(there, { engine }, (on) => on.socket({ ...listener, netns: 2 }))).toBe(1n);
    const bound: Make = (on) => on.socket({ ...listener, boundDevIf: 3 });
    expect(await run(marked, { engine }, bound, { ingressIfindex: 3 })).toBe(1n);
  });

  it('of UDP are found by how much of them fits', async () => {
    const text = find('sk_lookup_udp') + member(MARK) + end;
    const udp = { ...listener, protocol: 'udp' } as const;
    const any: Make = (on) => on.socket(udp);
    expect(await run(text, { engine }, any)).toBe(1n);
    expect(
      await run(
        text,
        { engine },
        (on) => any(on) && on.socket({ ...udp, dstIp: PEER, dstPort: 0x1234, mark: 7 }),
      ),
    ).toBe(7n);
    expect(
      await run(text, { engine }, (on) => any(on) && on.socket({ ...udp, dstIp: PEER, dstPort: 5, mark: 7 })),
    ).toBe(1n);
  });

  it('show the members of struct bpf_sock', async () => {
    const read = (offset: number, size = 'u32') =>
      run(`${find('sk_lookup_tcp')}\nr8 = *(${size} *)(r6 + ${offset})${end}`, { engine }, (on) =>
        on.socket({ ...connection, priority: 6, rxQueueMapping: 4 }),
      );
    expect(await read(4)).toBe(2n);
    expect(await read(8)).toBe(1n);
    expect(await read(12)).toBe(6n);
    expect(await read(20)).toBe(6n);
    expect(await read(24)).toBe(0x010200c0n);
    expect(await read(44)).toBe(80n);
    expect(await read(48, 'u16')).toBe(0x3412n);
    expect(await read(52)).toBe(0x076433c6n);
    expect(await read(72)).toBe(1n);
    expect(await read(76)).toBe(4n);
  });

  it('show their state of TCP', async () => {
    const text = `${find('sk_lookup_tcp')}
      r1 = r6
      call bpf_tcp_sock
      r8 = 0
      if r0 == 0 goto out
      r8 = *(u64 *)(r0 + 88)
      r1 = *(u32 *)(r0 + 0)
      r8 += r1
      out:${end}`;
    const tcp = { snd_cwnd: 10, bytes_acked: 1n << 40n };
    expect(await run(text, { engine, type: 'sched_cls' }, (on) => on.socket({ ...connection, tcp }))).toBe(
      (1n << 40n) + 10n,
    );
  });

  it('are listeners, requests and time-wait sockets to those who ask', async () => {
    const text = (helper: string) => `${find('skc_lookup_tcp')}
      r1 = r6
      call bpf_${helper}
      r8 = 0
      if r0 == 0 goto out
      r8 = *(u32 *)(r0 + 16)
      out:${end}`;
    const request: Make = (on) =>
      on.socket({ ...connection, state: 'new_syn_recv', listener: on.socket(listener), mark: 3 });
    const waiting: Make = (on) => on.socket({ ...connection, state: 'time_wait' });
    expect(await run(text('sk_fullsock'), { engine, type: 'sched_cls' }, request)).toBe(0n);
    expect(await run(text('get_listener_sock'), { engine, type: 'sched_cls' }, request)).toBe(1n);
    expect(await run(text('get_listener_sock'), { engine, type: 'sched_cls' }, waiting)).toBe(0n);
    expect(await run(marked, { engine }, request)).toBe(1n);
    expect(await run(marked, { engine }, waiting)).toBe(0n);
  });

  it('of a packet tell their cookie, user and namespace', async () => {
    const ask = async (helper: string, has: boolean): Promise<bigint> => {
      using object = await openText(`call bpf_${helper}\nexit`, { engine, type: 'sched_cls' });
      const sk = object.engine.socket({ ...connection, cookie: 77n, uid: 1000, netnsCookie: 5n });
      return (await object.program()).run(ethernet(0x0800), has ? { sk } : {}).r0;
    };
    expect(await ask('get_socket_cookie', true)).toBe(77n);
    expect(await ask('get_socket_cookie', false)).toBe(0n);
    expect(await ask('get_socket_uid', true)).toBe(1000n);
    expect(await ask('get_socket_uid', false)).toBe(65534n);
    expect(await ask('get_netns_cookie', true)).toBe(5n);
    expect(await ask('get_netns_cookie', false)).toBe(1n);
  });

  it('are not made up for a context that has none', async () => {
    for (const helper of ['get_socket_cookie', 'get_netns_cookie']) {
      using object = await openText(`call bpf_${helper}\nr0 = 1\nexit`, { engine, type: 'sock_ops' });
      const sock = object.engine.socket(connection);
      const program = await object.program();
      const context = new Uint8Array(224);
      expect(() => program.run(context)).toThrow(expect.objectContaining({ code: 'trap' }));
      new DataView(context.buffer).setBigUint64(184, BigInt(sock.address), true);
      expect(program.run(context).r0).toBe(1n);
    }
  });

  it('are assigned to packets that arrive', async () => {
    const text = `${find('sk_lookup_tcp')}
      r1 = r7
      r2 = r6
      r3 = 0
      call bpf_sk_assign
      r8 = r0${end}`;
    using object = await openText(text, { engine, type: 'sched_cls' });
    const socket = object.engine.socket(listener);
    const program = await object.program();
    const arrived = program.run(ethernet(0x0800), { arrives: true });
    expect(arrived.r0).toBe(0n);
    expect(arrived.socket).toBe(socket);
    const other = program.run(ethernet(0x0800));
    expect(BigInt.asIntN(64, other.r0)).toBe(-95n);
    expect(other.socket).toBeUndefined();
  });

  it('are counted: by programs, and given back by those that were not verified', async () => {
    using object = await openText(marked, { engine, type: 'xdp' });
    const socket = object.engine.socket(connection);
    (await object.program()).run(ethernet(0));
    expect(socket.references).toBe(1);
    const forgetful = `${find('sk_lookup_tcp')}\nr0 = *(u32 *)(r6 + 16)\nexit\nnone: r0 = 0\nexit`;
    if (engine === 'auto') return;
    using boxed = await openText(forgetful, { engine, type: 'xdp', sandbox: true });
    const other = boxed.engine.socket(connection);
    expect((await boxed.program()).run(ethernet(0)).r0).toBe(9n);
    expect(other.references).toBe(1);
  });

  it('are nothing that an unverified program could make up, or give back twice', async () => {
    if (engine === 'auto') return;
    for (const text of [
      'r1 = r10\nr1 += -80\ncall bpf_sk_release\nr0 = 0\nexit',
      `${find('sk_lookup_tcp')}\nr1 = r6\ncall bpf_sk_release\nr8 = 0${end}`,
    ]) {
      using object = await openText(text, { engine, type: 'xdp', sandbox: true });
      object.engine.socket(connection);
      const program = await object.program();
      expect(() => program.run(ethernet(0))).toThrow(expect.objectContaining({ code: 'trap' }));
    }
  });

  it('change while they are there', async () => {
    using object = await openText(marked, { engine, type: 'xdp' });
    const socket = object.engine.socket(listener);
    const program = await object.program();
    socket.set({ mark: 2 });
    expect(program.run(ethernet(0)).r0).toBe(2n);
    socket.set({ srcPort: 443 });
    expect(program.run(ethernet(0)).r0).toBe(0n);
    expect(socket.fields).toMatchObject({
      family: 'inet',
      state: 'listen',
      srcIp: '0.0.0.0',
      srcPort: 443,
      mark: 2,
    });
    socket.set({ srcPort: 80 });
    socket[Symbol.dispose]();
    expect(program.run(ethernet(0)).r0).toBe(0n);
    expect(() => socket.fields).toThrow(/disposed/);
  });
});

describe('addresses', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['::', '::'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ])('%s is %s', (text, canonical) =>
    expect(formatAddress(parseAddress('an address', text))).toBe(canonical));

  it.each([
    '',
    '1.2.3',
    '1.2.3.256',
    '1:2:3',
    '1::2::3',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    'g::',
    '::1%lo',
  ])('"%s" is none', (text) => expect(() => parseAddress('an address', text)).toThrow(/must be an address/));
});
