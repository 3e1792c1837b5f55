import { expect, test } from 'vitest';
import { hunt } from './hunt.ts';
import { listing } from './subject.ts';

test('what the verifier accepts runs without a fault, and as the proof says', async () => {
  const found: string[] = [];
  const { programs, accepted, runs, inJit, findings } = await hunt({
    seed: 1,
    count: 400,
    kernel: false,
    jitEvery: 40,
    onFinding: ({ finding, small }) => found.push(`${finding.kind}: ${finding.message}\n${listing(small)}`),
  });
  expect(found).toEqual([]);
  expect(findings.size).toBe(0);
  // Nearly valid: worth nothing when all of them are, or hardly any.
  expect(accepted / programs).toBeGreaterThan(0.3);
  expect(accepted / programs).toBeLessThan(0.8);
  expect(runs).toBeGreaterThan(accepted * 2);
  expect(inJit).toBeGreaterThan(5);
});
