import { describe, expect, it } from 'vitest';
import * as abi from '../../src/abi/maps.ts';
import { functionArgs, iterate, iteration, type WebpfError } from '../../src/index.ts';
import { engines, mapSpec, openText } from './build.ts';

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
const options = { type: 'tracing', attachType: 'trace_iter', license: 'GPL', sandbox: true } as const;

/** Prints "N: VALUE\n" of its second word, and "end N\n" where that is NULL. */
const PRINTER = `
  r6 = *(u64 *)(r1 + 0)
  r7 = *(u64 *)(r1 + 8)
  r8 = *(u64 *)(r6 + 16)
  r6 = *(u64 *)(r6 + 0)
  *(u64 *)(r10 - 40) = r8
  if r7 == 0 goto end
  r1 = *(u32 *)(r7 + 0)
  *(u64 *)(r10 - 32) = r1
  r1 = 0x000a786c6c25203a ll
  *(u64 *)(r10 - 8) = r1
  r1 = 0x756c6c2500000000 ll
  *(u64 *)(r10 - 16) = r1
  r2 = r10
  r2 += -12
  r3 = 12
  r4 = r10
  r4 += -40
  r5 = 16
  goto print
end:
  r1 = 0x0000000a646e65 ll
  *(u64 *)(r10 - 8) = r1
  r1 = r6
  r2 = r10
  r2 += -8
  r3 = 4
  call bpf_seq_write
  goto out
print:
  r1 = r6
  call bpf_seq_printf
out:
  r0 = 0
  exit`;

const u32 = (value: number): Uint8Array => Uint8Array.of(value & 255, value >> 8, 0, 0);
const joined = (chunks: Iterable<Uint8Array>): string[] =>
  [...chunks].map((chunk) => new TextDecoder().decode(chunk));

describe.each(engines)('iterators, in %s', (engine) => {
  it('print a text for each object, and at the end', async () => {
    using object = await openText(PRINTER, { ...options, engine });
    const program = await object.program();
    using task = object.engine.object({ kind: 'task', bytes: u32(0x1234) });
    const items = [[u32(7)], [task]];
    expect(joined(iterate(object.engine, program, items))).toEqual(['0: 7\n1: 1234\nend\n']);
    expect(joined(iterate(object.engine, program, []))).toEqual(['end\n']);
  });

  it('hand out what there is where an object does not fit any more', async () => {
    using object = await openText(PRINTER, { ...options, engine });
    const program = await object.program();
    const items = Array.from({ length: 5 }, (_, i) => [u32(i)]);
    expect(joined(iterate(object.engine, program, items, { room: 12 }))).toEqual([
      '0: 0\n1: 1\n',
      '2: 2\n3: 3\n',
      '4: 4\nend\n',
    ]);
  });

  it('fail for an object that never fits, as the kernel does', async () => {
    using object = await openText(PRINTER, { ...options, engine });
    const program = await object.program();
    const read = (): unknown => joined(iterate(object.engine, program, [[u32(1)]], { room: 5 }));
    expect(read).toThrow(expect.objectContaining({ code: 'syscall', errno: 7 }) as WebpfError);
    using other = await openText('r0 = 1\nexit', { ...options, engine });
    const asking = await other.program();
    expect(() => joined(iterate(other.engine, asking, [[1n]]))).toThrow(/returned 1/);
  });

  it('are told what they cannot print', async () => {
    using object = await openText(
      `r6 = *(u64 *)(r1 + 0)
      r1 = *(u64 *)(r6 + 0)
      r2 = *(u64 *)(r6 + 8)
      *(u64 *)(r10 - 8) = r2
      r2 = r10
      r2 += -8
      r3 = *(u64 *)(r6 + 16)
      r4 = 0
      r5 = 0
      call bpf_seq_printf
      exit`,
      { ...options, engine },
    );
    const program = await object.program();
    using seq = object.engine.seqFile(4);
    const print = (text: bigint, size: bigint): bigint =>
      signed(program.run(iteration(seq, [], { sessionId: text, seqNum: size })).r0);
    expect(print(0x6261n, 2n)).toBe(-22n); // without a NUL
    expect(print(0x2525n, 3n)).toBe(0n);
    expect({ text: seq.text, count: seq.count, overflowed: seq.overflowed }).toEqual({
      text: '%',
      count: 1,
      overflowed: false,
    });
    expect(print(0x646325n, 4n)).toBe(-22n); // a conversion without a value
    expect(print(0x636261n, 4n)).toBe(-75n);
    expect(seq.overflowed).toBe(true);
    expect(print(0x61n, 2n)).toBe(-75n);
    seq.truncate(1);
    expect(print(0x6261n, 3n)).toBe(0n);
    expect(seq.text).toBe('%ab');
    expect(() => program.run(functionArgs([u32(1)]))).toThrow(expect.objectContaining({ code: 'trap' }));
  });

  it('print to seq files alone', async () => {
    using object = await openText(PRINTER, { ...options, engine });
    const program = await object.program();
    using task = object.engine.object({ kind: 'task', bytes: new Uint8Array(64) });
    const event = functionArgs([
      Uint8Array.of(...u32(task.address), 0, 0, 0, 0, ...new Uint8Array(16)),
      u32(1),
    ]);
    expect(() => program.run(event)).toThrow(expect.objectContaining({ code: 'trap' }));
  });
});

describe.each(engines)('what tracing programs ask for, in %s', (engine) => {
  it('are variables that each CPU has for itself', async () => {
    const text = `
      r6 = *(u64 *)(r1 + 0)
      r2 = *(u64 *)(r1 + 8)
      r1 = r6
      call bpf_per_cpu_ptr
      if r0 == 0 goto none
      r7 = *(u32 *)(r0 + 4)
      r1 = r6
      call bpf_this_cpu_ptr
      r8 = *(u32 *)(r0 + 4)
      r8 <<= 32
      r7 |= r8
      r0 = r7
      exit
      none: r0 = -1
      exit`;
    using object = await openText(text, { ...options, engine, cpus: 3, cpu: 2 });
    const program = await object.program();
    using variable = object.engine.object({
      kind: 'other',
      bytes: Uint8Array.of(0, 0, 0, 0, 9),
      perCpu: true,
    });
    expect(variable.size).toBe(24);
    variable.write(8 + 4, Uint8Array.of(5));
    const at = (cpu: bigint): bigint => program.run(functionArgs([variable, cpu])).r0;
    expect([0n, 1n, 2n].map(at)).toEqual([(9n << 32n) | 9n, (9n << 32n) | 5n, (9n << 32n) | 9n]);
    expect(signed(at(3n))).toBe(-1n);
    using shared = object.engine.object({ kind: 'other', bytes: Uint8Array.of(0, 0, 0, 0, 4, 0, 0, 0) });
    expect(program.run(functionArgs([shared, 1n])).r0).toBe((4n << 32n) | 4n);
    expect(() => program.run(functionArgs([123n, 0n]))).toThrow(expect.objectContaining({ code: 'trap' }));
  });

  it('are samples of packets that they only see', async () => {
    const samples = mapSpec('samples', abi.MAP_TYPE_PERF_EVENT_ARRAY, {
      keySize: 4,
      valueSize: 4,
      maxEntries: 1,
    });
    for (const call of ['bpf_skb_output', 'bpf_xdp_output']) {
      const text = `
        r3 = *(u64 *)(r1 + 8)
        r1 = *(u64 *)(r1 + 0)
        *(u64 *)(r10 - 8) = 7
        r2 = map[0] ll
        r4 = r10
        r4 += -8
        r5 = 8
        call ${call}
        exit`;
      using object = await openText(text, { ...options, engine, maps: [samples] });
      const program = await object.program();
      const send = (flags: bigint): bigint => signed(program.run(functionArgs([u32(0), flags])).r0);
      expect([send(0xffff_ffffn), send(1n << 40n), send((4n << 32n) | 0xffff_ffffn)]).toEqual([
        0n,
        -14n,
        -14n,
      ]);
      expect(send(1n << 52n)).toBe(-22n);
      expect([...object.perfBuffer('samples').drain()].map(({ data }) => data[0])).toEqual([7]);
    }
  });

  it('are the registers of the current task', async () => {
    const text = `
      r6 = *(u64 *)(r1 + 0)
      if r6 != 0 goto given
      call bpf_get_current_task_btf
      r6 = r0
      given: r1 = r6
      call bpf_task_pt_regs
      if r0 == 0 goto none
      r0 = *(u64 *)(r0 + 128)
      none: exit`;
    using object = await openText(text, { ...options, engine });
    const program = await object.program();
    const bytes = new Uint8Array(168);
    bytes[128] = 42;
    using registers = object.engine.object({ kind: 'other', bytes });
    using other = object.engine.object({ kind: 'task', bytes: u32(1) });
    expect(program.run(functionArgs([0n], undefined, { registers })).r0).toBe(42n);
    expect(program.run(functionArgs([other], undefined, { registers })).r0).toBe(0n);
    expect(program.run(functionArgs([0n])).r0).toBe(0n);
  });

  it('is what the perf event has counted', async () => {
    const text = (size: number): string => `
      r2 = r10
      r2 += -24
      *(u64 *)(r2 + 0) = 1
      *(u64 *)(r2 + 8) = 1
      *(u64 *)(r2 + 16) = 1
      r3 = ${size}
      call bpf_perf_prog_read_value
      r1 = *(u64 *)(r10 - 24)
      r2 = *(u64 *)(r10 - 8)
      r1 <<= 32
      r0 <<= 16
      r0 |= r1
      r0 |= r2
      exit`;
    const read = async (size: number, counter?: { counter: bigint; running: bigint }): Promise<bigint> => {
      using object = await openText(text(size), { type: 'perf_event', engine });
      const program = await object.program();
      const context = counter === undefined ? {} : { traced: { counter } };
      return signed(program.run({ kind: 'memory', data: new Uint8Array(256), context }).r0);
    };
    expect(await read(24, { counter: 5n, running: 3n })).toBe((5n << 32n) | 3n);
    expect(await read(24)).toBe(-22n << 16n);
    expect(await read(16, { counter: 5n, running: 3n })).toBe((-22n << 16n) | 1n);
  });
});
