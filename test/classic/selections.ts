/** What tcpdump selected of a capture: noted by scripts/classic-filters.ts, so that tests need no tcpdump. */
import { createHash } from 'node:crypto';
import { type CapturedPacket, readCapture } from '../../src/index.ts';

export interface Selection {
  readonly expression: string;
  /** As `tcpdump -ddd` printed it, lines joined by commas. */
  readonly filter: string;
  readonly packets: number;
  /** {@link digestOf} of the packets. */
  readonly digest: string;
}

export async function packetsOf(path: string): Promise<CapturedPacket[]> {
  const packets: CapturedPacket[] = [];
  for await (const batch of readCapture(path, { onDamage: () => undefined })) packets.push(...batch.packets);
  return packets;
}

/** Of the packets' times, lengths and bytes, in their order. */
export function digestOf(packets: readonly CapturedPacket[]): string {
  const hash = createHash('sha256');
  for (const { timestampNs, originalLength, data } of packets)
    hash.update(`${timestampNs / 1000n} ${originalLength} ${data.length}\n`).update(data);
  return hash.digest('hex').slice(0, 16);
}
