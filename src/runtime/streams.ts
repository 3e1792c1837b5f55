import { ENOSPC } from '../abi/maps.ts';
import { HOST_STREAM } from '../abi/services.ts';
import { concat } from '../concat.ts';
import type { HelperTable } from './helpers.ts';
import type { LinearMemory } from './memory.ts';

/** BPF_STDOUT and BPF_STDERR. */
const NUMBERS = { stdout: 1, stderr: 2 } as const;

/** What a program prints to with bpf_stream_printk. */
export type ProgramStream = keyof typeof NUMBERS;

/** Bytes that nobody has read: BPF_STREAM_MAX_CAPACITY. */
const CAPACITY = 100_000;

/** What programs have printed, until somebody reads it. */
export class Streams {
  /** By descriptor of the program and number of the stream. */
  readonly #written = new Map<string, Uint8Array[]>();

  constructor(helpers: HelperTable, memory: LinearMemory) {
    helpers.serve(HOST_STREAM, ([program, stream, address, length]) =>
      this.#write(`${program} ${stream}`, memory.read(Number(address), Number(length))),
    );
  }

  /** Takes what there is, `size` bytes at most. */
  read(program: number, stream: ProgramStream, size = CAPACITY): Uint8Array {
    const key = `${program} ${NUMBERS[stream]}`;
    const all = concat(this.#written.get(key) ?? []);
    this.#written.set(key, all.length > size ? [all.slice(size)] : []);
    return all.subarray(0, size);
  }

  #write(key: string, bytes: Uint8Array): number {
    const chunks = this.#written.get(key) ?? [];
    this.#written.set(key, chunks);
    if (chunks.reduce((sum, { length }) => sum + length, bytes.length) > CAPACITY) return -ENOSPC;
    chunks.push(bytes);
    return 0;
  }
}
