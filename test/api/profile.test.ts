import { describe, expect, it } from 'vitest';
import { benchPrograms, objectPath } from '../../bench/programs.ts';
import * as layout from '../../src/abi/layout.ts';
import {
  abi,
  type BpfProgram,
  type OpenOptions,
  open,
  type ProfileEntry,
  readCapture,
  WebpfError,
} from '../../src/index.ts';
import { ethernet, example, mapSpec, openText } from './build.ts';

/** Times by program and slot. */
type Counts = Map<string, number>;

const keyOf = (program: string, insn: number): string => `${program} ${insn}`;

/** What a run in single steps executes, added to `counts`. */
function stepThrough(program: BpfProgram, packet: Uint8Array, counts: Counts): void {
  const run = program.debug(packet);
  for (let frame = run.frames.at(-1); frame !== undefined; frame = run.frames.at(-1)) {
    const key = keyOf(frame.program?.name ?? '', frame.slot);
    counts.set(key, (counts.get(key) ?? 0) + 1);
    run.step();
  }
}

const executed = (entries: readonly ProfileEntry[]): Counts =>
  new Map(
    entries
      .filter(({ count }) => count !== 0)
      .map(({ program, insn, count }) => [keyOf(program, insn), count]),
  );

const modes: readonly (readonly [string, OpenOptions])[] = [
  ['verified', {}],
  ['sandbox', { sandbox: true }],
];

describe.each(modes)('executions in the JIT (%s) are those of single steps', (_mode, mode) => {
  it.each(benchPrograms)('in $name', async ({ program, input }) => {
    using counted = await open(objectPath(program), { ...mode, profile: true });
    using stepped = await open(objectPath(program), { ...mode, engine: 'interp' });
    const counts: Counts = new Map();
    (await counted.program()).run(input);
    stepThrough(await stepped.program(), input, counts);
    expect(executed(counted.engine.profile())).toEqual(counts);
  });

  it.each([
    ['flows', 'count_flows'],
    ['firewall', 'firewall'],
    ['pipeline', 'pipeline'],
  ])('in the example %s over a capture', async (file, name) => {
    const options = { ...mode, time: 0n };
    using counted = await open(example(`${file}.bpf.o`), { ...options, profile: true });
    using stepped = await open(example(`${file}.bpf.o`), { ...options, engine: 'interp' });
    const packets: Uint8Array[] = [];
    for await (const batch of readCapture(example('captures/traffic.pcap'), { batchSize: 300 })) {
      packets.push(...batch.packets.map(({ data }) => data));
      break;
    }
    const [jit, interp] = [await counted.program(name), await stepped.program(name)];
    jit.runBatch(packets);
    const counts: Counts = new Map();
    for (const packet of packets) stepThrough(interp, packet, counts);
    expect(executed(counted.engine.profile())).toEqual(counts);
  });
});

/** Writes past the end of its memory in a function, with more to do behind it and in its caller. */
const WILD = `
  call inner
  r0 = 1
  exit
inner:
  r0 = 2
  if r1 == 0 goto out
  *(u64 *)(r1 + 0) = r0
  r0 = 3
out:
  exit`;

describe('executions', () => {
  it('end where a trap has ended the run', async () => {
    using object = await openText(WILD, { sandbox: true, profile: true });
    const program = await object.program();
    const { traps } = program.runBatch([new Uint8Array(8), new Uint8Array(4), new Uint8Array(8)]);
    expect(traps).toMatchObject([{ index: 1, insn: 5 }]);
    expect(program.profile().map(({ count }) => count)).toEqual([3, 2, 2, 3, 3, 3, 2, 2]);
  });

  it('of callbacks are counted', async () => {
    const text = `
      r1 = 7
      r2 = body ll
      r3 = 0
      r4 = 0
      call bpf_loop
      r0 = 2
      exit
      body:
      r0 = 0
      exit`;
    using object = await openText(text, { type: 'xdp', profile: true });
    const program = await object.program();
    program.run(ethernet(0));
    const rows = program.profile().map(({ function: name, count }) => [name, count]);
    expect(rows.slice(0, 2)).toEqual(Array.from({ length: 2 }, () => ['main', 1]));
    expect(rows.slice(-2)).toEqual(Array.from({ length: 2 }, () => ['body', 7]));
    using other = await openText(text, { type: 'xdp', engine: 'interp' });
    (await other.program()).run(ethernet(0));
    const { memory, run } = other.engine;
    const total = program.profile().reduce((sum, { count }) => sum + count, 0);
    expect(memory.u64(run + layout.RUN_INSNS)).toBe(BigInt(total));
  });

  it('are not gone on with behind a tail call that succeeds', async () => {
    const jumps = mapSpec('jumps', abi.MAP_TYPE_PROG_ARRAY, { valueSize: 4 });
    const text = 'r2 = map[jumps]\nr3 = 0\ncall bpf_tail_call\nr0 = 2\nexit';
    using object = await openText(text, { type: 'xdp', maps: [jumps], profile: true });
    const program = await object.program();
    program.run(ethernet(0));
    object.setTailCall('jumps', 0, program);
    program.run(ethernet(0));
    expect(program.profile().map(({ insn, count }) => [insn, count])).toEqual([
      [0, 35],
      [2, 35],
      [3, 35],
      [4, 2],
      [5, 2],
    ]);
  });

  it('have source lines', async () => {
    using object = await open(example('flows.bpf.o'), { profile: true });
    const program = await object.program();
    const [first] = program.profile();
    expect(first).toMatchObject({ program: 'count_flows', function: 'count_flows', insn: 0, count: 0 });
    expect(first?.file).toMatch(/flows\.bpf\.c$/);
    expect(first?.line).toBeGreaterThan(0);
  });

  it('are counted by the JIT alone, and where it was asked for', async () => {
    const refusal = await openText('exit', { engine: 'interp', profile: true }).catch(
      (error: unknown) => error,
    );
    expect(refusal).toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining("engine: 'jit'"),
    });
    using object = await openText('r0 = 0\nexit', {});
    const program = await object.program();
    expect(() => program.profile()).toThrow(WebpfError);
  });
});
