import { expect, it } from 'vitest';
import { open } from '../../src/index.ts';

it('translates without optimisations when told: other code, the same result', async () => {
  const packet = Uint8Array.from({ length: 1500 }, (_, i) => i * 31);
  const results = [];
  for (const optimize of [true, false]) {
    using object = await open('bench/programs/murmur3.bpf.o', { optimize });
    const { wasm } = await object.artifact();
    results.push({ bytes: wasm.length, r0: (await object.program()).run(packet).r0 });
  }
  const [optimised, plain] = results;
  expect(optimised?.r0).toBe(plain?.r0);
  expect(optimised?.bytes).not.toBe(plain?.bytes);
});
