/** Checks the checksums of Ethernet frames from scratch, so that incremental fixes have something to answer to. */

const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;

function sum(bytes: Uint8Array, start = 0): number {
  let total = start;
  for (let i = 0; i < bytes.length; i++) total += (bytes[i] ?? 0) << (i % 2 === 0 ? 8 : 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

/** Undefined for a frame that is not a whole untagged IPv4 packet. */
export function ipv4Of(frame: Uint8Array): { header: Uint8Array; payload: Uint8Array } | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  if (frame.length < 34 || view.getUint16(12) !== 0x0800) return undefined;
  const size = (view.getUint8(14) & 15) * 4;
  const end = 14 + view.getUint16(16);
  const isFragment = (view.getUint16(20) & 0x3fff) !== 0;
  if (end > frame.length || isFragment) return undefined;
  return { header: frame.subarray(14, 14 + size), payload: frame.subarray(14 + size, end) };
}

/** What is wrong with a frame's IPv4, TCP or UDP checksum; '' when they hold or do not apply. */
export function checksumError(frame: Uint8Array): string {
  const packet = ipv4Of(frame);
  if (!packet) return '';
  const { header, payload } = packet;
  if (sum(header) !== 0xffff) return 'IPv4 header checksum';
  const protocol = header[9] ?? 0;
  if (protocol !== PROTOCOL_TCP && protocol !== PROTOCOL_UDP) return '';
  if (protocol === PROTOCOL_UDP && payload[6] === 0 && payload[7] === 0) return '';
  const pseudo = sum(header.subarray(12, 20), protocol + payload.length);
  return sum(payload, pseudo) === 0xffff ? '' : `transport checksum (protocol ${protocol})`;
}
