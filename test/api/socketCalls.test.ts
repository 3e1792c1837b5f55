import { describe, expect, it } from 'vitest';
import { type BindAddress, type CalledSocket, type SocketCalls, sockAddr } from '../../src/index.ts';
import { engines, openText } from './build.ts';

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);

const option = (helper: string, name: number): string => `
  *(u64 *)(r10 - 8) = 258
  r2 = 1
  r3 = ${name}
  r4 = r10
  r4 += -8
  r5 = 4
  call bpf_${helper}
  if r0 != 0 goto out
  r0 = *(u32 *)(r10 - 8)
  out: `;

/** Binds to port 80 of 192.0.2.1, given in so many bytes. */
const bind4 = (size: number, family = 2): string => `
  *(u16 *)(r10 - 16) = ${family}
  *(u16 *)(r10 - 14) = 0x5000
  *(u32 *)(r10 - 12) = 0x010200c0
  *(u64 *)(r10 - 8) = 0
  r2 = r10
  r2 += -16
  r3 = ${size}
  call bpf_bind`;

const BIND6 = `
  *(u16 *)(r10 - 32) = 10
  *(u16 *)(r10 - 30) = 0
  *(u32 *)(r10 - 28) = 0
  r2 = 0xb80d0120 ll
  *(u64 *)(r10 - 24) = r2
  *(u64 *)(r10 - 16) = 0
  *(u64 *)(r10 - 8) = 0
  r2 = r10
  r2 += -32
  r3 = 28
  call bpf_bind`;

describe.each(engines)('calls on sockets, in %s', (engine) => {
  const ask = async (text: string, sockets?: SocketCalls) => {
    const options = { engine, sandbox: true, type: 'cgroup_sock_addr' } as const;
    using object = await openText(`${text}\nexit`, { ...options, ...(sockets && { sockets }) });
    const sk = object.engine.socket({});
    const { r0 } = (await object.program()).run(sockAddr('cgroup_inet4_connect', { sk }));
    return { r0: signed(r0), sk };
  };

  it('options are set and read by the host', async () => {
    const set: [CalledSocket, number, number, Uint8Array][] = [];
    const sockets: SocketCalls = {
      setOption: (...call) => (set.push(call) > 0 && call[2] === 3 ? 92 : undefined),
      getOption: (_, level, name, length) =>
        name === 4 ? new Uint8Array(length + 1) : name === 5 ? 92 : Uint8Array.of(level, name),
    };
    const { r0, sk } = await ask(option('setsockopt', 2), sockets);
    expect(r0).toBe(258n);
    expect(set).toEqual([[sk, 1, 2, Uint8Array.of(2, 1, 0, 0)]]);
    expect((await ask(option('setsockopt', 3), sockets)).r0).toBe(-92n);
    expect((await ask(option('getsockopt', 3), sockets)).r0).toBe(0x0301n);
    expect((await ask(option('getsockopt', 4), sockets)).r0).toBe(-22n);
    expect((await ask(option('getsockopt', 5), sockets)).r0).toBe(-92n);
  });

  it('sockets are bound by the host', async () => {
    const bound: BindAddress[] = [];
    const sockets: SocketCalls = { bind: (_, address) => (bound.push(address) === 2 ? 98 : undefined) };
    expect((await ask(bind4(16), sockets)).r0).toBe(0n);
    expect((await ask(BIND6, sockets)).r0).toBe(-98n);
    expect(bound).toEqual([
      { ip: '192.0.2.1', port: 80 },
      { ip: '2001:db8::', port: 0 },
    ]);
    expect((await ask(bind4(15), sockets)).r0).toBe(-22n);
    expect((await ask(bind4(16, 1), sockets)).r0).toBe(-97n);
    expect(bound).toHaveLength(2);
  });

  it('nothing is allowed without the host', async () => {
    expect((await ask(option('setsockopt', 2))).r0).toBe(-22n);
    expect((await ask(option('getsockopt', 2))).r0).toBe(-22n);
    expect((await ask(bind4(16))).r0).toBe(-22n);
  });
});
