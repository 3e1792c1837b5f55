/** Scalars as plain data, each value once: most instructions of a program see one of few. */
import { SCALAR_SIZE } from '../../abi/verifier.ts';
import type { Scalar } from '../scalar.ts';
import type { StateMemory } from '../state/memory.ts';

const WORDS = SCALAR_SIZE / 4;

interface Entry {
  readonly words: Uint32Array;
  readonly scalar: Scalar;
}

export class ScalarPool {
  readonly #memory: StateMemory;
  readonly #byHash = new Map<number, Entry[]>();

  constructor(memory: StateMemory) {
    this.#memory = memory;
  }

  /** The scalar at an address of the domain's memory. */
  scalarAt(address: number): Scalar {
    const { u32 } = this.#memory;
    const first = address >> 2;
    let hash = 0;
    for (let i = first; i < first + WORDS; i++) hash = (Math.imul(hash, 31) + (u32[i] as number)) | 0;
    let entries = this.#byHash.get(hash);
    if (entries === undefined) {
      entries = [];
      this.#byHash.set(hash, entries);
    }
    const known = entries.find(({ words }) => words.every((word, i) => word === u32[first + i]));
    if (known !== undefined) return known.scalar;
    const entry = { words: u32.slice(first, first + WORDS), scalar: this.#memory.scalar(address) };
    entries.push(entry);
    return entry.scalar;
  }
}
