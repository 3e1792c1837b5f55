import { describe, expect, it } from 'vitest';
import { abi, Engine, openIn, type ProgramType, programFromAssembly } from '../../src/index.ts';
import { engines, ethernet, mapSpec, openText } from './build.ts';

const badArgument = (message: RegExp) =>
  expect.objectContaining({ code: 'bad-argument', message: expect.stringMatching(message) });

describe.each(engines)('contexts of plain memory in %s', (engine) => {
  const SECOND = 'r0 = *(u64 *)(r1 + 8)\nexit';

  it('must be as large as what the program accesses', async () => {
    using object = await openText(SECOND, { engine, type: 'kprobe' });
    const program = await object.program();
    expect(program.mode).toBe('verified');
    const short = badArgument(/main accesses 16 bytes of its context, but is given 15: pass at least 16/);
    expect(() => program.run(new Uint8Array(15))).toThrow(short);
    expect(() => program.repeat(new Uint8Array(15), 1)).toThrow(short);
    expect(() => program.runBatch([new Uint8Array(16), new Uint8Array(15)])).toThrow(short);
    expect(program.run(new Uint8Array(16).fill(1)).r0).toBe(0x0101_0101_0101_0101n);
  });

  it('need not be so in the sandbox, where the access traps', async () => {
    using object = await openText(SECOND, { engine, type: 'kprobe', sandbox: true });
    const program = await object.program();
    expect(program.runBatch([new Uint8Array(15)]).traps).toMatchObject([{ kind: 'memory' }]);
  });

  it('may be smaller than the type says', async () => {
    using object = await openText('r0 = 0\nexit', { engine, type: 'kprobe' });
    expect((await object.program()).run().r0).toBe(0n);
  });
});

describe.each(engines)('struct __sk_buff in %s', (engine) => {
  it('has every field that programs may read', async () => {
    const text = `
      r2 = *(u64 *)(r1 + 168)
      r3 = *(u64 *)(r1 + 184)
      r4 = *(u32 *)(r1 + 140)
      r5 = *(u32 *)(r1 + 76)
      r0 = 0
      if r2 == 0 goto out
      r0 = *(u32 *)(r2 + 4)
      out: r0 += r3
      exit`;
    using object = await openText(text, { engine, type: 'sched_cls' });
    const program = await object.program();
    expect(program.mode).toBe('verified');
    expect(program.run(ethernet(0)).r0).toBe(0n);
  });

  it.each([undefined, true])('gives flow dissectors their keys (sandbox: %s)', async (sandbox) => {
    const text = `
      r2 = *(u64 *)(r1 + 144)
      r0 = *(u16 *)(r2 + 10)
      r3 = *(u16 *)(r2 + 54)
      r3 += 1
      *(u16 *)(r2 + 54) = r3
      exit`;
    const options = sandbox ? { sandbox } : {};
    using object = await openText(text, { engine, type: 'flow_dissector', ...options });
    const program = await object.program();
    expect(program.mode).toBe(sandbox ? 'sandbox' : 'verified');
    const { results } = program.runBatch([ethernet(0x0800), ethernet(0x86dd), new Uint8Array(4)]);
    expect([...results]).toEqual([0x0008n, 0xdd86n, 0n]);
    const { flowKeys, context } = program.run(ethernet(0x0800));
    expect(flowKeys).toHaveLength(56);
    // nhoff and thoff behind the Ethernet header, the protocol, and what the program has written: fresh for each run.
    expect([flowKeys?.[0], flowKeys?.[2], flowKeys?.[10], flowKeys?.[54]]).toEqual([14, 14, 8, 1]);
    expect(context?.mark).toBe(0);
  });
});

describe.each(engines)('tail calls in %s', (engine) => {
  const CALL = 'r2 = map[stages]\nr3 = 0\ncall bpf_tail_call\nr0 = 1\nexit';
  const stages = mapSpec('stages', abi.MAP_TYPE_PROG_ARRAY, { valueSize: 4 });

  const setUp = async () => {
    const shared = await Engine.create({ engine });
    const opened = async (text: string, type: ProgramType, name: string) => {
      const maps = text === CALL ? [stages] : [];
      const object = await openIn(shared, programFromAssembly(text, { name, type, maps }));
      return { object, program: await object.program() };
    };
    return opened;
  };

  it('lead to programs of the same type alone', async () => {
    const opened = await setUp();
    const { object, program } = await opened(CALL, 'xdp', 'first');
    const other = await opened('r0 = 2\nexit', 'sched_cls', 'other');
    const untyped = await opened('r0 = 2\nexit', 'unspec', 'untyped');
    for (const target of [other, untyped]) {
      const refused = badArgument(/cannot be a target of tail calls through "stages"/);
      expect(() => object.setTailCall('stages', 0, target.program)).toThrow(refused);
      const descriptor = new Uint8Array(Uint32Array.of(target.program.descriptor).buffer);
      expect(() => object.map('stages').raw.update(new Uint8Array(4), descriptor)).toThrow(/setTailCall/);
    }
    expect(program.run(ethernet(0)).r0).toBe(1n);
    const same = await opened('r0 = 2\nexit', 'xdp', 'same');
    object.setTailCall('stages', 0, same.program);
    expect(program.run(ethernet(0)).r0).toBe(2n);
  });

  it('need the context that the programs they lead to access', async () => {
    const opened = await setUp();
    const first = await opened(CALL, 'kprobe', 'first');
    const second = await opened(CALL, 'kprobe', 'second');
    const third = await opened('r0 = *(u8 *)(r1 + 99)\nexit', 'kprobe', 'third');
    expect(first.program.run().r0).toBe(1n);
    first.object.setTailCall('stages', 0, second.program);
    expect(first.program.run().r0).toBe(1n);
    second.object.setTailCall('stages', 0, third.program);
    expect(() => first.program.run(new Uint8Array(99))).toThrow(badArgument(/accesses 100 bytes/));
    expect(first.program.run(new Uint8Array(100).fill(7)).r0).toBe(7n);
  });
});
