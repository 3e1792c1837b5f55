import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  abi,
  type BpfProgram,
  Engine,
  type EngineKind,
  type HostHelper,
  open,
  openIn,
  programFromAssembly,
  type RunContext,
} from '../../src/index.ts';
import { engines, ethernet, example, mapSpec, openText, type Written } from './build.ts';

const badArgument = (message: RegExp) =>
  expect.objectContaining({ code: 'bad-argument', message: expect.stringMatching(message) });

/** What callers without a type checker pass. */
const untyped = <T>(value: unknown): T => value as T;

const FIRST_BYTE = 'r0 = *(u8 *)(r1 + 0)\nexit';
/** Passes its memory to helper 300. */
const CALL = 'r6 = r1\nr2 = 8\ncall 300\nexit';

const withHelper = async (engine: EngineKind, helper: HostHelper): Promise<BpfProgram> =>
  (await openText(CALL, { engine, helpers: { 300: helper } })).program();

describe('options that cannot be meant', () => {
  it.each<[string, unknown, RegExp]>([
    ['engine', { engine: 'native' }, /native, but must be jit or interp/],
    ['memory', { memory: 'large' }, /large, but must be plain or shared/],
    ['cpu', { cpus: 2, cpu: 2 }, /cpu is 2, .* from 0 to 1/],
    ['time', { time: 5 }, /time is 5, but must be a bigint/],
    ['seed', { seed: -1n }, /seed is -1/],
    ['helpers', { helpers: { 300: 5 } }, /"300" is no function/],
    ['context', { context: 'packet' }, /packet, but must be memory or xdp or skb/],
    ['maxEntries', { maxEntries: { numbers: 1.5 } }, /"numbers" is 1.5/],
  ])('%s is refused', async (_, options, message) => {
    const written = untyped<Written>({ ...Object(options), maps: [mapSpec('numbers', abi.MAP_TYPE_ARRAY)] });
    await expect(openText('r1 = map[numbers]\nr0 = 0\nexit', written)).rejects.toEqual(badArgument(message));
  });

  it('sources are refused', async () => {
    await expect(open(untyped(5))).rejects.toEqual(badArgument(/a path, a file URL/));
    await expect(open(untyped({}))).rejects.toEqual(badArgument(/a path, a file URL/));
    await expect(open(new URL('http://localhost/x.o'))).rejects.toEqual(badArgument(/only file URLs/));
  });

  it('global variables are refused by name', async () => {
    const opened = open(example('pipeline.bpf.o'), { globals: { survey_interval: 'often' } });
    await expect(opened).rejects.toThrow(/global variable survey_interval: .* got "often"/);
  });

  it('an engine that is closed opens nothing', async () => {
    const engine = await Engine.create();
    engine[Symbol.dispose]();
    await expect(openIn(engine, example('flows.bpf.o'))).rejects.toMatchObject({ code: 'closed' });
  });
});

describe.each(engines)('wrong arguments of runs in %s', (engine) => {
  it.each<[string, unknown]>([
    ['string', 'abc'],
    ['Array', [1, 2]],
    ['Uint16Array', new Uint16Array(4)],
    ['ArrayBuffer', new ArrayBuffer(4)],
    ['null', null],
  ])('a packet that is %s is refused', async (name, packet) => {
    using object = await openText(FIRST_BYTE, { engine });
    const program = await object.program();
    const refused = badArgument(new RegExp(`a packet is ${name}, but must be a Uint8Array`));
    expect(() => program.run(untyped(packet))).toThrow(refused);
    expect(() => program.runBatch([untyped<Uint8Array>(packet)])).toThrow(refused);
    expect(program.run(Uint8Array.of(7)).r0).toBe(7n);
  });

  it('counts and contexts are checked', async () => {
    using object = await openText('r0 = *(u32 *)(r1 + 8)\nexit', { engine, type: 'sched_cls' });
    const program = await object.program();
    for (const count of [0, -1, 1.5, Number.NaN]) {
      expect(() => program.repeat(ethernet(0), count)).toThrow(badArgument(/count of runs/));
    }
    const run = (context: unknown) => program.run(ethernet(0), untyped<RunContext>(context));
    expect(() => run({ mark: -1 })).toThrow(badArgument(/mark is -1/));
    expect(() => run({ tstamp: 5 })).toThrow(badArgument(/tstamp is 5, but must be a bigint/));
    expect(() => run({ cb: [1, 2, 3, 4, 5, 6] })).toThrow(badArgument(/at most 5/));
  });

  it('a packet beyond the memory limit is refused, and nothing is lost', async () => {
    const maps = [mapSpec('numbers', abi.MAP_TYPE_ARRAY)];
    const text = `r2 = map[numbers]\n${FIRST_BYTE}`;
    using object = await openText(text, { engine, maps, maxMemory: 4 * 2 ** 20 });
    const program = await object.program();
    object.map('numbers').set(1, new Uint8Array(8).fill(7));
    expect(() => program.run(new Uint8Array(5e7))).toThrow(
      expect.objectContaining({ code: 'out-of-memory' }),
    );
    expect(program.runBatch([Uint8Array.of(5), new Uint8Array(9000)]).results[0]).toBe(5n);
    expect(object.map('numbers').get(1)).toEqual(new Uint8Array(8).fill(7));
  });

  it('a run within a run is refused', async () => {
    using object = await openText(FIRST_BYTE, { engine });
    const program = await object.program();
    function* packets() {
      yield Uint8Array.of(1);
      program.run(Uint8Array.of(9));
    }
    expect(() => program.runBatch(packets())).toThrow(badArgument(/running a program already/));
    expect(program.run(Uint8Array.of(3)).r0).toBe(3n);
  });
});

describe.each(engines)("mistakes in helpers of the host's own in %s", (engine) => {
  it.each<[string, HostHelper]>([
    ['NaN', () => Number.NaN],
    ['1.5', () => 1.5],
    ['x', () => untyped('x')],
    ['[object Promise]', () => untyped(Promise.resolve(1))],
  ])('the result %s ends the run at the call', async (shown, helper) => {
    const program = await withHelper(engine, helper);
    const [trap] = program.runBatch([new Uint8Array(8)]).traps;
    expect(trap).toMatchObject({ kind: 'host', insn: 2, source: { line: 3 } });
    expect(trap?.message).toContain(`returned ${shown}, but must return`);
  });

  it('a RangeError of theirs is theirs', async () => {
    const cause = new RangeError('mine');
    const program = await withHelper(engine, () => {
      throw cause;
    });
    expect(program.runBatch([new Uint8Array(8)]).traps).toMatchObject([{ kind: 'host' }]);
    expect(() => program.run(new Uint8Array(8))).toThrow(expect.objectContaining({ cause }));
  });

  it.each([
    2 ** 32,
    2 ** 32 + 4,
    -4,
    1.5,
    Number.NaN,
  ])('an access of %d bytes reads nothing', async (size) => {
    let read: Uint8Array | undefined;
    const program = await withHelper(engine, ([address], memory) => {
      read = memory.read(address, size);
      return 0;
    });
    expect(program.runBatch([new Uint8Array(8)]).traps).toMatchObject([{ kind: 'host' }]);
    expect(read).toBeUndefined();
  });

  it('a refused access ends the run, also where it is caught', async () => {
    const program = await withHelper(engine, (_, memory) => {
      try {
        memory.read(0n, 8);
      } catch {}
      return 5;
    });
    expect(program.runBatch([new Uint8Array(8)]).traps).toMatchObject([{ kind: 'memory', insn: 2 }]);
  });

  it('a run from within is refused', async () => {
    const held: { program?: BpfProgram } = {};
    held.program = await withHelper(engine, () => held.program?.run(new Uint8Array(8)).r0);
    expect(() => held.program?.run(new Uint8Array(8))).toThrow(/running a program already/);
  });
});

describe('references to what is not there', () => {
  const stages = mapSpec('stages', abi.MAP_TYPE_PROG_ARRAY, { valueSize: 4 });
  const outer = mapSpec('outer', abi.MAP_TYPE_ARRAY_OF_MAPS, {
    valueSize: 4,
    inner: mapSpec('inner', abi.MAP_TYPE_ARRAY),
  });
  const openBoth = () =>
    openText('r1 = map[stages]\nr1 = map[outer]\nr0 = 0\nexit', { engine: 'interp', maps: [stages, outer] });

  it('programs and maps of another engine', async () => {
    using object = await openBoth();
    using other = await openBoth();
    const program = await other.program();
    expect(() => object.setTailCall('stages', 0, program)).toThrow(badArgument(/another engine/));
    const inner = other.engine.createMap(mapSpec('inner', abi.MAP_TYPE_ARRAY));
    expect(() => object.setInnerMap('outer', new Uint8Array(4), inner)).toThrow(
      badArgument(/another engine/),
    );
  });

  it('indexes beyond the array', async () => {
    using object = await openBoth();
    const program = await object.program();
    expect(() => object.setTailCall('stages', 4, program)).toThrow(badArgument(/from 0 to 3/));
    expect(() => object.setTailCall('stages', untyped('first'), program)).toThrow(badArgument(/first/));
  });

  it('addresses made up', async () => {
    using object = await openBoth();
    const forged = Uint8Array.of(0, 16, 0, 0);
    expect(() => object.map('stages').set(0, forged)).toThrow(/use setTailCall/);
    expect(() => object.map('outer').set(0, forged)).toThrow(/use setTailCall or setInnerMap/);
  });
});

describe('what waits when an engine is closed', () => {
  it('readers and watchers end', async () => {
    const object = await open(example('pipeline.bpf.o'), { engine: 'interp' });
    const event = object.ring('events')[Symbol.asyncIterator]().next();
    const line = object.trace[Symbol.asyncIterator]().next();
    const changes = object.map('readers').watch({ interval: 60_000 }).next();
    await sleep(1);
    object[Symbol.dispose]();
    for (const waiting of [event, line, changes]) expect((await waiting).done).toBe(true);
  });
});

describe('a service', () => {
  it('runs, reads and counts without taking more memory', async () => {
    using object = await open(example('pipeline.bpf.o'), { maxEntries: { events: 4096 } });
    const program = await object.program('pipeline');
    const round = () => {
      program.runBatch(Array.from({ length: 200 }, () => ethernet(0x0800)));
      for (let i = 0; i < 100; i++) program.run(ethernet(0x86dd));
      for (let i = 0; i < 100; i++) for (const _ of object.ring('events').drain());
      for (const { name, type } of object.maps) if (type === abi.MAP_TYPE_ARRAY) [...object.map(name)];
    };
    for (let i = 0; i < 5; i++) round();
    const before = object.engine.exports.alloc(64);
    object.engine.exports.free(before);
    const { byteLength } = object.engine.memory.memory.buffer;
    for (let i = 0; i < 50; i++) round();
    expect(object.engine.memory.memory.buffer.byteLength).toBe(byteLength);
    expect(object.engine.exports.alloc(64)).toBe(before); // nothing was kept in between
  });

  it('keeps two objects in one engine apart', async () => {
    using engine = await Engine.create({ engine: 'interp' });
    const text = 'r2 = map[numbers]\nr0 = *(u8 *)(r1 + 0)\nexit';
    const maps = [mapSpec('numbers', abi.MAP_TYPE_HASH)];
    const [one, two] = await Promise.all(
      ['one', 'two'].map((name) => openIn(engine, programFromAssembly(text, { name, maps }))),
    );
    one?.map('numbers').set(new Uint8Array(4), new Uint8Array(8));
    expect([one?.map('numbers').size, two?.map('numbers').size]).toEqual([1, 0]);
    const programs = [await one?.program(), await two?.program()];
    expect(programs.map((program, i) => program?.run(Uint8Array.of(i)).r0)).toEqual([0n, 1n]);
  });
});
