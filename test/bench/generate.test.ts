import { expect, it } from 'vitest';
import { GENERATED_PACKET, generate } from '../../bench/generate.ts';
import { open } from '../../src/index.ts';

it.each([20, 100, 1000])('generates a verified program of about %d instructions', async (insns) => {
  const program = generate(insns);
  expect(Math.abs(program.code.length / 8 - insns)).toBeLessThanOrEqual(5);
  const packet = Uint8Array.from({ length: GENERATED_PACKET }, (_, i) => i * 37);
  const results = [];
  for (const engine of ['interp', 'jit'] as const) {
    using object = await open(program, { engine });
    const opened = await object.program();
    expect(opened.mode).toBe('verified');
    results.push(opened.run(packet).r0);
  }
  expect(results[0]).toBe(results[1]);
  expect(results[0]).not.toBe(0n);
});
