import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { abi, type HostHelpers, type OpenOptions, open } from '../../../src/index.ts';
import { isTranslated } from '../../../src/jit/artifact.ts';
import * as translation from '../../../src/jit/translate.ts';
import { readSealed } from '../../../src/runtime/artifacts/seal.ts';
import { DiskCache } from '../../../src/runtime/cache/disk.ts';
import * as verification from '../../../src/verifier/verify.ts';
import { ethernet, example, mapSpec, openText } from '../../api/build.ts';

let cache = '';
const root = mkdtempSync(join(tmpdir(), 'webpf-cache-'));
// A folder for each test: writers may go on after the test that they belong to.
beforeEach(() => {
  cache = mkdtempSync(join(root, 'test-'));
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => rmSync(root, { recursive: true, force: true }));

vi.mock('../../../src/verifier/verify.ts', { spy: true });
vi.mock('../../../src/jit/translate.ts', { spy: true });

const FIRST = 'r0 = 2\nexit';

/** Files that are written to the end. */
const entries = (): string[] =>
  readdirSync(cache)
    .filter((name) => name.endsWith('.wasm'))
    .map((name) => join(cache, name));
const read = (path: string) => readSealed(new Uint8Array(readFileSync(path)));

/** What a start does: how often it verifies and translates. */
async function start(options: OpenOptions & { readonly text?: string; readonly license?: string } = {}) {
  const verify = vi.mocked(verification.verify).mockClear();
  const translate = vi.mocked(translation.translate).mockClear();
  const { text = FIRST, ...rest } = options;
  using object = await openText(text, { type: 'xdp', cache, ...rest });
  const { r0 } = (await object.program()).run(ethernet(0));
  await vi.waitFor(() => {
    if (readdirSync(cache).some((name) => name.endsWith('.tmp'))) throw new Error('still being written');
  });
  return { r0, verified: verify.mock.calls.length, translated: translate.mock.calls.length };
}

const COLD = { r0: 2n, verified: 1, translated: 1 };
const WARM = { r0: 2n, verified: 0, translated: 0 };

/** A cold start, whose files are written. */
async function fill(options: Parameters<typeof start>[0] = {}): Promise<void> {
  const before = entries().length;
  await start(options);
  await vi.waitFor(() => expect(entries().length).toBeGreaterThan(before));
}

describe('a second start', () => {
  it('neither verifies nor translates', async () => {
    expect(await start()).toEqual(COLD);
    await vi.waitFor(() => expect(entries()).toHaveLength(1));
    expect(await start()).toEqual(WARM);
    expect(await start({ cache: false })).toEqual(COLD);
  });

  it('interprets without verification, too', async () => {
    expect(await start({ engine: 'interp' })).toEqual({ ...COLD, translated: 0 });
    await vi.waitFor(() => expect(entries()).toHaveLength(1));
    expect(await start({ engine: 'interp' })).toEqual(WARM);
    expect(isTranslated(read(entries()[0] ?? ''))).toBe(false);
    // A verdict alone has no proof to translate by; then there is more in its place.
    expect(await start()).toEqual(COLD);
    await vi.waitFor(() => expect(isTranslated(read(entries()[0] ?? ''))).toBe(true));
    expect(await start({ engine: 'interp' })).toEqual(WARM);
    expect(await start({ engine: 'auto' })).toEqual(WARM);
  });

  it('keeps what the worker has translated', async () => {
    using object = await openText(FIRST, { type: 'xdp', cache, engine: 'auto' });
    const program = await object.program();
    expect(await program.optimized).toBe('jit');
    await vi.waitFor(() => expect(isTranslated(read(entries()[0] ?? ''))).toBe(true));
    expect(await start()).toEqual(WARM);
  });

  it('has the worker verify again what is not translated yet', async () => {
    await fill({ engine: 'interp' });
    using object = await openText(FIRST, { type: 'xdp', cache, engine: 'auto' });
    const program = await object.program();
    expect({ mode: program.mode, tier: program.tier }).toEqual({ mode: 'verified', tier: 'interp' });
    expect(await program.optimized).toBe('jit');
  });

  it('does not refuse the context less than the first', async () => {
    const text = 'r0 = *(u8 *)(r1 + 20)\nr0 = 1\nexit';
    const options = { text, type: 'cgroup_device', cache } as const;
    const refusals = [];
    for (let i = 0; i < 2; i++) {
      using object = await openText(text, options);
      refusals.push(await object.program().then(String, String));
    }
    expect(refusals[0]).toMatch(/\S/);
    expect(refusals[1]).toBe(refusals[0]);
  });
});

describe('another program or another engine', () => {
  const declared = (args: 'anything' | 'context'): HostHelpers => ({
    1000: {
      name: 'own',
      args: [args === 'anything' ? { kind: 'anything' } : { kind: 'context', nullable: false }],
      call: () => 0n,
    },
  });
  const rodata = (value: number) =>
    mapSpec('.rodata', abi.MAP_TYPE_ARRAY, {
      maxEntries: 1,
      data: Uint8Array.of(value, 0, 0, 0, 0, 0, 0, 0),
      frozen: true,
    });
  const withMap = (value: number) => ({
    maps: [rodata(value)],
    text: 'r1 = map[.rodata][0]\nr0 = *(u64 *)(r1 + 0)\nexit',
  });

  it.each<[string, object, object]>([
    ['code', {}, { text: 'r0 = 1\nexit' }],
    ['type', {}, { type: 'socket_filter' }],
    ['mode', {}, { sandbox: true }],
    ['memory', {}, { memory: 'shared' }],
    ['CPUs', {}, { cpus: 2 }],
    ['sizes of maps', { maps: [mapSpec('m', 1)] }, { maps: [mapSpec('m', 1)], maxEntries: { m: 5 } }],
    ['read-only data', withMap(1), withMap(2)],
    ['declared helpers', { helpers: declared('anything') }, { helpers: declared('context') }],
  ])('is not taken for the first: %s', async (_, first, second) => {
    await fill(first);
    expect(await start(second)).toMatchObject({ translated: 1 });
    expect(await start(first)).toMatchObject({ verified: 0, translated: 0 });
  });
});

describe('the directory', () => {
  it('may hold damaged files, which are replaced', async () => {
    await fill();
    const [path = ''] = entries();
    const whole = readFileSync(path);
    for (const broken of [whole.subarray(0, 100), Buffer.alloc(0), Buffer.from(whole).fill(7, 60, 64)]) {
      writeFileSync(path, broken);
      expect(await start()).toEqual(COLD);
      await vi.waitFor(() => expect(read(path).info.name).toBe('main'));
    }
  });

  it('takes several writers at once', async () => {
    const starts = Array.from({ length: 8 }, () => start());
    expect((await Promise.all(starts)).map(({ r0 }) => r0)).toEqual(Array(8).fill(2n));
    await vi.waitFor(() =>
      expect(readdirSync(cache).map((name) => name.length)).toEqual([64 + '.wasm'.length]),
    );
    expect(await start()).toEqual(WARM);
  });

  it('that cannot be made is done without', async () => {
    await fill();
    const [path = ''] = entries();
    expect(await start({ cache: join(path, 'below a file') })).toEqual(COLD);
  });

  it('must be named', async () => {
    using object = await open(example('flows.bpf.o'), { cache: '' });
    await expect(object.program()).rejects.toThrow(/path of a directory/);
  });

  it('loses its oldest files when it is full', async () => {
    using object = await openText(FIRST, { type: 'xdp' });
    const { wasm, info } = await object.artifact();
    const disk = new DiskCache(cache, wasm.length * 4);
    const inputs = (i: number) => Uint8Array.of(i);
    const names: string[] = [];
    for (let i = 0; i < 8; i++) {
      await disk.write(inputs(i), { wasm, info });
      for (const path of entries()) {
        if (names.includes(path)) continue;
        names.push(path);
        utimesSync(path, i, i);
      }
    }
    const left = entries().map((path) => names.indexOf(path));
    expect(left).not.toContain(0);
    expect(left).toContain(7);
    expect(entries().reduce((sum, path) => sum + statSync(path).size, 0)).toBeLessThanOrEqual(
      wasm.length * 4,
    );
  });
});
