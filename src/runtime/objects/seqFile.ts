import * as layout from '../../abi/layout.ts';
import { integer } from '../argument.ts';
import { outOfMemory } from '../memory.ts';
import { HostObject, type ObjectMemory } from './object.ts';

/** What the kernel gives an iterator: eight pages. */
const ROOM = 32_768;
const MAX_ROOM = 1 << 24;

const utf8 = new TextDecoder();

/**
 * Where programs print with bpf_seq_printf and bpf_seq_write: struct seq_file, with room for a text. Programs get a
 * pointer to `object`.
 */
export class SeqFile implements Disposable {
  readonly object: HostObject;
  /** Bytes that the text may have, and one. */
  readonly room: number;
  readonly #host: ObjectMemory;

  /** @param room bytes. Default: 32768, as in the kernel */
  constructor(host: ObjectMemory, room = ROOM) {
    integer('the room of a seq file', room, 1, MAX_ROOM);
    const { memory, exports } = host;
    const address = exports.objectCreate(layout.OBJ_SEQ, layout.SEQ_HEADER + room, 0) >>> 0;
    if (address === 0) throw outOfMemory(room);
    this.#host = host;
    this.room = room;
    this.object = new HostObject(host, 'seq', address, undefined);
    memory.setU64(address + layout.SEQ_BUF, BigInt(address + layout.SEQ_HEADER));
    memory.setU64(address + layout.SEQ_SIZE, BigInt(room));
  }

  /** Bytes written. */
  get count(): number {
    return Number(this.#host.memory.u64(this.#address + layout.SEQ_COUNT));
  }

  /** Whether something did not fit: the text is not complete then. */
  get overflowed(): boolean {
    return this.count >= this.room;
  }

  /** What has been written: a copy. */
  get bytes(): Uint8Array {
    return this.#host.memory.read(this.#address + layout.SEQ_HEADER, this.count);
  }

  /** The same as text. */
  get text(): string {
    return utf8.decode(this.bytes);
  }

  /** Takes back what was written beyond so many bytes. */
  truncate(count = 0): void {
    integer('the count of bytes to keep', count, 0, this.count);
    this.#host.memory.setU64(this.#address + layout.SEQ_COUNT, BigInt(count));
  }

  [Symbol.dispose](): void {
    this.object[Symbol.dispose]();
  }

  get #address(): number {
    return this.object.addressIn(this.#host.memory);
  }
}
