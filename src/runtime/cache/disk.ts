/**
 * Artifacts as files of a directory, named by the SHA-256 of what they were made from. Files appear whole, by renaming;
 * each ends with a checksum; what is damaged is deleted. The oldest go when there is too much.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Artifact } from '../../jit/artifact.ts';
import { readSealed, seal } from '../artifacts/seal.ts';
import type { Cache } from '../tools.ts';
import { buildStamp } from './stamp.ts';

const MOST_BYTES = 256 * 1024 * 1024;
/** What is left after the oldest have gone, so that not every write has to look for them. */
const SHARE_KEPT = 0.75;
const EXTENSION = '.wasm';
/** Of files that are being written: those that are left of writers that were killed go with the others. */
const UNFINISHED = '.tmp';

interface Kept {
  readonly path: string;
  readonly bytes: number;
  /** When it was used last, ms. */
  readonly time: number;
}

async function keptAt(path: string): Promise<Kept[]> {
  try {
    const { stat } = await import('node:fs/promises');
    const { size, mtimeMs } = await stat(path);
    return [{ path, bytes: size, time: mtimeMs }];
  } catch {
    return []; // another process has deleted it
  }
}

function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

export class DiskCache implements Cache {
  readonly #directory: string;
  readonly #most: number;

  /** @param most bytes that all files together may have */
  constructor(directory: string, most = MOST_BYTES) {
    this.#directory = directory;
    this.#most = most;
  }

  async read(inputs: Uint8Array): Promise<Artifact | undefined> {
    const path = this.#pathOf(inputs);
    const bytes = quietly(() => readFileSync(path));
    if (bytes === undefined) return undefined;
    const artifact = quietly(() => readSealed(new Uint8Array(bytes)));
    const now = new Date();
    quietly(() => (artifact === undefined ? rmSync(path, { force: true }) : utimesSync(path, now, now)));
    return artifact;
  }

  async write(inputs: Uint8Array, artifact: Artifact): Promise<void> {
    const path = this.#pathOf(inputs);
    const { mkdir, rename, rm, writeFile } = await import('node:fs/promises');
    const unfinished = `${path}.${randomUUID()}${UNFINISHED}`;
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await writeFile(unfinished, seal(artifact), { mode: 0o600 });
      await rename(unfinished, path);
      await this.#trim();
    } catch {
      // A full or read-only disk: it will be translated again.
      await rm(unfinished, { force: true }).catch(() => {});
    }
  }

  #pathOf(inputs: Uint8Array): string {
    const name = createHash('sha256').update(buildStamp()).update(inputs).digest('hex');
    return join(this.#directory, `${name}${EXTENSION}`);
  }

  async #trim(): Promise<void> {
    const { readdir, rm } = await import('node:fs/promises');
    const names = await readdir(this.#directory);
    const own = names.filter((name) => /^[0-9a-f]{64}\.wasm/.test(name));
    const files = (await Promise.all(own.map((name) => keptAt(join(this.#directory, name))))).flat();
    let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total <= this.#most) return;
    for (const { path, bytes } of files.sort((a, b) => a.time - b.time)) {
      if (total <= this.#most * SHARE_KEPT) return;
      await rm(path, { force: true });
      total -= bytes;
    }
  }
}
