import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { open } from '../../src/index.ts';
import { load } from '../../src/load.ts';
import { provideTools, tools } from '../../src/runtime/tools.ts';
import { ethernet, example } from '../api/build.ts';

const entry = fileURLToPath(new URL('../../src/load.ts', import.meta.url));

describe('the entry for browsers', () => {
  it('imports neither modules of Node nor Binaryen', async () => {
    const { metafile } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
      outdir: 'out',
      splitting: true,
      external: ['node:*', 'binaryen'],
    });
    const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
    expect(imports.filter(({ external }) => external === true).map(({ path }) => path)).toEqual([]);
    const files = Object.keys(metafile.inputs);
    expect(
      files.filter((file) => /node_modules|src\/(cli|capture)|binaryen|runtime\/node/.test(file)),
    ).toEqual([]);
    expect(files.length).toBeGreaterThan(50);
  });

  it('loads a translated program from its bytes, and the runtime from where it is told', async () => {
    using object = await open(example('flows.bpf.o'));
    const { wasm } = await object.artifact();
    const runtime = new Uint8Array(readFileSync(new URL('../../build/runtime.wasm', import.meta.url)));
    using loaded = await load(wasm, { runtime });
    const program = await loaded.program();
    expect({ tier: program.tier, verdict: program.run(ethernet(0x0800)).verdict }).toEqual({
      tier: 'jit',
      verdict: 'XDP_PASS',
    });
    expect(loaded.maps.map(({ name }) => name)).toContain('hosts');
  });

  it('loads from URLs', async () => {
    using loaded = await load(pathToFileURL(example('flows.bpf.o')), { engine: 'interp' });
    expect((await loaded.program()).run(ethernet(0)).verdict).toBe('XDP_PASS');
  });

  it('interprets what is not translated, where there is no translator', async () => {
    const ofNode = tools();
    provideTools({});
    try {
      const bytes = new Uint8Array(readFileSync(example('flows.bpf.o')));
      using translating = await load(bytes);
      await expect(translating.program()).rejects.toThrow(
        /no translator here: open what "webpf compile" writes/,
      );
      using loaded = await load(bytes, { engine: 'auto' });
      const program = await loaded.program();
      expect({ tier: program.tier, mode: program.mode }).toEqual({ tier: 'interp', mode: 'verified' });
      expect(await program.optimized).toBe('interp');
    } finally {
      provideTools(ofNode);
    }
  });

  it('says what is wrong with a URL, or with the runtime', async () => {
    await expect(load('no url')).rejects.toMatchObject({ code: 'bad-argument' });
    await expect(load(new URL('file:///nowhere/x.wasm'))).rejects.toMatchObject({ code: 'file' });
    const bytes = new Uint8Array(readFileSync(example('flows.bpf.o')));
    const runtime = Uint8Array.of(1, 2, 3);
    await expect(load(bytes, { runtime })).rejects.toThrow(/the runtime given is missing or damaged/);
  });
});
