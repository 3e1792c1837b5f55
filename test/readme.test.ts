import { readFileSync } from 'node:fs';
import { transform } from 'esbuild';
import { expect, test, vi } from 'vitest';
import * as webpf from '../src/index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const blocks = [...readme.matchAll(/```(js|ts)\n([\s\S]*?)```/g)].map(([, loader = '', code = '']) => ({
  loader: loader as 'js' | 'ts',
  code,
}));

const capture = readFileSync(new URL('../examples/captures/traffic.pcap', import.meta.url));
const packets = Array.from(webpf.openCapture(capture), ({ data }) => data);

type Example = (webpf_: typeof webpf, packet: Uint8Array | undefined, packets: Uint8Array[]) => Promise<void>;
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (
  ...source: string[]
) => Example;

/** The code of a README block as a function: what it imports is all it is given besides packets. */
async function exampleOf(code: string, loader: 'js' | 'ts'): Promise<Example> {
  const body = code.replace(/^import (\{.*\}) from 'webpf';$/m, 'const $1 = webpf;');
  const wrapped = `async function example() {${body}}`;
  const { code: lowered } = await transform(wrapped, {
    loader,
    target: 'node20',
    supported: { using: false },
  });
  return new AsyncFunction('webpf', 'packet', 'packets', `${lowered}\nawait example();`);
}

test('the README has examples', () => {
  expect(blocks.length).toBeGreaterThanOrEqual(2);
});

test.each(blocks)('example $# of the README runs', async ({ code, loader }) => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const example = await exampleOf(code, loader);
  await example(webpf, packets[0], packets);
  expect(log).toHaveBeenCalled();
  log.mockRestore();
});
