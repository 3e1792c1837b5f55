/** Runs a translated program over two packets, without Node and without a compiler. */
import { load } from '../../dist/load.js';

/** Ethernet, IPv4, UDP from 10.0.0.1. */
function packet(length) {
  const bytes = new Uint8Array(length);
  bytes.set([0x08, 0x00, 0x45, 0, 0, length - 14], 12);
  bytes.set([64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], 22);
  return bytes;
}

const lines = [];
try {
  const object = await load(new URL('flows.wasm', import.meta.url));
  const program = await object.program();
  for (const length of [60, 120]) lines.push(`${length} bytes: ${program.run(packet(length)).verdict}`);
  for (const [key, host] of object.map('hosts'))
    lines.push(`${JSON.stringify(key)}: ${host.sent.packets} sent, ${host.sent.bytes} bytes`);
  lines.push(`ran in tier ${program.tier}`);
} catch (error) {
  lines.push(`failed: ${error.message}`);
}
document.querySelector('#out').textContent = lines.join('\n');
