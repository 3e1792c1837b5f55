import { WebpfError } from '../errors.ts';
import { readerFor } from './format.ts';
import {
  type CapturedPacket,
  type CaptureFormat,
  type Chunk,
  chunkOf,
  damaged,
  type RecordReader,
} from './packet.ts';

export interface CaptureOptions {
  /**
   * Called with the error when a file turns out broken or cut short behind its header; reading then ends as if
   * the file did. Without it the error is thrown, after all packets before the damage were given out.
   */
  readonly onDamage?: ((error: WebpfError) => void) | undefined;
}

/** A capture in memory. Iterating it again begins at the first packet. */
export interface Capture extends Iterable<CapturedPacket> {
  readonly format: CaptureFormat;
  /** The name given for messages. */
  readonly name: string;
  /** Bytes of the file. */
  readonly size: number;
}

/**
 * Opens a pcap or pcapng file that is in memory: microseconds and nanoseconds, both byte orders.
 *
 * @param name what messages call the file
 * @throws WebpfError 'bad-capture', with the byte offset: at once when the file header is not one of a capture,
 * from the iterator when a later record is (see {@link CaptureOptions.onDamage})
 */
export function openCapture(bytes: Uint8Array, name = 'capture', options: CaptureOptions = {}): Capture {
  const chunk = chunkOf(bytes, 0, name);
  const { format } = openHeader(chunk);
  return {
    format,
    name,
    size: bytes.length,
    [Symbol.iterator]: () => packetsOf(chunk, options),
  };
}

/** Reads the file header, so that a file of another kind is refused before its first packet is asked for. */
function openHeader(chunk: Chunk): RecordReader {
  const reader = readerFor(chunk);
  const { size } = reader.next(chunk, 0);
  if (size > chunk.bytes.length) throw cutShort(chunk, 0, size);
  return reader;
}

function* packetsOf(chunk: Chunk, { onDamage }: CaptureOptions): Generator<CapturedPacket> {
  try {
    yield* records(chunk, readerFor(chunk));
  } catch (error) {
    if (!onDamage || !(error instanceof WebpfError)) throw error;
    onDamage(error);
  }
}

function* records(chunk: Chunk, reader: RecordReader): Generator<CapturedPacket> {
  for (let at = 0; at < chunk.bytes.length; ) {
    const { size, packet } = reader.next(chunk, at);
    if (size > chunk.bytes.length - at) throw cutShort(chunk, at, size);
    if (packet) yield packet;
    at += size;
  }
}

/** The error for a file that ends inside the record at index `at`. */
export function cutShort(chunk: Chunk, at: number, size: number): WebpfError {
  const left = chunk.bytes.length - at;
  return damaged(chunk, at, `the file is cut short: a record takes ${size} bytes and ${left} are left`);
}
