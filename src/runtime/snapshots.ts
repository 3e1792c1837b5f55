import { equalRanges } from './bytes.ts';
import type { LinearMemory } from './memory.ts';

/** Words of a chunk: 16 KiB, some hundred small packets. */
const CHUNK = 4096;
/** Words from which on a call of `set` or `compare` pays. */
const LONG = 64;

/** Memory that copies are cut from. */
export interface Chunk {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

/** Node alone has buffers that are not zeroed: only what was copied in is ever read. */
const memoryOf = (bytes: number): ArrayBufferLike =>
  typeof Buffer === 'undefined' ? new ArrayBuffer(bytes) : Buffer.allocUnsafeSlow(bytes).buffer;

const chunkOf = (words: number): Chunk => {
  const buffer = memoryOf(words * 4);
  return { words: new Int32Array(buffer), bytes: new Uint8Array(buffer) };
};

/**
 * Copies of what runs leave in memory that the next run uses. An array for each would cost more than a small run: they
 * are cut from chunks, whole words at a time, and become arrays of their own when somebody asks for them.
 */
export class Snapshots {
  readonly #memory: LinearMemory;
  #chunk = chunkOf(CHUNK);
  #next = 0;

  constructor(memory: LinearMemory) {
    this.#memory = memory;
  }

  /** Where the last copy is. */
  get chunk(): Chunk {
    return this.#chunk;
  }

  /** Copies bytes of linear memory; where they begin in the chunk. */
  take(address: number, length: number, words = this.#memory.words): number {
    const first = address >>> 2;
    const count = ((address + length + 3) >>> 2) - first;
    if (this.#next + count > this.#chunk.words.length) this.#renew(count);
    const to = this.#chunk.words;
    const at = this.#next;
    if (count > LONG) to.set(words.subarray(first, first + count), at);
    else for (let i = 0; i < count; i++) to[at + i] = words[first + i] as number;
    this.#next = at + count;
    return at * 4 + (address & 3);
  }

  /** Whether the bytes at `address` are still those that the last copy was made of. */
  holds(start: number, address: number, length: number, words = this.#memory.words): boolean {
    return length <= LONG * 4 && ((start | address) & 3) === 0
      ? this.#holdsWords(words, start >>> 2, address >>> 2, length)
      : equalRanges(this.#memory.bytes, address, this.#chunk.bytes, start, length);
  }

  #holdsWords(words: Int32Array, at: number, first: number, length: number): boolean {
    const copy = this.#chunk.words;
    const whole = length >>> 2;
    for (let i = 0; i < whole; i++) if (words[first + i] !== copy[at + i]) return false;
    const rest = (1 << ((length & 3) * 8)) - 1;
    return (((words[first + whole] ?? 0) ^ (copy[at + whole] ?? 0)) & rest) === 0;
  }

  #renew(count: number): void {
    this.#chunk = chunkOf(Math.max(CHUNK, count));
    this.#next = 0;
  }
}
