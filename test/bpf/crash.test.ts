import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { crash } from './crash.ts';

it('a process that is killed leaves the last complete state (more: npm run pin-crashes)', async () => {
  const pins = await mkdtemp(join(tmpdir(), 'webpf-crash-'));
  let last = 0n;
  for (const delay of [1, 7, 20]) {
    const found = await crash(pins, delay);
    expect(found).toBeGreaterThan(last);
    last = found;
  }
  await rm(pins, { recursive: true });
}, 60_000);
