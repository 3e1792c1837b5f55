import { expect, it } from 'vitest';
import { Samples } from '../../../src/runtime/tiers/samples.ts';

it('gives back the first events in order', () => {
  const samples = new Samples();
  samples.add(Uint8Array.of(1, 2, 3));
  samples.add(new Uint8Array());
  samples.add(new Uint8Array(70_000)); // longer than there is room
  samples.add(Uint8Array.of(4));
  expect(new Samples(samples.buffer).read()).toEqual([
    Uint8Array.of(1, 2, 3),
    new Uint8Array(),
    Uint8Array.of(4),
  ]);
});

it('takes no more than it needs', () => {
  const samples = new Samples();
  for (let i = 0; i < 100; i++) samples.add(Uint8Array.of(i));
  expect(samples.isFull).toBe(true);
  expect(samples.read()).toHaveLength(32);
});
