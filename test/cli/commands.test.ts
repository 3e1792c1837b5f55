import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CAPTURE, example, jsonLines, scratchFolder, webpf } from './harness.ts';

const files = scratchFolder();

describe('webpf disasm and asm', () => {
  it('prints functions and source lines', async () => {
    const { code, out } = await webpf(['disasm', example('pipeline.bpf.o'), '-p', 'pipeline', '--source']);
    expect(code).toBe(0);
    expect(out).toMatch(/^pipeline \(section xdp, type xdp, \d+ slots\)$/m);
    expect(out).toMatch(/^parse:$/m);
    expect(out).toContain('; int pipeline(struct xdp_md *ctx) {');
    expect(out).toMatch(/^ +\d+: \(85\) call bpf_tail_call#12$/m);
  });

  it.each(['kernel', 'llvm'])('assembles what it has printed in the %s dialect', async (dialect) => {
    const text = 'r0 = 7\nw1 = w0\nif r0 > 3 goto +1\nr0 += -1\n*(u64 *)(r10 - 8) = r0\nexit\n';
    const source = await files.write('source.s', text);
    const first = files.path('first.bin');
    const second = files.path('second.bin');
    await webpf(['asm', source, '-o', first]);
    const { out } = await webpf(['disasm', first, '--dialect', dialect]);
    const instructions = out.split('\n').flatMap((line) => /^ +\d+: (?:\(..\) )?(.*)$/.exec(line)?.[1] ?? []);
    const printed = await files.write('printed.s', instructions.join('\n'));
    expect(await webpf(['asm', printed, '-o', second])).toMatchObject({ code: 0, err: '' });
    expect(await readFile(second)).toEqual(await readFile(first));
  });

  it('reads standard input and writes standard output', async () => {
    const { code, bytes } = await webpf(['asm', '-', '-o', '-'], 'exit\n');
    expect(code).toBe(0);
    expect([...bytes]).toEqual([0x95, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('names kernel functions', async () => {
    const { out } = await webpf(['disasm', fileURLToPath(new URL('../objects/kfuncs.o', import.meta.url))]);
    expect(out).toMatch(/call kfunc bpf_\w+/);
  });

  it('has bytes and source in JSON', async () => {
    const { out } = await webpf(['disasm', example('flows.bpf.o'), '--json']);
    const [first] = jsonLines(out);
    expect(first).toMatchObject({ program: 'count_flows', insn: 0, source: { line: expect.any(Number) } });
    expect(first?.bytes).toMatch(/^[0-9a-f]{16}$/);
  });

  it('names line and column of a mistake', async () => {
    const file = await files.write('typo.s', 'r0 = 1\nr0 ?= 2\n');
    const { code, err } = await webpf(['asm', file, '-o', files.path('typo.bin')]);
    expect(code).toBe(1);
    expect(err).toMatch(/^webpf: .*typo\.s:2:\d+.*\n$/);
  });
});

describe('webpf compile', () => {
  it('writes a module of WebAssembly', async () => {
    const target = files.path('flows.wasm');
    const { code, out } = await webpf(['compile', example('flows.bpf.o'), '-o', target, '--json']);
    expect(code).toBe(0);
    const wasm = await readFile(target);
    expect(jsonLines(out)[0]).toMatchObject({
      program: 'count_flows',
      bytes: wasm.length,
      mode: 'verified',
    });
    expect(WebAssembly.validate(wasm)).toBe(true);
  });

  it('writes what runs and is measured without the object file', async () => {
    const target = files.path('count.wasm');
    await webpf(['compile', example('flows.bpf.o'), '-o', target]);
    const argv = ['-e', 'jit', '-c', CAPTURE, '--maps', 'all', '--json'];
    const [original, compiled] = await Promise.all(
      [example('flows.bpf.o'), target].map(async (file) =>
        jsonLines((await webpf(['run', file, ...argv])).out),
      ),
    );
    const withoutTimes = (lines: readonly object[] = []) =>
      lines.map((line) => ({ ...line, nsPerPacket: 0, elapsedMs: 0, packetsPerSecond: 0 }));
    expect(withoutTimes(compiled)).toEqual(withoutTimes(original));
    const { out } = await webpf(['bench', target, '--data', '00', '--json']);
    expect(jsonLines(out).map(({ engine }) => engine)).toEqual(['interp', 'jit']);
  });

  it('fixes global variables', async () => {
    const target = files.path('fixed.wasm');
    const argv = ['compile', example('flows.bpf.o'), '-o', target, '--cpus', '2', '--global', 'x=1'];
    expect(await webpf(argv)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no global variable "x"/),
    });
  });

  it('of another mode is refused with the way out', async () => {
    const target = files.path('boxed.wasm');
    await webpf(['compile', example('flows.bpf.o'), '-o', target, '--sandbox']);
    expect((await webpf(['run', target])).err).toMatch(/for the sandbox .*but would be loaded verified/);
    expect((await webpf(['run', target, '--sandbox', '--data', '00'])).code).toBe(0);
  });

  it('refuses what the verifier rejects, unless told not to verify', async () => {
    const file = await files.write('wild.s', 'r1 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r1 + 0)\nexit\n');
    const argv = ['compile', file, '--type', 'xdp', '-o', files.path('wild.wasm'), '--json'];
    expect(await webpf(argv)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^webpf: wild is rejected/),
    });
    const { out, err } = await webpf([...argv, '--sandbox']);
    expect({ mode: jsonLines(out)[0]?.mode, err }).toEqual({ mode: 'sandbox', err: '' });
  });

  it('says why a file cannot be written', async () => {
    const target = files.path('no/such/folder.wasm');
    const { code, err } = await webpf(['compile', example('flows.bpf.o'), '-o', target]);
    expect(code).toBe(1);
    expect(err).toMatch(/^webpf: cannot write .*folder\.wasm: ENOENT: no such file or directory\n$/);
  });
});

describe('webpf link', () => {
  const halves = ['linked-main', 'linked-parts'].map((name) =>
    fileURLToPath(new URL(`../objects/${name}.o`, import.meta.url)),
  );

  it('writes an object that runs', async () => {
    const output = files.path('linked.o');
    expect(await webpf(['link', ...halves, '-o', output])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/linked\.o: 3 programs, 4 maps, [\d,]+ bytes\n$/),
      err: '',
    });
    const { code, out } = await webpf(['run', output, '-p', 'jump', '--data', '00'.repeat(64), '--json']);
    expect({ code, r0: JSON.parse(out).r0 }).toMatchObject({ code: 0, r0: '77' });
  });

  it('names what it linked as JSON', async () => {
    const { out } = await webpf(['link', ...halves, '-o', files.path('json.o'), '--json']);
    expect(jsonLines(out)[0]).toMatchObject({
      programs: ['entry', 'jump', 'target'],
      maps: ['jumps', 'counts', '.data', '.rodata'],
    });
  });

  it('tells what does not fit', async () => {
    const [main = ''] = halves;
    const { code, err } = await webpf(['link', main, main, '-o', files.path('never.o')]);
    expect(code).toBe(1);
    expect(err).toMatch(/^webpf: 'entry' is defined in .*linked-main\.o and in .*linked-main\.o\n$/);
  });
});

describe('webpf bench', () => {
  it('measures both engines', async () => {
    const file = await files.write('bench.s', 'r0 = 0\nexit\n');
    const { code, out } = await webpf(['bench', file, '--data', '00', '--json']);
    expect(code).toBe(0);
    const lines = jsonLines(out);
    expect(lines.map((line) => line.engine)).toEqual(['interp', 'jit']);
    for (const line of lines) {
      expect(Object.keys(line)).toEqual(['program', 'engine', 'nsPerRun', 'runs', 'loadMs']);
      expect(line.nsPerRun).toBeGreaterThan(0);
    }
  });

  it('does not measure a program that traps', async () => {
    const file = await files.write('trap.s', 'r0 = *(u8 *)(r1 + 100)\nexit\n');
    const { code, err } = await webpf(['bench', file, '--data', '00']);
    expect(code).toBe(1);
    expect(err).toMatch(/accesses address/);
  });
});

describe('webpf plugin', () => {
  const ADD = 'b7 00 00 00 01 00 00 00  07 00 00 00 ff 00 00 00  95 00 00 00 00 00 00 00 \n';

  it.each(['jit', 'interp'])('prints r0 in hex from %s', async (engine) => {
    expect(await webpf(['plugin', '--engine', engine], ADD)).toMatchObject({
      code: 0,
      out: '100\n',
      err: '',
    });
  });

  it('gives the program its memory', async () => {
    const load = '71 10 01 00 00 00 00 00 95 00 00 00 00 00 00 00';
    expect(await webpf(['plugin', 'aa  bb  '], load)).toMatchObject({ code: 0, out: 'bb\n' });
  });

  it('takes the program as an option', async () => {
    expect(await webpf(['plugin', '--program', ADD])).toMatchObject({ code: 0, out: '100\n' });
  });

  it.each([
    ['0', /3? ?.*hexadecimal|whole number of bytes/],
    ['zz', /not hexadecimal/],
    ['95 00', /8/],
    ['', /./],
  ])('refuses %j with an error on stderr', async (program, reason) => {
    const { code, out, err } = await webpf(['plugin'], program);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(reason);
  });
});
