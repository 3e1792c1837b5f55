import { closeSync, openSync, writeSync } from 'node:fs';
import {
  type BatchResult,
  type CapturedPacket,
  type Program,
  pcapHeader,
  pcapRecord,
  verdictName,
} from '../../index.ts';
import { writing } from '../input.ts';

/** Verdicts after which a packet is gone. */
const dropped: ReadonlySet<string> = new Set([
  'XDP_ABORTED',
  'XDP_DROP',
  'TC_ACT_SHOT',
  'TC_ACT_STOLEN',
  'TC_ACT_TRAP',
  'drop',
  'deny',
]);

/** Writes the packets that are not dropped to a pcap file, as the program left them. */
export class PacketWriter {
  readonly #path: string;
  readonly #program: Program;
  #file: number | undefined;
  written = 0;

  constructor(path: string, program: Program) {
    this.#path = path;
    this.#program = program;
  }

  /** The link type of the first batch is the file's. */
  async add(packets: readonly CapturedPacket[], result: BatchResult): Promise<void> {
    const trapped = new Set(result.traps.map(({ index }) => index));
    const records = packets.flatMap((packet, index) => {
      const data = result.packets?.[index];
      if (!data || trapped.has(index) || this.#isDropped(result.results[index] ?? 0n)) return [];
      return [
        pcapRecord({ data: this.#kept(data, result.results[index] ?? 0n), timestampNs: packet.timestampNs }),
      ];
    });
    this.written += records.length;
    const file = await this.#open(packets[0]?.linkType);
    await writing(this.#path, () => writeSync(file, Buffer.concat(records)));
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  async #open(linkType = 1): Promise<number> {
    this.#file ??= await writing(this.#path, () => {
      const file = openSync(this.#path, 'w');
      writeSync(file, pcapHeader({ linkType }));
      return file;
    });
    return this.#file;
  }

  #isDropped(r0: bigint): boolean {
    return dropped.has(verdictName(this.#program.type, r0));
  }

  /** A socket filter says how many bytes its socket sees. */
  #kept(data: Uint8Array, r0: bigint): Uint8Array {
    return this.#program.type === 'socket_filter' ? data.subarray(0, Number(r0 & 0xffffffffn)) : data;
  }
}
