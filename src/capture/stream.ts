import { concat } from '../concat.ts';
import { WebpfError } from '../errors.ts';
import { MAGIC_SIZE, readerFor } from './format.ts';
import { type CaptureOptions, cutShort } from './open.ts';
import { type CapturedPacket, type Chunk, chunkOf, type RecordReader } from './packet.ts';
import { type CaptureSource, openSource } from './source.ts';

export interface ReadCaptureOptions extends CaptureOptions {
  /** What messages call the capture; the path, where there is one, unless told. */
  readonly name?: string | undefined;
  /** Most packets in a batch (default 4096). */
  readonly batchSize?: number | undefined;
}

export interface CaptureBatch {
  /** In the order of the file. Their bytes stay valid for as long as they are referred to. */
  readonly packets: readonly CapturedPacket[];
  /** Bytes of the file up to the end of this batch. */
  readonly bytesRead: number;
  /** Bytes of the whole file; undefined for streams. */
  readonly totalBytes: number | undefined;
}

const DEFAULT_BATCH = 4096;

/**
 * Reads a capture in batches without holding the whole of it in memory: about a mebibyte of the file at a time,
 * or one record where that is longer. Leaving the loop early closes the file.
 *
 * @throws WebpfError 'file' when the source cannot be read, 'bad-capture' when the format is broken, after all
 * packets before the damage (see {@link CaptureOptions.onDamage}); 'bad-argument' for a batch size below 1
 */
export async function* readCapture(
  source: CaptureSource,
  options: ReadCaptureOptions = {},
): AsyncGenerator<CaptureBatch, void, undefined> {
  const batchSize = checkBatchSize(options.batchSize ?? DEFAULT_BATCH);
  const { name, totalBytes, chunks } = await openSource(source, options.name);
  const splitter = new Splitter(name);
  for await (const bytes of chunks) {
    splitter.push(bytes);
    yield* batches(splitter, batchSize, totalBytes);
    if (settle(splitter.error, splitter, options)) return;
  }
  settle(splitter.end(), splitter, options);
}

/** Gives out what the splitter has; a last short batch, too, when an error ends it. */
function* batches(splitter: Splitter, size: number, totalBytes: number | undefined): Generator<CaptureBatch> {
  for (;;) {
    const packets = splitter.take(size);
    if (packets.length === 0) return;
    yield { packets, bytesRead: splitter.position, totalBytes };
  }
}

/** Throws an error of the format, or hands it to the caller: then true. */
function settle(error: WebpfError | undefined, splitter: Splitter, { onDamage }: CaptureOptions): boolean {
  if (!error) return false;
  const isNoCapture = splitter.position === 0;
  if (!onDamage || isNoCapture) throw error;
  onDamage(error);
  return true;
}

/** Cuts a stream of chunks, whose borders fall anywhere, into records. */
class Splitter {
  readonly #name: string;
  #reader: RecordReader | undefined;
  #chunk: Chunk;
  #at = 0;
  /** Chunks not joined yet: joined once, when they hold what is wanted, as a long record spans many. */
  #pending: Uint8Array[] = [];
  #pendingSize = 0;
  #wanted = MAGIC_SIZE;
  error: WebpfError | undefined;

  constructor(name: string) {
    this.#name = name;
    this.#chunk = chunkOf(new Uint8Array(0), 0, name);
  }

  /** Offset in the file of the first byte not given out. */
  get position(): number {
    return this.#chunk.start + this.#at;
  }

  push(bytes: Uint8Array): void {
    this.#pending.push(bytes);
    this.#pendingSize += bytes.length;
    if (this.#left + this.#pendingSize >= this.#wanted) this.#join();
  }

  /** The next packets, at most `most`; none when more bytes are needed or the format is broken. */
  take(most: number): CapturedPacket[] {
    const packets: CapturedPacket[] = [];
    try {
      while (packets.length < most && this.#left >= this.#wanted) this.#step(packets);
    } catch (error) {
      if (!(error instanceof WebpfError)) throw error;
      this.error = error;
      this.#wanted = Number.POSITIVE_INFINITY;
    }
    return packets;
  }

  /** The error, if the stream may not end here. */
  end(): WebpfError | undefined {
    this.#join();
    if (!this.#reader) return this.#headerError();
    return this.#left > 0 ? cutShort(this.#chunk, this.#at, this.#wanted) : undefined;
  }

  get #left(): number {
    return this.#chunk.bytes.length - this.#at;
  }

  #step(packets: CapturedPacket[]): void {
    this.#reader ??= readerFor(this.#chunk);
    const { size, packet } = this.#reader.next(this.#chunk, this.#at);
    this.#wanted = size;
    if (size > this.#left) return;
    if (packet) packets.push(packet);
    this.#at += size;
    this.#wanted = 1;
  }

  #join(): void {
    const rest = this.#chunk.bytes.subarray(this.#at);
    const bytes = joined([rest, ...this.#pending]);
    this.#chunk = chunkOf(bytes, this.position, this.#name);
    this.#at = 0;
    this.#pending = [];
    this.#pendingSize = 0;
  }

  #headerError(): WebpfError {
    try {
      readerFor(this.#chunk);
    } catch (error) {
      if (error instanceof WebpfError) return error;
      throw error;
    }
    return cutShort(this.#chunk, 0, MAGIC_SIZE);
  }
}

/** One array of them all; not a copy, where a single part holds everything. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only, ...others] = parts.filter((part) => part.length > 0);
  return only && others.length === 0 ? only : concat(parts);
}

function checkBatchSize(size: number): number {
  if (Number.isInteger(size) && size >= 1) return size;
  throw new WebpfError('bad-argument', `batchSize is ${size}; it must be a whole number from 1 on`, {
    stage: 'capture',
  });
}
