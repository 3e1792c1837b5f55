import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { WebpfError } from '../../src/index.ts';
import { slotOfStack } from '../../src/runtime/frames.ts';
import { openText } from './build.ts';

const errorOf = (run: () => unknown): WebpfError => {
  try {
    run();
  } catch (error) {
    if (error instanceof WebpfError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

/** A load far outside of linear memory, two calls deep and behind a helper. */
const WILD = `
  r6 = r1
  call bpf_ktime_get_ns
  r1 = r6
  call outer
  exit
outer:
  r2 = -64 ll
  call inner
  exit
inner:
  r0 = *(u64 *)(r2 + 8)
  exit`;

describe('a trap of WebAssembly itself', () => {
  it('is reported at the instruction and its line', async () => {
    using object = await openText(WILD, { trusted: true, type: 'xdp' });
    const program = await object.program();
    const error = errorOf(() => program.run(new Uint8Array(64)));
    expect(error).toMatchObject({ code: 'trap', insn: 9, subject: 'main', source: { line: 12 } });
    expect(error.message).toContain('at instruction 9 (main:12: r0 = *(u64 *)(r2 + 8))');
  });

  it('is reported where the call was when a helper has gone wrong', async () => {
    const text = 'r1 = -8 ll\nr2 = 8\ncall bpf_trace_printk\nr0 = 0\nexit';
    using object = await openText(text, { trusted: true, type: 'xdp' });
    const program = await object.program();
    expect(errorOf(() => program.run(new Uint8Array(64))).insn).toBe(3);
  });

  it('is reported at the event of a batch', async () => {
    using object = await openText(WILD, { trusted: true, type: 'xdp' });
    const program = await object.program();
    const { traps } = program.runBatch([new Uint8Array(64), new Uint8Array(64)]);
    expect(traps).toMatchObject([
      { index: 0, insn: 9 },
      { index: 1, insn: 9 },
    ]);
  });
});

/** r2 points to nowhere; each program reads or writes there. */
const wild: readonly (readonly [string, string])[] = [
  ['a load', 'r0 = 1\nr3 = *(u32 *)(r2 + 4)\nr0 += r3\nr0 *= 3'],
  ['a load used later', 'r3 = *(u64 *)(r2 + 0)\nr4 = r3\nr4 <<= 3\nr0 = 7\nif r0 > 8 goto +1\nr0 = r4'],
  ['a number of the other byte order', 'r0 = *(u64 *)(r2 + 8)\nr0 = be64 r0'],
  ['a store', 'r0 = 1\n*(u32 *)(r2 + 8) = r0\nr0 = 2'],
  ['an atomic', 'r0 = 1\nlock *(u64 *)(r2 + 0) += r0\nr0 = 2'],
  ['a loop', 'r0 = 9\nr2 += 1\nr3 = *(u8 *)(r2 + 0)\nr0 -= 1\nr0 += r3\nif r0 > 0 goto -5'],
  ['one arm', 'r0 = 2\nif r0 > 5 goto +2\nr3 = *(u8 *)(r2 + 0)\nr0 += r3\nr0 += 1'],
];

describe.each([true, false])('the instruction of a trap (optimised: %s)', (optimize) => {
  it.each(wild)('is that of %s', async (_what, text) => {
    const program = `r2 = -1048576 ll\n${text}\nexit`;
    using checked = await openText(program, { type: 'xdp', sandbox: true, engine: 'interp' });
    using trusted = await openText(program, { type: 'xdp', trusted: true, optimize });
    const packet = new Uint8Array(64);
    const expected = await checked.program();
    const actual = await trusted.program();
    const { insn, source } = errorOf(() => expected.run(packet));
    expect(errorOf(() => actual.run(packet))).toMatchObject({ insn, source });
  });
});

describe('the trap of one access in place of several', () => {
  it.each([
    ['loads', 'r0 = *(u8 *)(r2 + 1)\nr3 = *(u8 *)(r2 + 0)\nr0 <<= 8\nr0 |= r3'],
    ['stores', '*(u16 *)(r2 + 0) = 1\n*(u16 *)(r2 + 2) = 2\nr0 = 2'],
  ])('is reported at one of the %s', async (_what, text) => {
    using object = await openText(`r2 = -1048576 ll\n${text}\nexit`, { type: 'xdp', trusted: true });
    const program = await object.program();
    expect([2, 3]).toContain(errorOf(() => program.run(new Uint8Array(64))).insn);
  });
});

describe('stack traces', () => {
  const positions = { offsets: [0x20, 0x30, 0x40], slots: [7, -1, 9] };
  const program = { name: 'main', subprograms: [{ name: 'main' }, { name: 'sub' }] };
  const slot = (stack: string): number | undefined => slotOfStack(stack, program, positions);

  it('of V8 are read from the first frame that belongs to an instruction', () => {
    const other = '    at webpf.other.main (wasm://wasm/webpf.other-1a2b3c4d:wasm-function[3]:0x40)';
    const guard = '    at webpf.main.jit.guard (wasm://wasm/webpf.main-1a2b3c4d:wasm-function[9]:0x35)';
    const sub = '    at webpf.main.sub (wasm://wasm/webpf.main-1a2b3c4d:wasm-function[4]:0x2f)';
    const main = '    at webpf.main.main (wasm://wasm/webpf.main-1a2b3c4d:wasm-function[3]:0x44)';
    expect(slot(['RuntimeError: unreachable', other, guard, sub, main].join('\n'))).toBe(7);
    expect(slot(['Error: x', other, main].join('\n'))).toBe(9);
    expect(slot(['Error: x', other].join('\n'))).toBeUndefined();
  });

  it('of SpiderMonkey are read by the names of functions', () => {
    const url = 'http://localhost/x.js line 3 > WebAssembly.Module';
    expect(slot(`check@${url}:wasm-function[8]:0x40\nsub@${url}:wasm-function[4]:0x21`)).toBe(7);
    expect(slot(`check@${url}:wasm-function[8]:0x40`)).toBeUndefined();
  });

  it('name the functions of the program', async () => {
    // Too large, and called too often, to be written in place of the calls.
    const long = 'r0 += 1\nr0 *= 3\n'.repeat(40);
    const text = `call inner\ncall inner\nexit\ninner:\ncall 1000\n${long}exit`;
    let stack = '';
    const helpers = {
      1000: () => {
        stack = new Error('here').stack ?? '';
        throw new Error('no');
      },
    };
    using object = await openText(text, { type: 'xdp', helpers });
    const program = await object.program();
    expect(errorOf(() => program.run(new Uint8Array(64)))).toMatchObject({ insn: 3, code: 'trap' });
    const frames = stack.split('\n').filter((line) => line.includes('webpf.main'));
    expect(frames[0]).toMatch(/at webpf\.main\.inner \(wasm:\/\/wasm\/webpf\.main-/);
    expect(frames[1]).toMatch(/at webpf\.main\.main \(wasm:\/\/wasm\/webpf\.main-/);
  });
});

const LOOP = `
import { open, programFromAssembly } from ENTRY;
const text = 'r0 = 0\\nagain:\\nr0 += 3\\nr0 ^= 77\\nif r0 < 200000 goto again\\nr0 = 2\\nexit';
const object = await open(programFromAssembly(text, { name: 'spin', type: 'xdp' }), { sandbox: true });
(await object.program()).repeat(new Uint8Array(64), 4000);
`;

describe('node --cpu-prof', () => {
  it('shows programs by name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'webpf-prof-'));
    const loader = new URL('../../scripts/typescript/register.mjs', import.meta.url).href;
    const entry = new URL('../../src/index.ts', import.meta.url).href;
    const script = LOOP.replace('ENTRY', JSON.stringify(entry));
    const argv = ['--cpu-prof', '--cpu-prof-dir', folder, '--import', loader, '--input-type=module'];
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [...argv, '-e', script], {
      cwd,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [file = ''] = await readdir(folder);
    const profile = await readFile(join(folder, file), 'utf8');
    await rm(folder, { recursive: true });
    expect(profile).toMatch(/"functionName":"spin"[^}]*"url":"wasm:\/\/wasm\/webpf\.spin-/);
  });
});
