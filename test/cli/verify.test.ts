import { readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { ProgramBar } from '../../src/cli/verify/bar.ts';
import { example, jsonLines, scratchFolder, webpf } from './harness.ts';

const files = scratchFolder();
const object = (name: string): string => fileURLToPath(new URL(`../objects/${name}`, import.meta.url));

/** Reads beyond what it has compared with the packet's end. */
const SHORT = `
  r2 = *(u32 *)(r1 + 0)
  r3 = *(u32 *)(r1 + 4)
  r4 = r2
  r4 += 14
  if r4 > r3 goto out
  r0 = *(u16 *)(r2 + 13)
  out: r0 = 2
  exit
`;

/** Fields that other tools count on. */
const SETTLED = 'object section program type verdict reason insn insnsProcessed ms'.split(' ');

describe('webpf verify', () => {
  it('accepts, with what it took', async () => {
    const { code, out, err } = await webpf(['verify', example('pipeline.bpf.o')]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(
      out.match(/^accept {2}\w+ \(xdp\): \d+ instructions processed, \d+ states, [\d.,]+ ms$/gm),
    ).toHaveLength(4);
  });

  it('has the settled fields in JSON', async () => {
    const { out } = await webpf(['verify', example('flows.bpf.o'), '--json']);
    const [line] = jsonLines(out);
    expect(Object.keys(line ?? {}).slice(0, SETTLED.length)).toEqual(SETTLED);
    expect(line).toMatchObject({ section: 'xdp', type: 'xdp', verdict: 'accept', reason: '', insn: null });
    expect(line).toMatchObject({ insnsProcessed: expect.any(Number), ms: expect.any(Number) });
    expect(line).not.toHaveProperty('log');
  });

  it('rejects with reason, source, path, registers, a hint and status 1', async () => {
    const file = await files.write('short.s', SHORT);
    const { code, out } = await webpf(['verify', file, '--type', 'xdp']);
    expect(code).toBe(1);
    const [head, summary = '', ...rest] = out.split('\n');
    expect(head).toMatch(/^reject {2}short \(xdp\): \d+ instructions processed, /);
    expect(summary).toMatch(/^ {8}\S/);
    const text = rest.join('\n');
    expect(text).toMatch(/^ {8}.*short\.s:7: r0 = \*\(u16 \*\)\(r2 \+ 13\) {2}\(instruction 5/m);
    expect(text).toMatch(/in the kernel's words: invalid access to packet, off=13 size=2/);
    expect(text).toMatch(/^ {8}path:\n {10}.*short\.s:6: if r4 > r3 goto out {2}\[not taken/m);
    expect(text).toMatch(/^ {8}registers:\n {10}r2 = pkt\(r=14\)/m);
    expect(text).toMatch(/^ {8}hint: /m);
  });

  it('rejects the same in JSON', async () => {
    const file = await files.write('short.s', SHORT);
    const { code, out } = await webpf(['verify', file, '--type', 'xdp', '--json']);
    expect(code).toBe(1);
    expect(jsonLines(out)[0]).toMatchObject({
      program: 'short',
      verdict: 'reject',
      insn: 5,
      source: { line: 7 },
      path: [{ insn: 4, taken: false }],
      registers: [{ register: 2, state: 'pkt(r=14)' }],
      hint: expect.stringMatching(/./),
      totalStates: expect.any(Number),
      peakStates: expect.any(Number),
    });
  });

  it('rejects what has no structure', async () => {
    const file = await files.write('bad.s', 'r0 = 1\ngoto +5\nexit\n');
    const { code, out } = await webpf(['verify', file, '--json']);
    expect(code).toBe(1);
    expect(jsonLines(out)[0]).toMatchObject({ verdict: 'reject', insn: 1 });
    expect(jsonLines(out)[0]?.reason).toMatch(/jump out of range/);
  });

  it('tells what webpf lacks from what is wrong', async () => {
    const { code, out } = await webpf(['verify', object('needs.o'), '--json']);
    expect(code).toBe(1);
    const verdicts = new Map(
      jsonLines(out).map((line) => [line.program, (line as { verdict?: string }).verdict]),
    );
    expect(Object.fromEntries(verdicts)).toMatchObject({
      fine: 'accept',
      field: 'unsupported',
      kfunc: 'unsupported',
      config: 'unsupported',
      missing: 'reject',
    });
    const one = await webpf(['verify', object('needs.o'), '-p', 'field']);
    expect(one).toMatchObject({ code: 0, out: expect.stringMatching(/^unsupported {2}field \(xdp\)/) });
    const none = await webpf(['verify', object('needs.o'), '-p', 'config']);
    expect(none).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^unsupported {2}config \(unknown\): cannot be linked\n/),
    });
  });

  it('needs a type', async () => {
    const file = await files.write('pass.s', 'r0 = 2\nexit\n');
    const without = await webpf(['verify', file]);
    expect(without).toMatchObject({ code: 0, out: expect.stringMatching(/^unsupported .*\n[\s\S]*--type/) });
    const typed = await webpf(['verify', file, '--type', 'xdp']);
    expect(typed).toMatchObject({ code: 0, out: expect.stringMatching(/^accept {2}pass \(xdp\)/) });
  });

  it('accepts programs that need helpers which webpf cannot run', async () => {
    const file = await files.write('repeat.s', 'call bpf_rc_repeat\nr0 = 0\nexit\n');
    expect((await webpf(['verify', file, '--type', 'lirc_mode2'])).out).toMatch(/^accept/);
    expect((await webpf(['run', file, '--type', 'lirc_mode2', '--data', '00000000'])).err).toMatch(
      /calls bpf_rc_repeat#77 .*webpf does not have/,
    );
  });

  it('prints the walk as the kernel does', async () => {
    const file = await files.write('short.s', SHORT);
    const { out } = await webpf(['verify', file, '--type', 'xdp', '--log']);
    expect(out).toMatch(/^short:\n/);
    expect(out).toMatch(/^4: \(2d\) if r4 > r3 goto pc\+1/m);
    expect(out).toMatch(/^invalid access to packet, off=13 size=2/m);
    expect(out).toMatch(/^processed \d+ insns \(limit 1000000\)/m);
    const json = await webpf(['verify', file, '--type', 'xdp', '--log', '--json']);
    expect(jsonLines(json.out)[0]?.log?.length).toBeGreaterThan(5);
  });

  it('knows the rules for others than root', async () => {
    const leak = await files.write('leak.s', 'r0 = r1\nexit\n');
    const argv = ['verify', leak, '--type', 'socket_filter', '--json'];
    const [unprivileged] = jsonLines((await webpf([...argv, '--unprivileged'])).out);
    expect(unprivileged).toMatchObject({ verdict: 'reject', reason: expect.stringMatching(/leaks addr/) });
    const unaligned = await files.write('unaligned.s', SHORT.replace('(u16 *)(r2 + 13)', '(u32 *)(r2 + 0)'));
    const plain = ['verify', unaligned, '--type', 'xdp', '--json'];
    expect(jsonLines((await webpf(plain)).out)[0]).toMatchObject({ verdict: 'accept' });
    const [strict] = jsonLines((await webpf([...plain, '--strict-alignment'])).out);
    expect(strict).toMatchObject({ verdict: 'reject', reason: expect.stringMatching(/misaligned/) });
  });

  it('knows no program of another name', async () => {
    const { code, err } = await webpf(['verify', example('flows.bpf.o'), '-p', 'nope']);
    expect(code).toBe(1);
    expect(err).toMatch(/^webpf: there is no program "nope" in .*flows\.bpf\.o; it has count_flows\n$/);
  });
});

describe('the bar over the programs of an object', () => {
  const sink = { write: () => {}, isTTY: true, columns: 80 };
  const drawn = async (total: number, wait: number): Promise<string> => {
    const progress = new PassThrough();
    const io = { stdout: sink, stderr: sink, stdin: [] as never, env: {}, progress };
    // cli-progress draws on terminals alone.
    const terminal = Object.assign(progress, { isTTY: true, cursorTo: () => true, clearLine: () => true });
    const bar = new ProgramBar(io, total);
    await new Promise((resolve) => setTimeout(resolve, wait));
    await bar.show(1, 'second');
    bar.hide();
    return String(terminal.read() ?? '');
  };

  it('is drawn once it takes long', async () => {
    expect(await drawn(5, 550)).toMatch(/1 of 5 programs, second/);
    expect(await drawn(5, 0)).toBe('');
    expect(await drawn(1, 550)).toBe('');
  });
});

test('the README shows what is printed', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const [, file = '', shown] = /\$ npx webpf verify (\S+)\n([\s\S]*?)```/.exec(readme) ?? [];
  const timeless = (text = ''): string => text.replace(/[\d.]+ ms/, 'n ms');
  const { out } = await webpf(['verify', file]);
  expect(timeless(out)).toBe(timeless(shown));
});
