import { concat } from '../concat.ts';
import { WebpfError } from '../errors.ts';
import { MAX_RECORD } from './packet.ts';
import { PCAP_FILE_HEADER, PCAP_MAGIC_NS, PCAP_MAGIC_US, PCAP_RECORD_HEADER } from './pcap.ts';

/** A packet to be saved. */
export interface PacketToWrite {
  readonly data: Uint8Array;
  /** Nanoseconds since the epoch (default 0n). */
  readonly timestampNs?: bigint | undefined;
  /** Bytes on the wire (default: those of `data`). */
  readonly originalLength?: number | undefined;
}

export interface WritePcapOptions {
  /** LINKTYPE_* (default 1, Ethernet). */
  readonly linkType?: number | undefined;
  /** Longest packet kept, in bytes; longer ones are cut (default 262144). */
  readonly snapLength?: number | undefined;
  /** Unit of the time stamps (default 'ns'). */
  readonly resolution?: 'us' | 'ns' | undefined;
  /** Byte order (default true). */
  readonly littleEndian?: boolean | undefined;
}

const NS_PER_SECOND = 1_000_000_000n;
const MAX_U32 = 0xffff_ffff;

/**
 * Writes a pcap file, version 2.4, in memory.
 *
 * @throws WebpfError 'bad-argument' for a time stamp before 1970 or after 2106, or a length that is no u32
 */
export function writePcap(packets: Iterable<PacketToWrite>, options: WritePcapOptions = {}): Uint8Array {
  const parts = [pcapHeader(options)];
  for (const packet of packets) parts.push(pcapRecord(packet, options));
  return concat(parts);
}

/** The 24 bytes that a pcap file begins with. */
export function pcapHeader(options: WritePcapOptions = {}): Uint8Array {
  const { linkType = 1, resolution = 'ns', littleEndian = true } = options;
  const bytes = new Uint8Array(PCAP_FILE_HEADER);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, resolution === 'ns' ? PCAP_MAGIC_NS : PCAP_MAGIC_US, littleEndian);
  view.setUint16(4, 2, littleEndian);
  view.setUint16(6, 4, littleEndian);
  view.setUint32(16, snapLengthOf(options), littleEndian);
  view.setUint32(20, within('linkType', linkType, 0xffff), littleEndian);
  return bytes;
}

/** One record: the header of 16 bytes and the packet. To be written with the options of the file's header. */
export function pcapRecord(packet: PacketToWrite, options: WritePcapOptions = {}): Uint8Array {
  const { resolution = 'ns', littleEndian = true } = options;
  const { data, timestampNs = 0n, originalLength = data.length } = packet;
  const kept = data.subarray(0, snapLengthOf(options));
  const bytes = new Uint8Array(PCAP_RECORD_HEADER + kept.length);
  const view = new DataView(bytes.buffer);
  const fraction = Number(timestampNs % NS_PER_SECOND);
  const seconds = timestampNs < 0n ? -1 : Number(timestampNs / NS_PER_SECOND);
  view.setUint32(0, within('timestampNs in seconds', seconds, MAX_U32), littleEndian);
  view.setUint32(4, resolution === 'ns' ? fraction : Math.floor(fraction / 1000), littleEndian);
  view.setUint32(8, kept.length, littleEndian);
  view.setUint32(12, within('originalLength', originalLength, MAX_U32), littleEndian);
  bytes.set(kept, PCAP_RECORD_HEADER);
  return bytes;
}

const snapLengthOf = ({ snapLength = 262_144 }: WritePcapOptions): number =>
  within('snapLength', snapLength, MAX_RECORD);

function within(what: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new WebpfError('bad-argument', `${what} is ${value}; it must be a whole number from 0 to ${most}`, {
    stage: 'capture',
  });
}
