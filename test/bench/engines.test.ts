import { describe, expect, it } from 'vitest';
import { fieldOf } from '../../bench/engines/all.ts';
import { serverCandidate } from '../../bench/engines/server.ts';
import { Workshop } from '../../bench/engines/workshop.ts';
import { type Contestant, measure } from '../../bench/measure.ts';
import { benchPrograms } from '../../bench/programs.ts';

const NAMES = ['xorshift', 'parse', 'encapsulate', 'calls', 'map_hash', 'map_ringbuf'];

describe('one program in every engine that is here', () => {
  it.each(NAMES)('%s gives the same everywhere', async (name) => {
    const bench = benchPrograms.find((each) => each.name === name);
    if (!bench) throw new Error(`no program ${name}`);
    using workshop = new Workshop();
    // It throws when an engine gives anything else than expected.json.
    using field = await fieldOf(workshop, bench);
    for (const engine of ['interp', 'JIT unoptimised', 'JIT'] as const) {
      expect(field.candidates.has(engine)).toBe(true);
    }
    for (const [engine, why] of field.missing) console.info(`no ${engine} here: ${why}`);
  });
});

describe('a program asked over standard input', () => {
  const answering = (script: string) => serverCandidate(process.execPath, ['-e', script]);

  it('answers with the time of its runs', async () => {
    const script =
      "require('readline').createInterface(process.stdin).on('line', (n) => console.log(n * 3, 7, 'ff'))";
    using candidate = await answering(script);
    expect(candidate.first).toEqual({ r0: 7n, packet: 'ff' });
    expect(await candidate.sample(10)).toBe(3);
  });

  it('says why it ended instead', async () => {
    await expect(answering("console.error('not loaded: because'); process.exitCode = 1")).rejects.toThrow(
      'not loaded: because',
    );
    await expect(serverCandidate('/nowhere/to/be/found', [])).rejects.toThrow(/ENOENT/);
  });
});

it('times contestants in rounds, those of other processes nine times each', async () => {
  let called = 0;
  const here: Contestant = {
    inProcess: true,
    sample() {
      called++;
      return 1e6;
    },
  };
  const elsewhere: Contestant = { inProcess: false, sample: async () => 2e6 };
  const timings = await measure(
    new Map<string, Contestant>([
      ['here', here],
      ['elsewhere', elsewhere],
    ]),
    { rounds: 2 },
  );
  expect(timings.get('elsewhere')).toEqual({ median: 2e6, fastest: 2e6, spreadPercent: 0, samples: 18 });
  expect(timings.get('here')?.samples).toBeGreaterThan(0);
  expect(timings.get('here')?.samples).toBeLessThan(called);
  expect(timings.get('here')?.median).toBeLessThanOrEqual(1e6);
});
