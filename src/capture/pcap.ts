/** The classic pcap format (draft-ietf-opsawg-pcap): a file header, then records. */
import { type Clock, secondsClock } from './clock.ts';
import { type Chunk, damaged, MAX_RECORD, type RecordReader, type RecordStep } from './packet.ts';

export const PCAP_MAGIC_US = 0xa1b2c3d4;
export const PCAP_MAGIC_NS = 0xa1b23c4d;
export const PCAP_FILE_HEADER = 24;
export const PCAP_RECORD_HEADER = 16;

interface FileHeader {
  readonly little: boolean;
  readonly clock: Clock;
  readonly linkType: number;
  /** Version 2.x; before 2.4 the two lengths of a record may stand the other way round. */
  readonly minor: number;
}

interface Lengths {
  readonly captured: number;
  readonly original: number;
}

export class PcapReader implements RecordReader {
  readonly format = 'pcap';
  readonly #little: boolean;
  #header: FileHeader | undefined;

  constructor(little: boolean) {
    this.#little = little;
  }

  next(chunk: Chunk, at: number): RecordStep {
    if (this.#header) return readRecord(this.#header, chunk, at);
    if (chunk.bytes.length - at < PCAP_FILE_HEADER) return { size: PCAP_FILE_HEADER };
    this.#header = readFileHeader(chunk, at, this.#little);
    return { size: PCAP_FILE_HEADER };
  }
}

function readFileHeader(chunk: Chunk, at: number, little: boolean): FileHeader {
  const { view } = chunk;
  const major = view.getUint16(at + 4, little);
  const minor = view.getUint16(at + 6, little);
  if (major !== 2 || minor > 4) {
    throw damaged(chunk, at + 4, `pcap version ${major}.${minor}, where 2.0 to 2.4 are known`);
  }
  return {
    little,
    clock: secondsClock(view.getUint32(at, little) === PCAP_MAGIC_NS ? 1n : 1000n),
    // The six high bits say how long the frame check sequence is.
    linkType: view.getUint32(at + 20, little) & 0x03ff_ffff,
    minor,
  };
}

function readRecord(header: FileHeader, chunk: Chunk, at: number): RecordStep {
  const { view, bytes } = chunk;
  const available = bytes.length - at;
  if (available < PCAP_RECORD_HEADER) return { size: PCAP_RECORD_HEADER };
  const { captured, original } = readLengths(header, view, at);
  if (captured > MAX_RECORD) {
    throw damaged(chunk, at + 8, `the record claims ${captured} bytes, more than the limit of ${MAX_RECORD}`);
  }
  const size = PCAP_RECORD_HEADER + captured;
  if (available < size) return { size };
  const start = at + PCAP_RECORD_HEADER;
  return {
    size,
    packet: {
      data: bytes.subarray(start, start + captured),
      timestampNs: header.clock(view.getUint32(at, header.little), view.getUint32(at + 4, header.little)),
      originalLength: original,
      interface: 0,
      linkType: header.linkType,
    },
  };
}

function readLengths({ little, minor }: FileHeader, view: DataView, at: number): Lengths {
  const captured = view.getUint32(at + 8, little);
  const original = view.getUint32(at + 12, little);
  // Writers of 2.3 disagreed on the order; libpcap settles it the same way.
  const swapped = minor < 3 || (minor === 3 && captured > original);
  return swapped ? { captured: original, original: captured } : { captured, original };
}
