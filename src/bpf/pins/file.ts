/** One file that holds a state whole: whoever reads it finds the last one that was written completely. */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { WebpfError } from '../../errors.ts';

const MAGIC = 'webpf pins 1\n';
const DIGEST = 32;

const digestOf = (payload: Uint8Array): Buffer => createHash('sha256').update(payload).digest();

function damaged(path: string, why: string): never {
  throw new WebpfError('file', `${path} ${why}: it was changed by something else than webpf`, {
    stage: 'bpf',
    subject: path,
  });
}

function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Replaces the file at `path`: the new one is written beside it, reaches the disk, and takes the name in one step. A
 * process that ends at any moment leaves the old state or the new one.
 */
export function writeState(path: string, state: unknown): void {
  const payload = serialize(state);
  const beside = `${path}.${process.pid}.tmp`;
  const fd = openSync(beside, 'w', 0o600);
  try {
    for (const part of [Buffer.from(MAGIC), digestOf(payload), payload])
      for (let at = 0; at < part.length; ) at += writeSync(fd, part, at);
    fsyncSync(fd);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  renameSync(beside, path);
  syncDirectory(dirname(path));
}

/**
 * @returns undefined when there is no such file
 * @throws WebpfError 'file' for one that is damaged, or no state
 */
export function readState(path: string): unknown {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const start = MAGIC.length + DIGEST;
  if (bytes.subarray(0, MAGIC.length).toString('latin1') !== MAGIC) damaged(path, 'is no state of pins');
  const payload = bytes.subarray(start);
  if (!digestOf(payload).equals(bytes.subarray(MAGIC.length, start))) damaged(path, 'has another checksum');
  return deserialize(payload);
}
