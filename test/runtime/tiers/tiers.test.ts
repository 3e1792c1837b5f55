import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  abi,
  type BpfProgram,
  open,
  openShared,
  programFromAssembly,
  type Tier,
} from '../../../src/index.ts';
import { ethernet, example, mapSpec, openText } from '../../api/build.ts';
import { traffic } from '../../examples/both.ts';

const repo = fileURLToPath(new URL('../../..', import.meta.url));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'webpf-tiers-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Tiers at the start, and once the translation has taken over. */
async function tiersOf(program: BpfProgram): Promise<Tier[]> {
  const first = program.tier;
  return [first, await program.optimized, program.tier];
}

const COUNT = `
  *(u32 *)(r10 - 4) = 0
  r1 = map[counts]
  r2 = r10
  r2 += -4
  call bpf_map_lookup_elem
  if r0 == 0 goto +3
  r1 = *(u64 *)(r0 + 0)
  r1 += 1
  *(u64 *)(r0 + 0) = r1
  r0 = 2
  exit`;

describe('engine: auto', () => {
  it('interprets first, then runs the translation, over the same maps', async () => {
    const maps = [mapSpec('counts', abi.MAP_TYPE_ARRAY)];
    using object = await openText(COUNT, { engine: 'auto', type: 'xdp', maps });
    const program = await object.program();
    expect(program.run(ethernet(0)).verdict).toBe('XDP_PASS');
    expect(await tiersOf(program)).toEqual(['interp', 'jit', 'jit']);
    expect(program.run(ethernet(0)).verdict).toBe('XDP_PASS');
    expect(object.map('counts').get(0)).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0));
    expect(program.tierNote).toBeUndefined();
  });

  it('switches within a call that gives the event loop no turn', async () => {
    using object = await open(example('flows.bpf.o'), { engine: 'auto' });
    using other = await open(example('flows.bpf.o'), { engine: 'interp' });
    const program = await object.program();
    const reference = await other.program();
    function* events(): Generator<Uint8Array> {
      for (
        let round = 0;
        round < 2 || (program.tier === 'interp' && program.tierNote === undefined);
        round++
      ) {
        rounds = round + 1;
        yield* traffic;
      }
    }
    let rounds = 0;
    const { verdicts, traps } = program.runBatch(events());
    expect({ tier: program.tier, verdicts, traps }).toEqual({
      tier: 'jit',
      verdicts: new Map([['XDP_PASS', rounds * traffic.length]]),
      traps: [],
    });
    for (let round = 0; round < rounds; round++) reference.runBatch(traffic);
    expect([...object.map('hosts')]).toEqual([...other.map('hosts')]);
  });

  it('carries tail calls between programs of both tiers', async () => {
    using object = await open(example('pipeline.bpf.o'), { engine: 'auto', time: 1n });
    using other = await open(example('pipeline.bpf.o'), { engine: 'jit', time: 1n });
    const names = object.programs.map(({ name }) => name);
    const main = await object.program('pipeline');
    const reference = await other.program('pipeline');
    const events = traffic.slice(0, 300);
    // One after the other: each time some of them are translated, and the others are not.
    for (const name of names) {
      const { results } = main.runBatch(events);
      expect(results).toEqual(reference.runBatch(events).results);
      expect(await (await object.program(name)).optimized).toBe('jit');
    }
    expect(main.runBatch(events).results).toEqual(reference.runBatch(events).results);
  });

  it('carries callbacks in both tiers', async () => {
    const text = `
      r1 = 10
      r2 = subprog[step]
      r3 = r10
      r3 += -8
      *(u64 *)(r10 - 8) = 0
      r4 = 0
      call bpf_loop
      r0 = *(u64 *)(r10 - 8)
      exit
    step:
      r3 = *(u64 *)(r2 + 0)
      r3 += r1
      *(u64 *)(r2 + 0) = r3
      r0 = 0
      exit`;
    using object = await openText(text, { engine: 'auto', sandbox: true });
    const program = await object.program();
    expect(program.run().r0).toBe(45n);
    expect(await program.optimized).toBe('jit');
    expect(program.run().r0).toBe(45n);
  });

  it('stops programs with the same trap in both tiers', async () => {
    using object = await openText('r0 = *(u64 *)(r1 + 4000)\nexit', { engine: 'auto', sandbox: true });
    const program = await object.program();
    expect(() => program.run(new Uint8Array(8))).toThrow(/at instruction 0/);
    expect(await program.optimized).toBe('jit');
    expect(() => program.run(new Uint8Array(8))).toThrow(/at instruction 0/);
    expect(program.runBatch([new Uint8Array(8), new Uint8Array(5000)]).traps).toMatchObject([{ index: 0 }]);
  });

  it('calls helpers of the host in both tiers', async () => {
    const calls: bigint[] = [];
    const helpers = { 1000: ([first]: readonly bigint[]) => BigInt(calls.push(first ?? 0n)) };
    using object = await openText('r1 = 7\ncall 1000\nexit', {
      engine: 'auto',
      type: 'socket_filter',
      helpers,
    });
    const program = await object.program();
    expect(program.run(ethernet(0)).r0).toBe(1n);
    expect(await program.optimized).toBe('jit');
    expect(program.run(ethernet(0)).r0).toBe(2n);
    expect(calls).toEqual([7n, 7n]);
  });

  it('gives flow dissectors their keys in both tiers', async () => {
    const text = 'r1 = *(u64 *)(r1 + 144)\nr2 = 14\n*(u16 *)(r1 + 0) = r2\nr0 = 0\nexit';
    using object = await openText(text, { engine: 'auto', type: 'flow_dissector' });
    const program = await object.program();
    const keys = () => program.run(ethernet(0x0800)).flowKeys?.subarray(0, 2);
    expect(keys()).toEqual(Uint8Array.of(14, 0));
    expect(await program.optimized).toBe('jit');
    expect(keys()).toEqual(Uint8Array.of(14, 0));
  });

  it('steps through programs in both tiers', async () => {
    using object = await openText('r0 = 1\nr0 += 1\nexit', { engine: 'auto', sandbox: true });
    const program = await object.program();
    expect(program.debug().step().slot).toBe(1);
    await program.optimized;
    expect(program.debug().step().slot).toBe(1);
  });

  it('says why a program stays interpreted', async () => {
    // A function cannot be posted to the worker.
    const program = { ...programFromAssembly('r0 = 1\nexit'), note: () => 1 };
    using object = await open(program, { engine: 'auto', sandbox: true });
    const opened = await object.program();
    expect(await tiersOf(opened)).toEqual(['interp', 'interp', 'interp']);
    expect(opened.tierNote).toMatch(/could not be cloned/);
    expect(opened.run().r0).toBe(1n);
  });

  it('shares with other threads what is translated by then; the rest stays interpreted', async () => {
    const options = { engine: 'auto', memory: 'shared', cpus: 2, type: 'xdp' } as const;
    const maps = [mapSpec('counts', abi.MAP_TYPE_ARRAY)];
    for (const [isReady, tier] of [
      [true, 'jit'],
      [false, 'interp'],
    ] as const) {
      using object = await openText(COUNT, { ...options, maps });
      const program = await object.program();
      if (isReady) await program.optimized;
      using other = await openShared(await object.share(), { cpu: 1 });
      const theirs = await other.program();
      expect([theirs.tier, await program.optimized]).toEqual([tier, tier]);
      expect([program, theirs].map((one) => one.run(ethernet(0)).r0)).toEqual([2n, 2n]);
      expect(object.map('counts').get(0)).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0));
      expect(program.tierNote ?? 'none').toMatch(isReady ? /^none$/ : /shared/);
    }
  });

  it('is over with its engine', async () => {
    const object = await openText('r0 = 1\nexit', { engine: 'auto', sandbox: true });
    const program = await object.program();
    const { optimized } = program;
    object[Symbol.dispose]();
    expect(await optimized).toBe('interp');
    expect(() => program.run()).toThrow(/disposed/);
  });

  it('is translated already where that was done before', async () => {
    using object = await open(example('flows.bpf.o'));
    using loaded = await open((await object.artifact()).wasm, { engine: 'auto' });
    const program = await loaded.program();
    expect(await tiersOf(program)).toEqual(['jit', 'jit', 'jit']);
    expect(program.run(ethernet(0)).r0).toBe(2n);
  });
});

it('other engines have one tier', async () => {
  for (const engine of ['jit', 'interp'] as const) {
    using object = await openText('r0 = 1\nexit', { engine, sandbox: true });
    expect(await tiersOf(await object.program())).toEqual([engine, engine, engine]);
  }
});

it('neither the worker nor what it has to do keeps a process alive, unless it is waited for', () => {
  const script = (then: string): string => `
    import { open, programFromAssembly } from '${new URL('../../../src/index.ts', import.meta.url)}';
    const object = await open(programFromAssembly('r0 = 1\\nexit'), { engine: 'auto' });
    const program = await object.program();
    const end = performance.now() + 50;
    while (performance.now() < end) program.run();
    ${then}`;
  const run = (then: string) => {
    const file = join(folder, 'main.mjs');
    writeFileSync(file, script(then));
    const argv = ['--import', './scripts/typescript/register.mjs', file];
    const { stdout, status } = spawnSync(process.execPath, argv, {
      cwd: repo,
      encoding: 'utf8',
      timeout: 50_000,
    });
    return { stdout, status };
  };
  expect(run('console.log(program.tier)')).toEqual({ stdout: 'interp\n', status: 0 });
  expect(run('console.log(await program.optimized)')).toEqual({ stdout: 'jit\n', status: 0 });
});
