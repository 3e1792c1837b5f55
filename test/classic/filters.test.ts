import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { open, programFromClassic } from '../../src/index.ts';
import { example } from '../api/build.ts';
import { digestOf, packetsOf, type Selection } from './selections.ts';

const selections = readFileSync(new URL('selections.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Selection);
const packets = await packetsOf(example('captures/traffic-sample.pcapng'));

async function select({ filter }: Selection, engine: 'jit' | 'interp', sandbox: boolean) {
  using object = await open(programFromClassic(filter), { engine, sandbox });
  const program = await object.program();
  expect(program.mode).toBe(sandbox ? 'sandbox' : 'verified');
  return packets.filter(({ data, originalLength }) => program.retval(data, { len: originalLength }) !== 0);
}

describe.each(['jit', 'interp'] as const)('filters of tcpdump in %s', (engine) => {
  it.each(selections)('$expression', async (selection) => {
    const found = await select(selection, engine, engine === 'interp');
    expect([found.length, digestOf(found)]).toEqual([selection.packets, selection.digest]);
  });
});

it('selections are of a hundred expressions and more, few of them empty', () => {
  expect(selections.length).toBeGreaterThan(100);
  expect(selections.filter((one) => one.packets > 0).length).toBeGreaterThan(selections.length / 3);
});
