import { describe, expect, it } from 'vitest';
import { abi } from '../../src/index.ts';
import { engines, mapSpec, openText } from './build.ts';

const read = 'r1 = map[values][0] ll\nr0 = *(u64 *)(r1 + 0)\nexit';
const write = 'r1 = map[values][0] ll\n*(u64 *)(r1 + 0) = 5\nr0 = 0\nexit';
const values = (flags: number) => [mapSpec('values', abi.MAP_TYPE_ARRAY, { valueSize: 8, flags })];

describe.each(engines)('what programs may do with the values of a map (%s)', (engine) => {
  it.each([
    ['read-only maps', abi.BPF_F_RDONLY_PROG, read, write],
    ['write-only maps', abi.BPF_F_WRONLY_PROG, write, read],
  ])('%s', async (_, flags, allowed, refused) => {
    using may = await openText(allowed, { engine, maps: values(flags) });
    expect((await may.program()).run().r0).toBe(0n);
    using mayNot = await openText(refused, { engine, maps: values(flags) });
    const program = await mayNot.program();
    expect(() => program.run()).toThrow(/outside the memory it was given, or/);
  });
});
