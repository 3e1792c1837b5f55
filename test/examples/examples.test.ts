import { describe, expect, it } from 'vitest';
import type { BpfObject } from '../../src/index.ts';
import { linesOf, runBoth, traffic } from './both.ts';
import { checksumError, ipv4Of } from './checksums.ts';

const total = traffic.length;

interface Counter {
  packets: bigint;
  bytes: bigint;
}
interface Host {
  sent: Counter;
  received: Counter;
}

describe('the recorded traffic', () => {
  it('has right checksums throughout', () => {
    expect(traffic.length).toBeGreaterThan(3000);
    expect(traffic.map(checksumError).filter((error) => error !== '')).toEqual([]);
    expect(traffic.filter((frame) => ipv4Of(frame)).length).toBeGreaterThan(1500);
  });
});

describe('flows', () => {
  it('counts every packet once by protocol, size and sender', async () => {
    const maps = ['protocols', 'sizes', 'hosts', 'hosts6'];
    const { verdicts, traps } = await runBoth('flows', 'count_flows', (object) => {
      expect(packetsOf(object)).toBe(BigInt(total));
      expect([...object.map<number, bigint>('sizes').values()].reduce((sum, count) => sum + count)).toBe(
        BigInt(total),
      );
      const hosts = [...object.map<unknown, Host>('hosts').values()];
      const sent = hosts.reduce((sum, host) => sum + host.sent.bytes, 0n);
      expect(sent).toBe(hosts.reduce((sum, host) => sum + host.received.bytes, 0n));
      expect(sent).toBe(BigInt(ipv4Bytes()));
      return maps.map((map) => linesOf(object, map));
    });
    expect(traps).toEqual([]);
    expect([...verdicts]).toEqual([['XDP_PASS', total]]);
  });

  const packetsOf = (object: BpfObject): bigint =>
    [...object.map<string, Counter[]>('protocols').values()]
      .flat()
      .reduce((sum, { packets }) => sum + packets, 0n);

  /** Bytes of all frames with an IPv4 header, however many tags stand before it. */
  const ipv4Bytes = (): number =>
    traffic.reduce((sum, frame) => sum + (etherTypeOf(frame) === 0x0800 ? frame.length : 0), 0);

  function etherTypeOf(frame: Uint8Array): number {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    let at = 12;
    while ([0x8100, 0x88a8].includes(view.getUint16(at))) at += 4;
    return view.getUint16(at);
  }
});

describe('firewall', () => {
  const TCP = 6;
  const reasons = (object: BpfObject) =>
    [...object.map<number, Counter[]>('reasons')].map(([, [cpu]]) => cpu?.packets);
  function fill(object: BpfObject): void {
    const deny = { action: 'DENY', packets: 0n };
    object.map('prefixes').set({ length: 24, address: [10, 20, 1, 0] }, deny);
    object.map('prefixes').set({ length: 32, address: [10, 10, 0, 13] }, deny);
    object.map('services').set({ port: 8443, protocol: TCP, pad: 0 }, deny);
    const web = { address: [192, 0, 2, 10], protocol: TCP, pad: 0 };
    const target = { address: [10, 10, 0, 77], protocol: TCP, pad: 0 };
    object.map('forwards').set({ ...web, port: swap(8080) }, { ...target, port: swap(80) });
  }
  const swap = (port: number): number => ((port & 0xff) << 8) | (port >>> 8);

  it('drops by .rodata alone, and passes the rest with a hop less', async () => {
    const { verdicts, packets } = await runBoth('firewall', 'firewall', reasons);
    expect(verdicts.get('XDP_DROP')).toBeGreaterThan(100);
    expect((verdicts.get('XDP_PASS') ?? 0) + (verdicts.get('XDP_DROP') ?? 0)).toBe(total);
    expect(packets.map(checksumError).filter((error) => error !== '')).toEqual([]);
  });

  for (const [name, pass, drop] of [
    ['firewall', 'XDP_PASS', 'XDP_DROP'],
    ['firewall_tc', 'TC_ACT_OK', 'TC_ACT_SHOT'],
  ] as const) {
    it(`${name} applies rules of maps and rewrites destinations with right checksums`, async () => {
      const outcome = await runBoth('firewall', name, reasons, fill);
      const [passed = 0n, , prefix = 0n, port = 0n, , , forwarded = 0n] = outcome.state as bigint[];
      expect(outcome.verdicts.get(pass)).toBe(Number(passed + forwarded));
      expect((outcome.verdicts.get(pass) ?? 0) + (outcome.verdicts.get(drop) ?? 0)).toBe(total);
      expect(prefix).toBeGreaterThan(30n);
      expect(port).toBeGreaterThan(50n);
      expect(forwarded).toBeGreaterThan(100n);
      expect(outcome.packets.map(checksumError).filter((error) => error !== '')).toEqual([]);
      expect(outcome.packets.filter(isForwarded)).toHaveLength(Number(forwarded));
    });
  }

  /** To 10.10.0.77, port 80, over TCP. */
  function isForwarded(frame: Uint8Array): boolean {
    const packet = ipv4Of(frame);
    if (!packet) return false;
    const { header, payload } = packet;
    return header.subarray(16, 20).join('.') === '10.10.0.77' && payload[2] === 0 && payload[3] === 80;
  }
});

describe('pipeline', () => {
  interface Event {
    kind: string;
    source: { version: number; port: number };
    destination: { port: number };
    name: string;
  }
  interface Globals {
    totals: { packets: bigint; connections: bigint; refused: bigint; questions: bigint; lost_events: bigint };
    busiest: { port: number };
  }

  it('reports connections and questions through its stages', async () => {
    const { verdicts, traps, state } = await runBoth('pipeline', 'pipeline', (object) => {
      const events = [...object.ring<Event>('events', 'event').drain()];
      const [bss] = object.map<number, Globals>('.bss').values();
      return { events, totals: bss?.totals, busiest: bss?.busiest, ports: linesOf(object, 'ports') };
    });
    const { events, totals, busiest } = state as Globals & { events: Event[] };
    expect([[...verdicts], traps]).toEqual([[['XDP_PASS', total]], []]);
    const count = (kind: string) => BigInt(events.filter((event) => event.kind === kind).length);
    expect(totals).toMatchObject({ packets: BigInt(total), lost_events: 0n });
    expect(totals.connections).toBe(count('CONNECTION_ATTEMPT'));
    expect(totals.refused).toBe(count('CONNECTION_REFUSED'));
    expect(totals.questions).toBe(count('DNS_QUESTION'));
    expect(busiest.port).toBe(8080);
    const names = new Set(events.filter(({ kind }) => kind === 'DNS_QUESTION').map(({ name }) => name));
    expect(names).toContain('web.example');
    expect(names).toContain('_http._tcp.web.example');
  });

  it('logs what cannot be reached', async () => {
    const { state } = await runBoth('pipeline', 'pipeline', (object) =>
      [...object.trace.drain()].map(String),
    );
    expect(JSON.stringify(state)).toContain('unreachable, code');
  });
});

describe('filter', () => {
  it('keeps the same frames by bytes and by loads', async () => {
    const kept = (object: BpfObject) => linesOf(object, 'kept');
    const byBytes = await runBoth('filter', 'by_bytes', kept);
    const byLoads = await runBoth('filter', 'by_loads', kept);
    expect(byLoads.results).toEqual(byBytes.results);
    expect(byBytes.verdicts.get('keep')).toBeGreaterThan(100);
  });
});
