import { describe, expect, it } from 'vitest';
import { type OpenOptions, open } from '../../src/index.ts';
import { engines } from '../api/build.ts';
import type { ObjectInput } from '../kernel/object.ts';
import { fileOf, keepRecord, kernel, type Noted, noteInKernel, recorded, resultsIn } from './recorded.ts';

const packet: ObjectInput = { kind: 'data', bytes: Uint8Array.from({ length: 64 }, (_, index) => index) };

/** The kernel clears the link-layer header in front of what cgroup programs see. */
const headless: ObjectInput = { kind: 'data', bytes: packet.bytes.map((byte, at) => (at < 14 ? 0 : byte)) };
const nothing: ObjectInput = { kind: 'ctx', bytes: new Uint8Array(8) };

const CASES: readonly (readonly [object: string, program: string, input: ObjectInput])[] = [
  ['dynptr', 'of_memory', packet],
  ['dynptr', 'of_nothing', packet],
  ['dynptr', 'of_rings', packet],
  ['dynptr', 'of_skb', packet],
  ['dynptr', 'of_read_only', headless],
  ['dynptr', 'of_xdp', packet],
  ['strings', 'compared', nothing],
  ['strings', 'found', nothing],
  ['strings', 'too_long', nothing],
  ['bits', 'bits', nothing],
  ['bits', 'left_early', nothing],
  ['timers', 'codes', packet],
  ['cpumask', 'masks', nothing],
  ['control', 'thrown', packet],
  ['control', 'counted', packet],
  ['control', 'printed', packet],
];

async function noteHere(
  object: string,
  name: string,
  input: ObjectInput,
  options: OpenOptions,
): Promise<Noted> {
  using opened = await open(fileOf(object), { ...options, cpus: 2 });
  const program = await opened.program(name);
  const { r0, data } = program.run(input.bytes);
  const bss = opened.map('.bss').raw.lookup(new Uint8Array(4));
  if (bss === undefined) throw new Error('no .bss');
  return {
    retval: Number(BigInt.asUintN(32, r0)),
    data: input.kind === 'ctx' ? '' : Buffer.from(data).toString('hex'),
    results: resultsIn(opened.file, bss),
  };
}

describe.each(CASES)('%s: %s', (object, program, input) => {
  const name = `${object}.${program}`;

  it.skipIf(typeof kernel === 'string')('is what the kernel makes of it', () => {
    const noted = noteInKernel(object, program, input);
    if (process.env['WEBPF_RECORD'] === '1') keepRecord(name, noted);
    expect(noted).toEqual(recorded()[name]);
  });

  it.each(engines)('in %s', async (engine) => {
    expect(await noteHere(object, program, input, { engine })).toEqual(recorded()[name]);
  });

  it('in the sandbox', async () => {
    if (object === 'cpumask') {
      const refused = noteHere(object, program, input, { sandbox: true });
      await expect(refused).rejects.toThrow(/which only a verified program may call/);
      return;
    }
    expect(await noteHere(object, program, input, { sandbox: true })).toEqual(recorded()[name]);
  });
});
