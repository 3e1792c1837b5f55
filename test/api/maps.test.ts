import { describe, expect, it } from 'vitest';
import { abi, open } from '../../src/index.ts';
import { engines, example, mapSpec, openText } from './build.ts';

const deny = { action: 'DENY', packets: 0n };
const dns = { port: 53, protocol: 17, pad: 0 };

/** An IPv4 packet over Ethernet: UDP to port 53 of 192.0.2.1, time to live 64. */
function dnsPacket(): Uint8Array {
  const packet = new Uint8Array(60);
  const view = new DataView(packet.buffer);
  view.setUint16(12, 0x0800);
  packet.set([0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 192, 0, 2, 1], 14);
  view.setUint16(36, 53);
  return packet;
}

describe('maps', () => {
  it('take and give keys and values by BTF', async () => {
    using object = await open(example('firewall.bpf.o'), { engine: 'interp' });
    const services = object.map('services');
    expect(services.set(dns, deny)).toBe(services);
    expect(services.get(dns)).toEqual(deny);
    expect(services.has({ ...dns, port: 54 })).toBe(false);
    expect([...services]).toEqual([[dns, deny]]);
    expect([...services.keys()]).toEqual([dns]);
    expect([...services.values()]).toEqual([deny]);
    expect(services.size).toBe(1);
    expect(services.delete(dns)).toBe(true);
    expect(services.delete(dns)).toBe(false);
    expect(services.get(dns)).toBeUndefined();
  });

  it.each(engines)('show what a program in %s has changed', async (engine) => {
    using object = await open(example('firewall.bpf.o'), { engine });
    const services = object.map('services').set(dns, deny);
    const program = await object.program('firewall');
    expect(program.run(dnsPacket()).verdict).toBe('XDP_DROP');
    expect(services.get(dns)).toEqual({ action: 'DENY', packets: 1n });
    expect(object.map('reasons').get(3)).toEqual([{ packets: 1n, bytes: 60n }]);
    services.clear();
    const { verdict, data } = program.run(dnsPacket());
    expect(verdict).toBe('XDP_PASS');
    expect(data[22]).toBe(63);
  });

  it('name the field that is wrong', async () => {
    using object = await open(example('firewall.bpf.o'), { engine: 'interp' });
    const services = object.map('services');
    expect(() => services.set({ ...dns, port: 65536 }, deny)).toThrow(/port/);
    expect(() => services.set(dns, { action: 'SOMETIMES', packets: 0 })).toThrow(/action/);
    expect(() => services.get('dns')).toThrow(expect.objectContaining({ code: 'bad-map' }));
  });

  it("answer with the kernel's error numbers", async () => {
    using object = await open(example('firewall.bpf.o'), { engine: 'interp', maxEntries: { services: 1 } });
    const services = object.map('services').set(dns, deny);
    const errno = (number: number) => expect.objectContaining({ code: 'map-operation', errno: number });
    expect(() => services.set(dns, deny, abi.BPF_NOEXIST)).toThrow(errno(abi.EEXIST));
    expect(() => services.set({ ...dns, port: 1 }, deny, abi.BPF_EXIST)).toThrow(errno(abi.ENOENT));
    expect(() => services.set({ ...dns, port: 1 }, deny)).toThrow(errno(abi.E2BIG));
    expect(() => object.map('reasons').delete(0)).toThrow(errno(abi.EINVAL));
  });

  it('give raw bytes on request', async () => {
    using object = await open(example('firewall.bpf.o'), { engine: 'interp' });
    const { raw } = object.map('services').set(dns, deny);
    const [entry] = [...raw.entries()];
    expect(entry?.map((bytes) => [...bytes])).toEqual([
      [53, 0, 17, 0],
      [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]);
    expect(() => raw.lookup(new Uint8Array(3))).toThrow(/3 bytes, but must have 4/);
  });

  it('hold a value for each CPU', async () => {
    using object = await open(example('firewall.bpf.o'), { engine: 'interp', cpus: 3 });
    const reasons = object.map('reasons');
    const counters = [1n, 2n, 3n].map((packets) => ({ packets, bytes: 0n }));
    expect(reasons.set(2, counters).get(2)).toEqual(counters);
    expect(() => reasons.set(2, [])).toThrow(/array of 3 values/);
  });

  it('iterate over more than one batch of elements, each once', async () => {
    const spec = mapSpec('numbers', abi.MAP_TYPE_HASH, { maxEntries: 20_000 });
    using object = await openText('r1 = map[numbers]\nr0 = 0\nexit', { engine: 'interp', maps: [spec] });
    const { raw } = object.map('numbers');
    for (let i = 0; i < 20_000; i++) {
      raw.update(
        new Uint8Array(Uint32Array.of(i).buffer),
        new Uint8Array(BigUint64Array.of(BigInt(i)).buffer),
      );
    }
    const keys = new Set(
      Array.from(raw.entries(), ([key]) => new DataView(key.slice().buffer).getUint32(0, true)),
    );
    expect(keys.size).toBe(20_000);
    expect(Math.max(...keys)).toBe(19_999);
  });

  it('push and pop', async () => {
    const queue = mapSpec('queue', abi.MAP_TYPE_QUEUE, { keySize: 0, valueSize: 1, maxEntries: 2 });
    using object = await openText('r0 = 0\nexit', { engine: 'interp', maps: [queue] });
    const map = object.queue<Uint8Array>('queue');
    map.push(Uint8Array.of(1)).push(Uint8Array.of(2));
    expect(() => map.push(Uint8Array.of(3))).toThrow(expect.objectContaining({ errno: abi.E2BIG }));
    expect(map.peek()).toEqual(Uint8Array.of(1));
    expect([map.pop(), map.pop(), map.pop()]).toEqual([Uint8Array.of(1), Uint8Array.of(2), undefined]);
  });

  it('are watched', async () => {
    using object = await open(example('firewall.bpf.o'), { engine: 'interp' });
    const services = object.map('services');
    const stop = new AbortController();
    const changes = services.watch({ interval: 5, signal: stop.signal });
    const first = changes.next();
    services.set(dns, deny);
    expect((await first).value).toEqual([{ key: dns, value: deny, previous: undefined }]);
    services.delete(dns);
    expect((await changes.next()).value).toEqual([{ key: dns, value: undefined, previous: deny }]);
    stop.abort();
    expect((await changes.next()).done).toBe(true);
  });

  it('hold global variables, set before the load', async () => {
    const globals = { survey_interval: 2, next_survey: 1 };
    using object = await open(example('pipeline.bpf.o'), { engine: 'interp', globals });
    (await object.program('pipeline')).run(dnsPacket());
    expect(object.map('.rodata').get(0)).toMatchObject({ survey_interval: 2 });
    expect(object.map('.data').get(0)).toEqual({ next_survey: 3 });
    expect(object.map('.bss').get(0)).toMatchObject({ totals: { packets: 1n } });
  });

  it('start with variables of .bss that are not zero', async () => {
    const globals = { busiest: { port: 80, connections: 1 } };
    using object = await open(example('pipeline.bpf.o'), { engine: 'interp', globals });
    expect(object.map('.bss').get(0)).toMatchObject({ busiest: { port: 80, connections: 1 } });
  });
});
