import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type CaptureBatch,
  type CapturedPacket,
  openCapture,
  readCapture,
  writePcap,
} from '../../src/capture/index.ts';
import { NgBuilder, packetOf } from './build.ts';

const folder = mkdtempSync(join(tmpdir(), 'webpf-capture-'));
afterAll(() => rmSync(folder, { recursive: true }));

const some = Array.from({ length: 10 }, (_, index) => ({
  data: packetOf(index * 3, index),
  timestampNs: BigInt(index),
}));
const pcap = writePcap(some);
const pcapng = new NgBuilder()
  .section()
  .interface(1, 0)
  .enhanced(0, 1n, packetOf(30))
  .simple(7, packetOf(7)).bytes;

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function gather(batches: AsyncIterable<CaptureBatch>): Promise<CapturedPacket[]> {
  const packets: CapturedPacket[] = [];
  for await (const batch of batches) packets.push(...batch.packets);
  return packets;
}

describe('readCapture', () => {
  it('reads the same packets however the file is cut into chunks', async () => {
    for (const bytes of [pcap, pcapng]) {
      const expected = [...openCapture(bytes)];
      for (const size of [1, 2, 3, 16, 25, 100, 10_000]) {
        expect(await gather(readCapture(pieces(bytes, size)))).toEqual(expected);
      }
    }
  });

  it('reads a file in batches that tell how far they reach', async () => {
    const path = join(folder, 'some.pcap');
    writeFileSync(path, pcap);
    const batches: CaptureBatch[] = [];
    for await (const batch of readCapture(path, { batchSize: 4 })) batches.push(batch);
    expect(batches.map(({ packets }) => packets.length)).toEqual([4, 4, 2]);
    expect(batches.map(({ totalBytes }) => totalBytes)).toEqual([pcap.length, pcap.length, pcap.length]);
    const reached = [1, 2, 3].map(
      (batch) => 24 + some.slice(0, batch * 4).reduce((sum, { data }) => sum + 16 + data.length, 0),
    );
    expect(batches.map(({ bytesRead }) => bytesRead)).toEqual(reached);
  });

  it('reads a web stream, and cancels it when the reader leaves', async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(pcap.subarray(0, 24 + 16)),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const { packets } of readCapture(stream)) {
      expect(packets).toHaveLength(1);
      break;
    }
    expect(cancelled).toBe(true);
  });

  it('joins a record of many chunks once', async () => {
    const data = packetOf(4_000_000);
    const [packet] = await gather(
      readCapture(pieces(writePcap([{ data }], { snapLength: data.length }), 1000)),
    );
    expect(packet?.data.length).toBe(data.length);
  });

  it('gives all packets before the damage, then the error', async () => {
    const cut = pcap.subarray(0, -1);
    const batches: number[] = [];
    const reading = (async () => {
      for await (const { packets } of readCapture(pieces(cut, 7), { name: 'cut.pcap' }))
        batches.push(packets.length);
    })();
    await expect(reading).rejects.toThrow(/^cut\.pcap: at byte \d+: the file is cut short/);
    expect(batches.reduce((sum, count) => sum + count, 0)).toBe(9);
  });

  it('hands damage to onDamage and ends', async () => {
    const messages: string[] = [];
    const broken = pcap.slice();
    broken.set([0xff, 0xff, 0xff, 0xff], 24 + 16 + 8);
    const options = { onDamage: (error: Error) => messages.push(error.message) };
    expect(await gather(readCapture(pieces(broken, 50), options))).toHaveLength(1);
    expect(messages).toEqual([expect.stringContaining('at byte 48: the record claims 4294967295 bytes')]);
  });

  it('refuses empty and foreign streams, missing files, directories and wrong options', async () => {
    await expect(gather(readCapture(pieces(new Uint8Array(0), 1)))).rejects.toThrow(
      'a file of 0 bytes is too short',
    );
    await expect(gather(readCapture(pieces(packetOf(3), 1)))).rejects.toThrow(
      'a file of 3 bytes is too short',
    );
    await expect(gather(readCapture(pieces(packetOf(90), 9)))).rejects.toThrow('neither pcap nor pcapng');
    await expect(gather(readCapture(pieces(pcap.subarray(0, 20), 9)))).rejects.toThrow('cut short');
    const onDamage = () => expect.unreachable();
    await expect(gather(readCapture(pieces(pcap.subarray(0, 20), 9), { onDamage }))).rejects.toThrow(
      'cut short',
    );
    await expect(gather(readCapture(join(folder, 'none.pcap')))).rejects.toMatchObject({ code: 'file' });
    await expect(gather(readCapture(folder))).rejects.toMatchObject({ code: 'file' });
    await expect(gather(readCapture(pieces(pcap, 9), { batchSize: 0 }))).rejects.toThrow('batchSize is 0');
  });
});
