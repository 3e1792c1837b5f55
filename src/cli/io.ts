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

/** The reader of a pipe may leave early (`webpf disasm x.o | head`): what is left is then dropped quietly. */
function outputOf(stream: NodeJS.WriteStream): Output {
  let closed = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    closed = true;
  });
  return {
    write: (chunk) => {
      if (!closed) stream.write(chunk);
    },
    isTTY: stream.isTTY === true,
    columns: stream.columns ?? DEFAULT_COLUMNS,
  };
}

/** The streams of this process. */
export const processIo = (): Io => ({
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  stdin: process.stdin,
  env: process.env,
  progress: process.stderr.isTTY ? process.stderr : undefined,
});
