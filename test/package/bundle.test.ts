import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const object = join(root, 'examples/flows.bpf.o');

/** What neither verifies nor translates nor begins a thread needs none of these. */
const COMPILER = ['verifier.js', 'translator.js', 'binaryen.js', 'worker.js', 'client.js', 'checker.js'];

describe('the bundle of the command line', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'webpf-bundle-'));
    for (const part of ['dist/bin', 'build', 'package.json'])
      cpSync(join(root, part), join(folder, part), { recursive: true });
    for (const name of COMPILER) rmSync(join(folder, 'dist/bin', name));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (from: string, ...argv: string[]) => {
    const env = { ...process.env, WEBPF_CACHE_DIR: join(folder, 'cache') };
    const script = join(from, 'dist/bin/webpf.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...argv], {
      encoding: 'utf8',
      env,
    });
    return { status, stdout, stderr };
  };

  it.each(['interp', 'jit'])('starts warm without verifier and translator in %s', (engine) => {
    const argv = ['run', object, '--data', '00', '--json', '--engine', engine];
    expect(run(folder, ...argv).status).toBe(1);
    const cold = run(root, ...argv);
    expect(cold).toMatchObject({ status: 0, stderr: '' });
    expect(run(folder, ...argv)).toEqual(cold);
    rmSync(join(folder, 'cache'), { recursive: true });
  });

  it('runs what was compiled without verifier and translator', () => {
    const target = join(folder, 'flows.wasm');
    expect(run(root, 'compile', object, '-o', target).status).toBe(0);
    expect(run(folder, 'run', target, '--data', '00', '--no-cache')).toMatchObject({ status: 0, stderr: '' });
  });

  it('finds its worker', () => {
    const capture = join(root, 'examples/captures/traffic.pcap');
    const argv = [
      'run',
      object,
      '--engine',
      'auto',
      '--capture',
      capture,
      '--repeat',
      '1500',
      '--json',
      '--no-cache',
    ];
    const { stdout, stderr } = run(root, ...argv);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ engine: 'jit', complete: true });
  });

  it('names errors as one class, wherever they come from', () => {
    const rejected = join(root, 'examples/rejected.bpf.o');
    const { status, stderr } = run(root, 'run', rejected, '--no-cache', '--program', firstProgram(rejected));
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^webpf: .* is rejected: /),
    });
  });

  const firstProgram = (file: string): string => {
    const { program } = JSON.parse(run(root, 'verify', file, '--json').stdout.split('\n')[0] ?? '{}');
    return String(program);
  };

  it('has the licenses of what it holds', () => {
    const licenses = readFileSync(join(root, 'dist/bin/LICENSES.txt'), 'utf8');
    for (const name of ['commander', 'cli-table3', 'cli-progress'])
      expect(licenses).toContain(`${name} (MIT)`);
    expect(readdirSync(join(root, 'dist/bin')).filter((name) => /^chunk/.test(name))).toEqual([]);
    expect(existsSync(join(root, 'dist/bin/webpf.js'))).toBe(true);
  });
});
