import { expect, it } from 'vitest';
import { OPTIMIZATIONS, type Optimize, open } from '../../src/index.ts';

const packet = Uint8Array.from({ length: 1500 }, (_, i) => i * 31);

async function translated(optimize: Optimize) {
  using object = await open('bench/programs/murmur3.bpf.o', { optimize });
  const { wasm } = await object.artifact();
  return { wasm, r0: (await object.program()).run(packet).r0 };
}

it('translates without optimisations when told, all or some: other code, the same result', async () => {
  const whole = await translated(true);
  for (const optimize of [false, { without: ['unroll'] }] as const) {
    const other = await translated(optimize);
    expect(other.r0).toBe(whole.r0);
    expect(other.wasm).not.toEqual(whole.wasm);
  }
  expect((await translated({ without: [] })).wasm).toEqual(whole.wasm);
  expect((await translated({ without: OPTIMIZATIONS })).wasm).toEqual((await translated(false)).wasm);
});
