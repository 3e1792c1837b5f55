import * as layout from '../abi/layout.ts';
import type { ContextKind } from './context.ts';
import type { LinearMemory } from './memory.ts';

/** XDP_PACKET_HEADROOM: what adjust_head and adjust_meta can use in front of a packet. */
const HEADROOM = 256;
/** One page less headroom's page share of skb_shared_info, as a network driver lays out a frame. */
const FRAME_ROOM = 4096 - 320;
/** Events laid out at a time: their packets stay in the second-level cache. */
export const BATCH_EVENTS = 64;
const ALIGN = 16;

const alignUp = (value: number): number => (value + ALIGN - 1) & ~(ALIGN - 1);

/** The memory in which events wait for a run: batch records, then packets with room around them. */
export class Arena {
  readonly #memory: LinearMemory;
  #base = 0;
  #size = 0;
  /** Where the next packet goes. */
  #next = 0;
  #count = 0;
  /** Bytes of each packet that the program does not see: a pulled link-layer header. */
  pulled = 0;

  constructor(memory: LinearMemory) {
    this.#memory = memory;
    this.#reserve(FRAME_ROOM * BATCH_EVENTS);
  }

  /** Address of the first batch record. */
  get records(): number {
    return this.#base;
  }

  get count(): number {
    return this.#count;
  }

  clear(): void {
    this.#count = 0;
    this.#next = this.#base + BATCH_EVENTS * layout.REC_SIZE;
  }

  /** Lays an event out; false when there is no room left in this batch (never for the first event). */
  add(kind: ContextKind, packet: Uint8Array): boolean {
    const need = alignUp(Math.max(HEADROOM + packet.length, FRAME_ROOM));
    if (this.#count === 0 && need > this.#size) this.#reserve(need);
    if (this.#count === BATCH_EVENTS || this.#next + need > this.#base + this.#end()) return false;
    this.#place(kind, packet);
    this.#next += kind === 'memory' ? alignUp(Math.max(packet.length, 1)) : need;
    this.#count++;
    return true;
  }

  /** Lays out the only event of a run. */
  one(kind: ContextKind, packet: Uint8Array): void {
    this.clear();
    if (HEADROOM + packet.length > this.#size) this.#reserve(alignUp(HEADROOM + packet.length));
    this.#place(kind, packet);
    this.#count = 1;
  }

  /** Lets every other record of the batch point at the first one's packet. */
  repeatFirst(): void {
    const { bytes } = this.#memory;
    for (let i = 1; i < BATCH_EVENTS; i++) {
      bytes.copyWithin(this.record(i), this.#base, this.#base + layout.REC_SIZE);
    }
  }

  record(index: number): number {
    return this.#base + index * layout.REC_SIZE;
  }

  dispose(): void {
    this.#memory.free(this.#base);
    this.#base = 0;
    this.#size = 0;
  }

  #end(): number {
    return BATCH_EVENTS * layout.REC_SIZE + this.#size;
  }

  #place(kind: ContextKind, packet: Uint8Array): void {
    const data = kind === 'memory' ? this.#next : this.#next + HEADROOM;
    const end = data + packet.length;
    const hardEnd = kind === 'memory' ? end : end > this.#next + FRAME_ROOM ? end : this.#next + FRAME_ROOM;
    const record = this.record(this.#count);
    const pulled = this.pulled < packet.length ? this.pulled : packet.length;
    const { bytes, words } = this.#memory.views;
    bytes.set(packet, data);
    // A packet shorter than the header it should have: what an earlier one left there is not for it to see.
    if (pulled < this.pulled) bytes.fill(0, this.#next, data);
    const at = record >>> 2;
    words[at + layout.REC_DATA / 4] = data + pulled;
    words[at + layout.REC_LEN / 4] = packet.length - pulled;
    words[at + layout.REC_HARD_START / 4] = this.#next;
    words[at + layout.REC_HARD_END / 4] = hardEnd;
    words[at + layout.REC_META / 4] = data + pulled;
    words[at + layout.REC_TRAP / 4] = 0;
  }

  #reserve(size: number): void {
    this.dispose(); // first: there may not be room for both
    this.#base = this.#memory.alloc(BATCH_EVENTS * layout.REC_SIZE + size);
    this.#size = size;
    this.clear();
  }
}
