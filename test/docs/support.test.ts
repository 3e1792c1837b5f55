import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { supportTable } from '../../scripts/support/table.ts';

it('docs/support.md is what the code says (else: npm run support)', async () => {
  const written = readFileSync(new URL('../../docs/support.md', import.meta.url), 'utf8');
  expect(written).toBe(await supportTable());
});
