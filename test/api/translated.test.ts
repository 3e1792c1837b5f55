/** Objects opened from what `object.artifact` has written. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Artifact,
  abi,
  type BpfObject,
  type OpenOptions,
  open,
  openIn,
  programFromAssembly,
  WebpfError,
} from '../../src/index.ts';
import { crc32 } from '../../src/jit/checksum.ts';
import { readSections } from '../../src/jit/wasm.ts';
import { linesOf, traffic } from '../examples/both.ts';
import { ethernet, example, mapSpec, openText } from './build.ts';

async function translated(file: string, program?: string, options: OpenOptions = {}): Promise<Artifact> {
  using object = await open(example(file), options);
  return await object.artifact(program);
}

const refusal = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'not refused',
    (error: unknown) => (error instanceof WebpfError ? error.message : `crash: ${String(error)}`),
  );

/** What a program does to the traffic, and its maps after it. */
async function outcome(object: BpfObject, name: string, maps: readonly string[]) {
  const program = await object.program(name);
  const { results, traps, packets } = program.runBatch(traffic.slice(0, 500), { packets: true });
  return { results, traps, packets, maps: maps.map((map) => linesOf(object, map)) };
}

describe('a translated program', () => {
  it.each([
    ['flows.bpf.o', 'count_flows', ['protocols', 'sizes', 'hosts', 'hosts6']],
    ['firewall.bpf.o', 'firewall', ['rules4', 'reasons']],
    ['pipeline.bpf.o', 'pipeline', ['talkers']],
  ])('of %s does what the object does', async (file, name, wanted) => {
    using original = await open(example(file), { time: 1n });
    const maps = wanted.filter((map) => original.maps.some((spec) => spec.name === map));
    const { wasm } = await translated(file, name);
    expect(WebAssembly.validate(wasm as BufferSource)).toBe(true);
    using loaded = await open(wasm, { time: 1n });
    expect(await outcome(loaded, name, maps)).toEqual(await outcome(original, name, maps));
  });

  it('needs no name where it leads to others', async () => {
    using object = await open((await translated('pipeline.bpf.o', 'pipeline')).wasm);
    expect(object.programs.length).toBeGreaterThan(1);
    expect((await object.program()).name).toBe('pipeline');
  });

  it('is interpreted after it was verified', async () => {
    const { wasm } = await translated('flows.bpf.o');
    using object = await open(wasm, { engine: 'interp' });
    const program = await object.program();
    expect({ mode: program.mode, r0: program.run(ethernet(0x0800)).r0 }).toEqual({
      mode: 'verified',
      r0: 2n,
    });
  });

  it('keeps global variables as they were', async () => {
    const data = mapSpec('.data', abi.MAP_TYPE_ARRAY, {
      valueSize: 4,
      maxEntries: 1,
      data: Uint8Array.of(7, 0, 0, 0),
    });
    const text = 'r1 = map[.data][0]\nr0 = *(u32 *)(r1 + 0)\nexit';
    using object = await openText(text, { maps: [data], type: 'xdp' });
    using loaded = await open((await object.artifact()).wasm);
    expect((await loaded.program()).run(ethernet(0)).r0).toBe(7n);
  });

  it('names the source line of a trap', async () => {
    const text = 'r0 = *(u64 *)(r1 + 4000)\nexit';
    using object = await openText(text, { sandbox: true });
    using loaded = await open((await object.artifact()).wasm, { sandbox: true });
    const program = await loaded.program();
    expect(() => program.run(new Uint8Array(8))).toThrow(/main:1/);
  });

  it('does not need the helpers of dead code', async () => {
    const text = 'r0 = 0\nif r0 == 0 goto +1\ncall 4000\nr0 = 2\nexit';
    using object = await openText(text, { type: 'xdp' });
    const program = object.programs[0];
    if (program === undefined) throw new Error('no program');
    const { info, wasm } = await object.artifact();
    expect(info.dead).toEqual([2]);
    using loaded = await open(wasm);
    expect((await loaded.program()).run(ethernet(0)).r0).toBe(2n);
  });
});

describe('a translated program is refused', () => {
  const flows = translated('flows.bpf.o');
  const loading = async (options: OpenOptions): Promise<string> => {
    using object = await open((await flows).wasm, options);
    return await refusal(object.program());
  };

  it('in another mode', async () => {
    expect(await loading({ sandbox: true })).toMatch(
      /compiled verified, but would be loaded for the sandbox/,
    );
    expect(await loading({ trusted: true })).toMatch(
      /compiled verified, but would be loaded without a verifier/,
    );
    using object = await open(example('flows.bpf.o'), { sandbox: true });
    using loaded = await open((await object.artifact()).wasm);
    expect(await refusal(loaded.program())).toMatch(/compiled for the sandbox .*would be loaded verified/);
  });

  it('over maps of other sizes', async () => {
    expect(await loading({ maxEntries: { hosts: 16 } })).toMatch(
      /map "hosts" had max_entries 4096, and has 16/,
    );
  });

  it('over other memory, more CPUs, another context', async () => {
    expect(await loading({ memory: 'shared' })).toMatch(
      /for plain memory, and this engine has shared memory/,
    );
    expect(await loading({ cpus: 2 })).toMatch(/for 1 CPUs, and this engine has 2/);
    expect(await loading({ context: 'skb' })).toMatch(/would be loaded for the sandbox|would be of kind skb/);
  });

  it('over other read-only data', async () => {
    const rodata = mapSpec('.rodata', abi.MAP_TYPE_ARRAY, {
      valueSize: 4,
      maxEntries: 1,
      data: Uint8Array.of(1, 0, 0, 0),
      frozen: true,
    });
    const text = 'r1 = map[.rodata][0]\nr0 = *(u32 *)(r1 + 0)\nexit';
    using object = await openText(text, { maps: [rodata], type: 'xdp' });
    const file = await (await open((await object.artifact()).wasm)).file;
    const data = Uint8Array.of(2, 0, 0, 0);
    using other = await open({ ...file, maps: [{ ...rodata, data }] });
    expect(await refusal(other.program())).toMatch(/read-only data of "\.rodata" was other data/);
  });

  it('when helpers were declared otherwise', async () => {
    const text = 'r1 = 1\ncall 1000\nr0 = 2\nexit';
    const helpers = (name: string): OpenOptions => ({
      helpers: { 1000: { name, args: [{ kind: 'anything' }], call: () => 0n } },
    });
    using object = await openText(text, { type: 'xdp', ...helpers('one') });
    const { wasm } = await object.artifact();
    using same = await open(wasm, helpers('one'));
    expect((await same.program()).run(ethernet(0)).r0).toBe(2n);
    using other = await open(wasm, helpers('other'));
    expect(await refusal(other.program())).toMatch(/helpers or the program type of the host/);
  });

  it('as another type', async () => {
    const { file } = await open((await flows).wasm);
    const programs = file.programs.map((program) => ({ ...program, type: 'sched_cls' as const }));
    using other = await open({ ...file, programs });
    expect(await refusal(other.program())).toMatch(/compiled as xdp, not sched_cls/);
  });

  it('beside a prog_array for programs of another type', async () => {
    const jumps = mapSpec('jumps', abi.MAP_TYPE_PROG_ARRAY, { valueSize: 4 });
    const text = 'r2 = map[jumps]\nr3 = 0\ncall bpf_tail_call\nr0 = 2\nexit';
    using object = await openText(text, { type: 'xdp', maps: [jumps] });
    using loaded = await open((await object.artifact()).wasm);
    const program = await loaded.program();
    expect(program.run(ethernet(0)).r0).toBe(2n);
    const skb = programFromAssembly('r0 = 0\nexit', { name: 'skb', type: 'sched_cls' });
    using beside = await openIn(loaded.engine, skb);
    const target = await beside.program();
    expect(() => loaded.setTailCall('jumps', 0, target)).toThrow(/programs of another type/);
  });
});

describe('a damaged translated program', () => {
  const file = translated('pipeline.bpf.o', 'pipeline');

  const attempt = async (bytes: Uint8Array): Promise<unknown> => {
    try {
      using object = await open(bytes);
      const program = await object.program();
      program.run(ethernet(0x0800));
      return undefined;
    } catch (error) {
      return error;
    }
  };

  it('is refused whatever byte is wrong or missing', async () => {
    const { wasm } = await file;
    const damage = fc.record({ at: fc.nat(wasm.length - 1), bit: fc.nat(7), cut: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(damage, async ({ at, bit, cut }) => {
        const broken = cut ? wasm.slice(0, at) : wasm.slice();
        if (!cut) broken[at] = (broken[at] ?? 0) ^ (1 << bit);
        expect(await attempt(broken)).toBeInstanceOf(WebpfError);
      }),
      { numRuns: 200 },
    );
  });

  it('does no harm even with a right checksum', async () => {
    const { wasm } = await file;
    const described = readSections(wasm).find(({ name }) => name === 'webpf.object');
    const { start, end } = described ?? { start: 0, end: 0 };
    const change = fc.record({
      at: fc.integer({ min: start, max: end - 1 }),
      value: fc.integer({ min: 0, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const broken = wasm.slice();
        for (const { at, value } of changes) broken[at] = value;
        const sum = crc32(broken.subarray(0, readSections(wasm).at(-1)?.at));
        new DataView(broken.buffer).setUint32(broken.length - 4, sum, true);
        const error = await attempt(broken);
        if (error !== undefined) expect(error).toBeInstanceOf(WebpfError);
      }),
      { numRuns: 300 },
    );
  });

  it('of another version says so', async () => {
    const { wasm } = await file;
    const text = new TextDecoder('latin1').decode(wasm);
    const at = text.indexOf('"engine":"') + '"engine":"'.length;
    const other = wasm.slice();
    other[at] = '9'.charCodeAt(0);
    const sum = crc32(other.subarray(0, readSections(wasm).at(-1)?.at));
    new DataView(other.buffer).setUint32(other.length - 4, sum, true);
    expect(String(await attempt(other))).toMatch(/made by webpf 9.*compile the program again/);
  });

  it('or another module altogether is named', async () => {
    const runtime = readFileSync(new URL('../../build/runtime.wasm', import.meta.url));
    expect(String(await attempt(new Uint8Array(runtime)))).toMatch(
      /not what "webpf compile" writes.*checksum is missing/,
    );
  });
});
