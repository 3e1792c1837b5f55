import { writeSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** A stream of the command line: text and bytes go to it in order. */
export interface Output {
  write(chunk: string | Uint8Array): void;
  readonly isTTY: boolean;
  /** Characters a line; 100 where nobody knows. */
  readonly columns: number;
}

/** The variables of the environment that matter here. */
export interface Environment {
  /** Anything but '': no colours (https://no-color.org). */
  readonly NO_COLOR?: string | undefined;
  /** '1': errors with their stack. */
  readonly WEBPF_DEBUG?: string | undefined;
  /** Where translations are kept, in place of the platform's directory for caches. */
  readonly WEBPF_CACHE_DIR?: string | undefined;
  /** Directory of pins of `webpf map` and `webpf prog`. */
  readonly WEBPF_PINS?: string | undefined;
  readonly XDG_CACHE_HOME?: string | undefined;
  readonly LOCALAPPDATA?: string | undefined;
}

/** Everything a command touches beside files, so that tests can run commands in their own process. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly env: Environment;
  /** Where a progress bar is drawn; undefined when nobody would see it. */
  readonly progress: Writable | undefined;
}

const DEFAULT_COLUMNS = 100;
const STDERR = 2;

/** A full disk, mostly. What follows would be lost: scripts must not take what came out for all of it. */
function giveUp({ message }: Error): never {
  writeSync(STDERR, `webpf: cannot write the output: ${message.replace(/, write$/, '')}\n`);
  process.exit(1);
}

/** The reader of a pipe may leave early (`webpf disasm x.o | head`): what is left is then dropped quietly. */
function outputOf(stream: NodeJS.WriteStream): Output {
  let closed = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    closed = true;
    if (error.code !== 'EPIPE') giveUp(error);
  });
  return {
    write: (chunk) => {
      if (!closed) stream.write(chunk);
    },
    isTTY: stream.isTTY === true,
    columns: stream.columns ?? DEFAULT_COLUMNS,
  };
}

/** Standard input by its bytes. */
export async function* stdinBytes(io: Io): AsyncGenerator<Uint8Array> {
  for await (const chunk of io.stdin) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

/** The streams of this process. */
export const processIo = (): Io => ({
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  stdin: process.stdin,
  env: process.env,
  progress: process.stderr.isTTY ? process.stderr : undefined,
});
