import { expect, test } from 'vitest';
import { alu, mov, r } from '../interp/insns.ts';
import { executeTranslated } from './harness.ts';

test('smoke', async () => {
  const out = await executeTranslated({ insns: [mov(0, 3), alu('add', 0, 4), { kind: 'exit' }] });
  expect(out).toMatchObject({ r0: 7n, trap: undefined });
});
