import { WebpfError } from '../errors.ts';

/** One packet of a capture file. */
export interface CapturedPacket {
  /** The captured bytes: a view into the file's own bytes, not a copy. */
  readonly data: Uint8Array;
  /** Nanoseconds since the epoch; 0n where the file carries no time (pcapng simple packet blocks). */
  readonly timestampNs: bigint;
  /** Bytes the packet had on the wire; more than `data.length` when the capture kept only its beginning. */
  readonly originalLength: number;
  /** Index of the interface, counted through all sections of the file; 0 in pcap. */
  readonly interface: number;
  /** LINKTYPE_* number of the interface (https://www.tcpdump.org/linktypes.html); 1 is Ethernet. */
  readonly linkType: number;
}

export type CaptureFormat = 'pcap' | 'pcapng';

/** A stretch of a capture file that is in memory. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Offset of the first byte in the file. */
  readonly start: number;
  /** Name of the file, for messages. */
  readonly name: string;
}

/** What stands at a place of the file: so many bytes, and the packet they hold, if they hold one. */
export interface RecordStep {
  /** Bytes of the record. More than the chunk holds: nothing was read, come back with that many. */
  readonly size: number;
  readonly packet?: CapturedPacket;
}

/** Reads the records of one file, in order. */
export interface RecordReader {
  readonly format: CaptureFormat;
  /** Reads the record at index `at` of `chunk`. Throws WebpfError('bad-capture') where the format is broken. */
  next(chunk: Chunk, at: number): RecordStep;
}

/** No record may claim more than this (a jumbogram is 64 KiB; USB and D-Bus captures reach 128 MiB). */
export const MAX_RECORD = 256 * 1024 * 1024;

/** A chunk over the same memory. A plain view of it: those of Node's Buffer take three times as long to cut. */
export const chunkOf = (
  { buffer, byteOffset, byteLength }: Uint8Array,
  start: number,
  name: string,
): Chunk => ({
  bytes: new Uint8Array(buffer, byteOffset, byteLength),
  view: new DataView(buffer, byteOffset, byteLength),
  start,
  name,
});

/** The error for a file broken at index `at` of a chunk. */
export const damaged = (chunk: Chunk, at: number, what: string): WebpfError =>
  new WebpfError('bad-capture', `${chunk.name}: at byte ${chunk.start + at}: ${what}`, {
    stage: 'capture',
    subject: chunk.name,
  });
