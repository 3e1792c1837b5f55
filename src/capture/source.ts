import { WebpfError } from '../errors.ts';

/** Where a capture's bytes may come from: a file's path or URL, or a stream of chunks. */
export type CaptureSource = string | URL | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

export interface ByteSource {
  readonly name: string;
  /** Bytes of the whole; undefined when the source does not say. */
  readonly totalBytes: number | undefined;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Bytes asked of a file at once. */
const FILE_CHUNK = 1024 * 1024;

/** @throws WebpfError 'file' when a file cannot be opened, at once or while its chunks are read */
export async function openSource(source: CaptureSource, name: string | undefined): Promise<ByteSource> {
  if (typeof source === 'string' || source instanceof URL) return openFile(source, name);
  const chunks = source instanceof ReadableStream ? readAll(source) : source;
  return { name: name ?? 'capture', totalBytes: undefined, chunks };
}

async function openFile(path: string | URL, name = String(path)): Promise<ByteSource> {
  // Loaded here only, so that browsers can use everything else.
  const { open } = await import('node:fs/promises');
  try {
    const handle = await open(path, 'r');
    const stat = await handle.stat().catch(async (error: unknown) => {
      await handle.close();
      throw error;
    });
    const stream = handle.createReadStream({ highWaterMark: FILE_CHUNK });
    return { name, totalBytes: stat.isFile() ? stat.size : undefined, chunks: named(stream, name) };
  } catch (error) {
    throw unreadable(name, error);
  }
}

async function* named(stream: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (error) {
    throw unreadable(name, error);
  }
}

const unreadable = (name: string, cause: unknown): WebpfError =>
  new WebpfError('file', `cannot read ${name}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    stage: 'capture',
    subject: name,
    cause,
  });

/** Not every browser iterates a ReadableStream by itself. */
async function* readAll(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      ended = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!ended) await reader.cancel();
    reader.releaseLock();
  }
}
