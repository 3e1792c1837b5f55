import { describe, expect, it } from 'vitest';
import * as abi from '../../src/abi/layout.ts';
import { type BpfObject, type OpenOptions, open } from '../../src/index.ts';
import { engines, ethernet } from '../api/build.ts';
import { fileOf, resultsIn } from './recorded.ts';

function resultsOf(object: BpfObject): readonly number[] {
  const bss = object.map('.bss').raw.lookup(new Uint8Array(4));
  if (bss === undefined) throw new Error('no .bss');
  return resultsIn(object.file, bss).map(Number);
}

const VIRTUAL: OpenOptions = { time: 0n };

async function started(program: string, options: OpenOptions): Promise<BpfObject> {
  const object = await open(fileOf('timers'), options);
  expect((await object.program(program)).run(ethernet(0)).r0).toBe(0n);
  return object;
}

describe.each(engines)('timers in %s', (engine) => {
  it.each([
    false,
    true,
  ])('run in the order of their times as virtual time goes on (sandbox %s)', async (sandbox) => {
    using object = await started('arm', { ...VIRTUAL, engine, sandbox });
    expect(object.engine.advance(99n)).toBe(0);
    expect(resultsOf(object)).toEqual([]);
    expect(object.engine.advance(1n)).toBe(1);
    expect(object.engine.advance(1000n)).toBe(13);
    const times = resultsOf(object);
    const ticks = times.slice(0, 12);
    expect([ticks[0], ticks[3], ticks[6]]).toEqual([100, 110, 120]);
    expect([ticks[1], ticks[4], ticks[7]]).toEqual([2, 2, 2]);
    // The third tick cancels its own timer: -EDEADLK.
    expect(ticks[9]).toBe(-35);
    const strikes = Array.from({ length: 11 }, (_, at) => [1000 + 10 * at, at, 5]).flat();
    expect(times.slice(10)).toEqual(strikes);
    expect(object.engine.time).toBe(1100n);
    expect(object.engine.advance(1_000_000n)).toBe(9);
    expect(object.engine.advance(1_000_000n)).toBe(0);
    expect([...object.map('hash').entries()]).toEqual([]);
  });

  it('go with their elements', async () => {
    using object = await started('arm_lru', { ...VIRTUAL, engine });
    expect(object.engine.advance(100n)).toBe(2);
    expect(resultsOf(object)).toEqual([3, 4]);
    using other = await started('arm', { ...VIRTUAL, engine });
    const map = other.map('hash');
    for (const [key] of [...map.entries()]) map.delete(key);
    expect(other.engine.advance(1_000_000n)).toBe(3);
  });

  it('armed without a delay are due a nanosecond later', async () => {
    using object = await started('forever', { ...VIRTUAL, engine });
    expect(object.engine.runTimers()).toBe(1);
    expect(object.engine.advance(5n)).toBe(5 + 1);
    expect(resultsOf(object)).toEqual([0, 0, 1, 2, 3, 4, 5]);
  });

  it('repeat exactly with the same clock and seed', async () => {
    const one = async (kind: (typeof engines)[number]) => {
      using object = await started('arm', { time: 5n, seed: 77n, engine: kind });
      object.engine.advance(10_000n);
      return resultsOf(object);
    };
    expect(await one(engine)).toEqual(await one('interp'));
  });

  it('run by themselves with the real clock', async () => {
    using object = await started('arm', { engine });
    for (let waits = 0; resultsOf(object).length < 70 && waits < 200; waits++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(resultsOf(object)).toHaveLength(70);
    object.engine.runTimers();
    expect(() => object.engine.advance(1n)).toThrow(/option time/);
  });
});

it('the values of a map show no timers to the host, and are copied around them', async () => {
  using object = await started('arm', VIRTUAL);
  const [first] = [...object.map('hash').entries()];
  expect(first?.[1]).toMatchObject({ number: 5, runs: 0 });
  const raw = object.map('hash').raw;
  const bytes = raw.lookup(new Uint8Array(8));
  expect(bytes?.slice(8, 24)).toEqual(new Uint8Array(16));
  raw.update(new Uint8Array(8), new Uint8Array(32).fill(0xff));
  object.engine.advance(999n);
  expect(object.engine.advance(1_000_000n)).toBe(19);
});

it('callbacks that are stopped say so, and the others run', async () => {
  using object = await started('arm', { ...VIRTUAL, sandbox: true, budget: 800 });
  object.engine.memory.setU64(object.engine.run + abi.RUN_BUDGET, 1n);
  expect(() => object.engine.advance(105n)).toThrow(/has used up its instruction budget/);
  expect(object.engine.time).toBe(100n);
  object.engine.memory.setU64(object.engine.run + abi.RUN_BUDGET, 10_000n);
  expect(object.engine.advance(2000n)).toBe(20);
});

it.each(engines)('work is done once the host runs what is due, in the sandbox (%s)', async (engine) => {
  using object = await open(fileOf('work'), { ...VIRTUAL, engine, sandbox: true });
  expect((await object.program('start')).run(ethernet(0)).r0).toBe(0n);
  const started = [-22, -22, 0, -16, -22, 0, -22, 0, 0];
  expect(resultsOf(object)).toEqual(started);
  expect(object.engine.runTimers()).toBe(1);
  expect(object.engine.runTimers()).toBe(0);
  expect(resultsOf(object)).toEqual([...started, 9]);
});
