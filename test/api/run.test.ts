import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { open, openCapture, WebpfError } from '../../src/index.ts';
import { engines, ethernet, example, mapSpec, openText } from './build.ts';

/** Moves the packet's start back by 4 bytes and writes there. */
const GROW = `
  r6 = r1
  r2 = -4
  call bpf_xdp_adjust_head
  r1 = *(u32 *)(r6 + 0)
  r2 = *(u32 *)(r6 + 4)
  r3 = r1
  r3 += 4
  if r3 > r2 goto out
  *(u32 *)(r1 + 0) = 0x04030201
  out: r0 = 3
  exit`;

describe.each(engines)('programs in %s', (engine) => {
  it('give the packet back as they left it', async () => {
    using object = await openText(GROW, { engine, type: 'xdp' });
    const packet = Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2, 3, 4);
    const { verdict, data, dataChanged } = (await object.program()).run(packet);
    expect({ verdict, dataChanged }).toEqual({ verdict: 'XDP_TX', dataChanged: true });
    expect([...data]).toEqual([1, 2, 3, 4, ...packet]);
    expect(packet[0]).toBe(9);
  });

  it('say where a packet is redirected to', async () => {
    const text = 'r1 = 7\nr2 = 0\ncall bpf_redirect\nexit';
    using object = await openText(text, { engine, type: 'xdp' });
    const result = (await object.program()).run(ethernet(0));
    expect(result.verdict).toBe('XDP_REDIRECT');
    expect(result.redirect).toEqual({ index: 7, map: undefined, flags: 0n });
  });

  it('read and write the fields of a socket buffer', async () => {
    const text = 'r2 = *(u32 *)(r1 + 8)\nr2 += 1\n*(u32 *)(r1 + 8) = r2\nr0 = 2\nexit';
    using object = await openText(text, { engine, type: 'sched_cls' });
    const { verdict, context } = (await object.program()).run(ethernet(0x0800), { mark: 41 });
    expect(verdict).toBe('TC_ACT_SHOT');
    expect(context?.mark).toBe(42);
  });

  it('throw a trap with instruction, source line and name', async () => {
    using object = await openText('r0 = *(u64 *)(r1 + 100)\nexit', { engine });
    const program = await object.program();
    const error = (() => {
      try {
        return program.run(new Uint8Array(8));
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toBeInstanceOf(WebpfError);
    expect(error).toMatchObject({
      code: 'trap',
      stage: 'runtime',
      insn: 0,
      subject: 'main',
      source: { line: 1 },
    });
  });

  it('go on with the batch after a trap', async () => {
    using object = await openText('r0 = *(u8 *)(r1 + 3)\nexit', { engine });
    const program = await object.program();
    const packets = [Uint8Array.of(1, 1, 1, 7), Uint8Array.of(1), Uint8Array.of(1, 1, 1, 9)];
    const { count, results, traps, verdicts, packets: after } = program.runBatch(packets, { packets: true });
    expect({ count, results: [...results] }).toEqual({ count: 3, results: [7n, 0n, 9n] });
    expect(traps).toMatchObject([{ index: 1, kind: 'memory', insn: 0, program: 'main' }]);
    expect([...verdicts]).toEqual([
      ['7', 1],
      ['9', 1],
    ]);
    expect(after?.map((packet) => packet.length)).toEqual([4, 1, 4]);
  });

  it('keep the order of a long batch of packets of all sizes', async () => {
    using object = await openText('r0 = r2\nexit', { engine });
    const packets = Array.from({ length: 300 }, (_, i) => new Uint8Array((i * 397) % 9001));
    const { results } = (await object.program()).runBatch(packets);
    expect([...results]).toEqual(packets.map((packet) => BigInt(packet.length)));
  });

  it('stop when the budget is spent', async () => {
    using object = await openText('r0 = 0\nagain:\nr0 += 1\nif r0 != 0 goto again\nexit', {
      engine,
      budget: 999,
    });
    const program = await object.program();
    expect(() => program.run()).toThrow(/budget/);
    expect(program.runBatch([new Uint8Array(1)]).traps).toMatchObject([{ kind: 'budget' }]);
  });

  it('are repeated and timed', async () => {
    using object = await openText('r0 = *(u8 *)(r1 + 0)\nr0 += 1\n*(u8 *)(r1 + 0) = r0\nexit', { engine });
    const { runs, nsPerRun } = (await object.program()).repeat(new Uint8Array(1), 1000);
    expect(runs).toBe(1000);
    expect(nsPerRun).toBeGreaterThan(0);
  });

  it('see the time, the seed and the task they are given', async () => {
    const task = { pid: 5, tgid: 7 };
    using object = await openText('call bpf_ktime_get_ns\nexit', { engine, time: 123_456_789_012n });
    expect((await object.program()).run().r0).toBe(123_456_789_012n);
    object.engine.time = 1n;
    expect((await object.program()).run().r0).toBe(1n);
    using asker = await openText('call bpf_get_current_pid_tgid\nexit', { engine, task });
    expect((await asker.program()).run().r0).toBe((7n << 32n) | 5n);
    const random = async (seed: bigint): Promise<bigint> => {
      using dice = await openText('call bpf_get_prandom_u32\nexit', { engine, seed });
      return (await dice.program()).run().r0;
    };
    expect(await random(1n)).toBe(await random(1n));
    expect(await random(1n)).not.toBe(await random(2n));
  });

  it('call other programs through a prog_array', async () => {
    const stages = mapSpec('stages', 3, { valueSize: 4 });
    const text = 'r2 = map[stages]\nr3 = 1\ncall bpf_tail_call\nr0 = 5\nexit';
    using object = await openText(text, { engine, maps: [stages], type: 'xdp' });
    const first = await object.program();
    expect(first.run(ethernet(0)).r0).toBe(5n);
    object.setTailCall('stages', 1, first);
    expect(first.run(ethernet(0)).r0).toBe(5n); // 33 calls later
    object.setTailCall('stages', 1, undefined);
    expect(first.run(ethernet(0)).r0).toBe(5n);
  });
});

describe('the engines', () => {
  it('agree on every example over the recorded traffic', async () => {
    const capture = openCapture(await readFile(example('captures/traffic.pcap')));
    const packets = Array.from(capture, ({ data }) => data);
    const run = async (file: string, name: string, engine: 'jit' | 'interp') => {
      using object = await open(example(file), { engine, time: 0n });
      const {
        results,
        packets: after,
        traps,
      } = (await object.program(name)).runBatch(packets, { packets: true });
      return { results, after, traps };
    };
    const programs = [
      ['flows.bpf.o', 'count_flows'],
      ['firewall.bpf.o', 'firewall'],
      ['firewall.bpf.o', 'firewall_tc'],
      ['pipeline.bpf.o', 'pipeline'],
    ] as const;
    for (const [file, name] of programs) {
      const [jit, interp] = [await run(file, name, 'jit'), await run(file, name, 'interp')];
      expect(jit.traps).toEqual([]);
      expect(jit.results).toEqual(interp.results);
      expect(jit.after?.every((packet, i) => Buffer.compare(packet, interp.after?.[i] ?? packet) === 0)).toBe(
        true,
      );
    }
  });
});

describe.each(engines)("helpers of the host's own in %s", (engine) => {
  const CALL = 'r6 = r1\nr2 = 8\ncall 300\nexit';

  it('get five arguments and the memory of the program', async () => {
    const helpers = {
      300: (
        [address, size]: readonly bigint[],
        memory: { read(at: bigint, size: number): Uint8Array; write(at: bigint, bytes: Uint8Array): void },
      ) => {
        const bytes = memory.read(address ?? 0n, Number(size));
        memory.write(address ?? 0n, bytes.toReversed());
        return bytes.length;
      },
    };
    using object = await openText(CALL, { engine, helpers });
    const { r0, data } = (await object.program()).run(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    expect(r0).toBe(8n);
    expect([...data]).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
  });

  it('end the run when they throw, with the cause', async () => {
    const cause = new Error('no such thing');
    const helpers = {
      300: () => {
        throw cause;
      },
    };
    using object = await openText(CALL, { engine, helpers });
    const program = await object.program();
    expect(() => program.run(new Uint8Array(8))).toThrow(expect.objectContaining({ code: 'trap', cause }));
    expect(program.runBatch([new Uint8Array(8)]).traps).toMatchObject([{ kind: 'host' }]);
  });

  it('cannot reach outside the memory of the program', async () => {
    const helpers = {
      300: (_: unknown, memory: { read(at: bigint, size: number): Uint8Array }) => memory.read(0n, 64).length,
    };
    using object = await openText(CALL, { engine, helpers });
    const program = await object.program();
    expect(() => program.run(new Uint8Array(8))).toThrow(expect.objectContaining({ code: 'trap' }));
  });

  it('are refused where webpf has the helper, or the name is unknown', async () => {
    await expect(openText(CALL, { engine, helpers: { bpf_map_lookup_elem: () => 0 } })).rejects.toThrow(
      /itself/,
    );
    await expect(openText(CALL, { engine, helpers: { bpf_fly: () => 0 } })).rejects.toThrow(/neither/);
  });
});
