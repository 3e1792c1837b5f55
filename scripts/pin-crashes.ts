/**
 * Kills a process at random moments while it writes pins; each time the next one must find the last complete state.
 *
 *   npm run pin-crashes -- [--count N]     100 unless told
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { crash } from '../test/bpf/crash.ts';

const { values } = parseArgs({ options: { count: { type: 'string', default: '100' } } });
const count = Number(values.count);
const pins = mkdtempSync(join(tmpdir(), 'webpf-crashes-'));
let state = 0n;
for (let done = 0; done < count; done++) {
  state = await crash(pins, Math.random() * 40);
  if (process.stderr.isTTY) process.stderr.write(`\r${done + 1} of ${count}`);
}
rmSync(pins, { recursive: true });
console.log(`${count} processes killed, state ${state} found; each time the last complete one`);
