import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { main } from '../../src/cli/app.ts';
import type { Environment } from '../../src/cli/io.ts';

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Standard output by its bytes. */
  readonly bytes: Uint8Array;
}

class Sink {
  readonly isTTY = false;
  readonly columns = 100;
  readonly #chunks: Buffer[] = [];

  write(chunk: string | Uint8Array): void {
    this.#chunks.push(Buffer.from(chunk as Uint8Array));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}

/** Never the cache of the user who runs the tests. */
const cache = join(tmpdir(), `webpf-cli-cache-${process.pid}`);
afterAll(() => rm(cache, { recursive: true, force: true }));

/** Runs a command line in this process. */
export async function webpf(argv: readonly string[], stdin = '', env: Environment = {}): Promise<Ended> {
  const stdout = new Sink();
  const stderr = new Sink();
  const whole = { WEBPF_CACHE_DIR: cache, ...env };
  const code = await main(argv, { stdout, stderr, stdin: once(stdin), env: whole, progress: undefined });
  return { code, out: stdout.bytes.toString(), err: stderr.bytes.toString(), bytes: stdout.bytes };
}

/** Fields of the objects that commands print, as far as tests look into them. */
export interface Line {
  readonly program?: string;
  readonly engine?: string;
  readonly map?: string;
  readonly reason?: string;
  readonly mode?: string;
  readonly log?: readonly string[];
  readonly bytes?: string | number;
  readonly nsPerRun?: number;
  readonly written?: number;
  readonly traps?: readonly object[];
  readonly verdicts?: { readonly XDP_PASS?: number; readonly XDP_DROP?: number };
}

/** The objects on the lines of `--json`. */
export const jsonLines = (out: string): Line[] =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

export const example = (name: string): string =>
  fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

export const CAPTURE = example('captures/traffic.pcap');

/** A folder for the tests of one file. */
export function scratchFolder(): {
  path(name: string): string;
  write(name: string, content: string | Uint8Array): Promise<string>;
} {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'webpf-cli-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const path = (name: string): string => join(folder, name);
  return {
    path,
    write: async (name, content) => {
      await writeFile(path(name), content);
      return path(name);
    },
  };
}
