import { describe, expect, it } from 'vitest';
import { readOptions } from '../../bench/options.ts';

describe('the command line of the suite', () => {
  it('measures everything unless told', () => {
    const { programs, parts, object, rounds } = readOptions([]);
    expect(programs).toEqual(['compute', 'packet', 'calls', 'maps']);
    expect(parts).toEqual([
      'load',
      'size',
      'call',
      'batch',
      'workers',
      'entries',
      'capture',
      'optimizations',
    ]);
    expect(object).toBeUndefined();
    expect(rounds).toBe(5);
  });

  it('takes parts, kinds and names of programs', () => {
    const { programs, parts } = readOptions(['maps', 'fnv1a', 'size']);
    expect([programs, parts]).toEqual([['maps', 'fnv1a'], ['size']]);
  });

  it('takes an object, and then nothing else unless told', () => {
    const options = readOptions(['--object', 'a.o', '--program', 'x', '--data', '0aff']);
    expect([options.programs, options.parts]).toEqual([[], []]);
    expect(options.object).toEqual({ path: 'a.o', program: 'x', data: Buffer.from([10, 255]) });
  });

  it.each([
    [['nothing'], 'there is no part or program "nothing"'],
    [['--data', '00'], 'belong to --object'],
    [['--object', 'a.o', '--data', '0'], '--data takes bytes in hex'],
    [['--rounds', '0'], '--rounds takes a number from 1'],
  ])('refuses %j', (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });
});
