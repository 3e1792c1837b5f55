import * as layout from '../abi/layout.ts';
import { badArgument, integer } from './argument.ts';
import type { LinearMemory } from './memory.ts';

export interface PacketBufferOptions {
  /** Bytes for packets. */
  readonly bytes: number;
  /** Packets that can be added. Default: one for each 64 bytes. */
  readonly packets?: number;
}

/** Bytes around a packet that helpers may make part of it. */
export interface PacketRoom {
  /** bpf_xdp_adjust_head and _adjust_meta; of an XDP program the first 40 are the driver's. Default 0. */
  readonly before?: number;
  /** bpf_xdp_adjust_tail. Default 0. */
  readonly after?: number;
}

const WORDS = layout.REC_SIZE / 4;
const MAX = 2 ** 31;
const PACKET_BYTES = 64;

/**
 * Memory of an engine's that the host writes packets to, by reading a file or a socket into it: a run over them copies
 * nothing. Programs change packets where they are.
 */
export class PacketBuffer implements Disposable {
  /** Bytes for packets. */
  readonly size: number;
  /** Packets that can be added. */
  readonly capacity: number;
  readonly #memory: LinearMemory;
  /** Batch records as runs begin with them. */
  readonly #added: Int32Array;
  #address: number;
  #count = 0;
  #shortest = MAX;

  constructor(memory: LinearMemory, { bytes, packets }: PacketBufferOptions) {
    this.size = integer('bytes of a packet buffer', bytes, 1, MAX);
    const capacity = packets ?? Math.ceil(bytes / PACKET_BYTES);
    this.capacity = integer('packets of a packet buffer', capacity, 1, MAX / layout.REC_SIZE);
    this.#memory = memory;
    this.#added = new Int32Array(this.capacity * WORDS);
    this.#address = memory.alloc(this.capacity * layout.REC_SIZE + this.size);
  }

  /** Packets added. */
  get count(): number {
    return this.#count;
  }

  /**
   * The bytes. A view of linear memory, which is cut off when that grows: ask for it anew after anything that may have
   * allocated (runs of programs, maps, buffers, `await`), and keep no part of it.
   */
  get bytes(): Uint8Array {
    return this.#view(this.#start, this.size);
  }

  /** Makes `length` bytes from `offset` on a packet. */
  add(offset: number, length: number, { before = 0, after = 0 }: PacketRoom = {}): void {
    this.#assertOpen();
    if (this.#count === this.capacity)
      throw badArgument(`the packet buffer has ${this.capacity} packets already`);
    integer('the offset of a packet', offset, 0, this.size);
    integer('the length of a packet', length, 0, this.size - offset);
    integer('the room before a packet', before, 0, offset);
    integer('the room after a packet', after, 0, this.size - offset - length);
    const data = this.#start + offset;
    const at = this.#count * WORDS;
    this.#added[at + layout.REC_DATA / 4] = data;
    this.#added[at + layout.REC_LEN / 4] = length;
    this.#added[at + layout.REC_HARD_START / 4] = data - before;
    this.#added[at + layout.REC_HARD_END / 4] = data + length + after;
    this.#added[at + layout.REC_META / 4] = data;
    this.#count++;
    if (length < this.#shortest) this.#shortest = length;
  }

  /** A packet as the last run left it: a view, as `bytes` is. */
  packet(index: number): Uint8Array {
    integer('the number of a packet', index, 0, this.#count - 1);
    const { view } = this.#memory;
    const record = this.records + index * layout.REC_SIZE;
    return this.#view(
      view.getUint32(record + layout.REC_DATA, true),
      view.getUint32(record + layout.REC_LEN, true),
    );
  }

  /** Forgets the packets; the bytes stay. */
  clear(): void {
    this.#count = 0;
    this.#shortest = MAX;
  }

  /** Bytes of the shortest packet. */
  get shortest(): number {
    return this.#shortest;
  }

  /** Address of the batch records. */
  get records(): number {
    this.#assertOpen();
    return this.#address;
  }

  isIn(memory: LinearMemory): boolean {
    return memory === this.#memory;
  }

  /** Writes the batch records as packets were added. */
  reset(): void {
    this.#memory.words.set(this.#added.subarray(0, this.#count * WORDS), this.records >>> 2);
  }

  [Symbol.dispose](): void {
    this.#memory.free(this.#address);
    this.#address = 0;
    this.clear();
  }

  get #start(): number {
    return this.records + this.capacity * layout.REC_SIZE;
  }

  #view(address: number, length: number): Uint8Array {
    const { buffer } = this.#memory.bytes;
    return new Uint8Array(buffer, address, length);
  }

  #assertOpen(): void {
    if (this.#address === 0) throw badArgument('this packet buffer has been disposed of: make another');
  }
}
