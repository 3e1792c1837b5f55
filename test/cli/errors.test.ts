import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeError } from '../../src/cli/fail.ts';
import { WebpfError } from '../../src/index.ts';
import { CAPTURE, example, jsonLines, scratchFolder, webpf } from './harness.ts';

const files = scratchFolder();
const oneLine = /^webpf: [^\n]+\n$/;

describe('errors of the command line', () => {
  it.each([
    ['a missing file', ['run', 'nowhere.o'], /cannot read nowhere\.o: ENOENT/],
    ['a folder', ['verify', '/'], /cannot read \/: EISDIR/],
    ['a program of another name', ['run', example('flows.bpf.o'), '-p', 'x'], /no program "x"/],
    ['bad hex', ['run', example('flows.bpf.o'), '-d', '0g'], /has the character "g"/],
    ['odd hex', ['run', example('flows.bpf.o'), '-d', '123'], /3 digits make no whole number/],
    ['a missing capture', ['run', example('flows.bpf.o'), '-c', 'x.pcap'], /cannot read x\.pcap/],
    ['an unknown variable', ['run', example('flows.bpf.o'), '--global', 'a=1'], /no global variable "a"/],
    ['one of several programs', ['run', example('pipeline.bpf.o')], /name one of the object's programs/],
    ['a file of another kind', ['disasm', example('flows.bpf.c')], /not an ELF file/],
  ])('%s: status 1 and one line', async (_, argv, message) => {
    const { code, out, err } = await webpf(argv);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(oneLine);
    expect(err).toMatch(message);
  });

  it.each([
    ['an unknown flag', ['run', 'x.o', '--nope']],
    ['an unknown command', ['fly']],
    ['an unknown engine', ['run', 'x.o', '--engine', 'fast']],
    ['no file', ['run']],
    ['no output', ['asm', 'x.s']],
    ['a bad number', ['run', 'x.o', '--repeat', '0']],
    ['a bad type', ['run', 'x.o', '--type', 'fish']],
    ['a bad variable', ['run', 'x.o', '--global', 'x']],
    ['packet and capture', ['run', 'x.o', '--data', '00', '--capture', 'x']],
    ['writing without a capture', ['run', 'x.o', '--write', 'x']],
    ['both kinds of not verifying', ['run', 'x.o', '--sandbox', '--trusted']],
    ['a seed out of range', ['run', 'x.o', '--seed', '18446744073709551616']],
  ])('%s: status 2 and one line', async (_, argv) => {
    const { code, out, err } = await webpf(argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(oneLine);
  });

  it('prints help and version with status 0', async () => {
    expect(await webpf(['--version'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    expect(await webpf(['run', '--help'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('--capture'),
    });
  });

  it('survives truncated objects', async () => {
    const whole = await readFile(example('flows.bpf.o'));
    for (const length of [0, 3, 16, 64, 1000, whole.length - 100]) {
      const file = await files.write('cut.o', whole.subarray(0, length));
      const { code, err } = await webpf(['verify', file]);
      if (code !== 0) expect(err).toMatch(oneLine);
    }
  });

  it('never breaks on words', async () => {
    const words = fc.array(fc.oneof(fc.string(), fc.constantFrom('run', 'asm', '-', '--json', '-o')), {
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(words, async (argv) => {
        const { code, err } = await webpf(['asm', ...argv.filter((word) => word !== '-o')]);
        expect([0, 1, 2]).toContain(code);
        expect(err).not.toMatch(/internal error|\n {4}at /);
      }),
      { numRuns: 50 },
    );
  });
});

describe('describeError', () => {
  it('adds what the message does not say', () => {
    const source = { file: 'a.c', line: 3, column: 1, text: '  return *p;' };
    const error = new WebpfError('bad-program', 'R1 is wrong', {
      stage: 'verifier',
      insn: 5,
      source,
      subject: 'prog',
    });
    expect(describeError(error)).toBe('prog: R1 is wrong at instruction 5 (a.c:3: return *p;)');
  });

  it('keeps to one line, and tells bugs from mistakes', () => {
    expect(describeError(new Error('a\n  b'))).toBe('internal error: a; b (WEBPF_DEBUG=1 shows where)');
  });

  it('shows the stack to those who ask', async () => {
    const { err } = await webpf(['run', 'nowhere.o'], '', { WEBPF_DEBUG: '1' });
    expect(err).toMatch(/\n {4}at /);
  });
});

describe('the process', () => {
  const loader = new URL('../../scripts/typescript/register.mjs', import.meta.url).href;
  const entry = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  const node = [process.execPath, '--import', loader, entry];

  it('ends with the status, its streams apart', () => {
    const [command = '', ...argv] = [...node, 'run', 'nowhere.o'];
    const { status, stdout, stderr } = spawnSync(command, argv, { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(oneLine);
  });

  const disasm = () => {
    const [command = '', ...argv] = [...node, 'disasm', example('pipeline.bpf.o')];
    return spawn(command, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  };

  it('is quiet when the reader of its output leaves', async () => {
    const child = disasm();
    const ended = Promise.all([once(child, 'close'), text(child.stderr)]);
    const [first]: Buffer[] = await once(child.stdout, 'data');
    child.stdout.destroy();
    expect(await ended).toEqual([[0, null], '']);
    expect(String(first)).toMatch(/^\w+ \(section xdp.*\n/);
  });

  it('is quiet when nobody reads its output', async () => {
    const child = disasm();
    child.stdout.destroy();
    expect(await Promise.all([once(child, 'close'), text(child.stderr)])).toEqual([[0, null], '']);
  });

  it.skipIf(!existsSync('/dev/full'))('says so when its output does not fit on the disk', () => {
    const argv = ['-c', '"$@" > /dev/full', 'sh', ...node, 'disasm', example('pipeline.bpf.o')];
    const { status, stderr } = spawnSync('sh', argv, { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^webpf: cannot write the output: ENOSPC: .*\n$/);
  });

  it('reads captures from standard input', () => {
    const run = ['run', example('flows.bpf.o'), '--engine', 'interp', '--no-cache', '--json', '-c', '-'];
    const [command = '', ...argv] = [...node, ...run];
    const piped = spawnSync(command, argv, { encoding: 'utf8', input: readFileSync(CAPTURE) });
    expect(piped.stderr).toBe('');
    expect(jsonLines(piped.stdout)[0]).toMatchObject({ packets: 3735, complete: true });
    const twice = spawnSync(command, [...argv, '-n', '2'], { encoding: 'utf8', input: '' });
    expect(twice).toMatchObject({ status: 2, stderr: expect.stringMatching(/standard input, once/) });
  });
});
