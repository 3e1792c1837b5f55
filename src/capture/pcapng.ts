/** The pcapng format (draft-ietf-opsawg-pcapng): sections of blocks. */
import { type CaptureInterface, parseInterface } from './interface-block.ts';
import { type Chunk, damaged, MAX_RECORD, type RecordReader, type RecordStep } from './packet.ts';

export const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Type and length before, length again after the body. */
const BLOCK_OVERHEAD = 12;
const SECTION_HEADER_SIZE = 28;
/** Far above what one machine has; keeps an endless stream of descriptions from filling memory. */
const MAX_INTERFACES = 65_536;

/** A block that is whole in memory. */
interface Block {
  readonly chunk: Chunk;
  readonly type: number;
  /** Index of its first byte, and of the first byte of its body. */
  readonly at: number;
  readonly body: number;
  /** Index behind the body. */
  readonly end: number;
  readonly size: number;
}

/** Where a packet block keeps what it says of the packet. */
interface PacketFields {
  readonly index: number;
  readonly high: number;
  readonly low: number;
  readonly captured: number;
  readonly original: number;
  /** Index of the first byte of the packet. */
  readonly start: number;
}

export class PcapngReader implements RecordReader {
  readonly format = 'pcapng';
  #little = true;
  /** Interfaces of this section, and how many the earlier sections had. */
  #interfaces: CaptureInterface[] = [];
  #earlier = 0;

  next(chunk: Chunk, at: number): RecordStep {
    const available = chunk.bytes.length - at;
    if (available < BLOCK_OVERHEAD) return { size: BLOCK_OVERHEAD };
    // The type of a section header reads the same in both byte orders.
    const type = chunk.view.getUint32(at, this.#little);
    if (type === SECTION_HEADER) this.#little = readByteOrder(chunk, at);
    const size = this.#blockSize(chunk, at, type);
    if (available < size) return { size };
    return this.#readBlock(this.#frame(chunk, at, type, size));
  }

  #blockSize(chunk: Chunk, at: number, type: number): number {
    const length = chunk.view.getUint32(at + 4, this.#little);
    const least = type === SECTION_HEADER ? SECTION_HEADER_SIZE : BLOCK_OVERHEAD;
    if (length < least) {
      throw damaged(
        chunk,
        at + 4,
        `a block of type ${hex(type)} of ${length} bytes; it takes at least ${least}`,
      );
    }
    if (length % 4 !== 0) throw damaged(chunk, at + 4, `a block of ${length} bytes, not a multiple of 4`);
    if (length > MAX_RECORD) {
      throw damaged(chunk, at + 4, `a block claims ${length} bytes, more than the limit of ${MAX_RECORD}`);
    }
    return length;
  }

  #frame(chunk: Chunk, at: number, type: number, size: number): Block {
    const end = at + size - 4;
    const trailer = chunk.view.getUint32(end, this.#little);
    if (trailer !== size) {
      throw damaged(chunk, end, `a block of ${size} bytes ends with the length ${trailer}; both must agree`);
    }
    return { chunk, type, at, body: at + 8, end, size };
  }

  #readBlock(block: Block): RecordStep {
    switch (block.type) {
      case SECTION_HEADER:
        return this.#beginSection(block);
      case INTERFACE_DESCRIPTION:
        return this.#addInterface(block);
      case ENHANCED_PACKET:
        return this.#packet(block, this.#enhanced(block));
      case SIMPLE_PACKET:
        return this.#packet(block, this.#simple(block));
      case OBSOLETE_PACKET:
        return this.#packet(block, this.#obsolete(block));
      default:
        return { size: block.size };
    }
  }

  #beginSection({ chunk, body, size }: Block): RecordStep {
    const major = chunk.view.getUint16(body + 4, this.#little);
    const minor = chunk.view.getUint16(body + 6, this.#little);
    // Minor 2 was written by some tools and means the same as 0.
    if (major !== 1 || (minor !== 0 && minor !== 2)) {
      throw damaged(chunk, body + 4, `pcapng version ${major}.${minor}, where 1.0 is known`);
    }
    this.#earlier += this.#interfaces.length;
    this.#interfaces = [];
    return { size };
  }

  #addInterface({ chunk, at, body, end, size }: Block): RecordStep {
    if (this.#earlier + this.#interfaces.length >= MAX_INTERFACES) {
      throw damaged(chunk, at, `more than ${MAX_INTERFACES} interfaces`);
    }
    this.#interfaces.push(parseInterface(chunk, body, end, this.#little));
    return { size };
  }

  #u32(chunk: Chunk, at: number): number {
    return chunk.view.getUint32(at, this.#little);
  }

  #enhanced(block: Block): PacketFields {
    const { chunk, body } = block;
    needBody(block, 20);
    return { index: this.#u32(chunk, body), ...this.#timed(chunk, body) };
  }

  #obsolete(block: Block): PacketFields {
    const { chunk, body } = block;
    needBody(block, 20);
    return { index: chunk.view.getUint16(body, this.#little), ...this.#timed(chunk, body) };
  }

  #timed(chunk: Chunk, body: number): Omit<PacketFields, 'index'> {
    return {
      high: this.#u32(chunk, body + 4),
      low: this.#u32(chunk, body + 8),
      captured: this.#u32(chunk, body + 12),
      original: this.#u32(chunk, body + 16),
      start: body + 20,
    };
  }

  /** A simple packet block states one length only: the captured one follows from the snap length. */
  #simple(block: Block): PacketFields {
    needBody(block, 4);
    const original = this.#u32(block.chunk, block.body);
    const snap = this.#interfaces[0]?.snapLength || MAX_RECORD;
    return { index: 0, high: 0, low: 0, captured: Math.min(original, snap), original, start: block.body + 4 };
  }

  #packet(block: Block, fields: PacketFields): RecordStep {
    const { chunk, at, end, size } = block;
    const { index, start, captured } = fields;
    const source = this.#interfaces[index];
    if (!source) {
      const known = this.#interfaces.length;
      throw damaged(chunk, at, `a packet of interface ${index}; the section has described ${known}`);
    }
    if (captured > end - start) {
      throw damaged(chunk, at, `a packet of ${captured} bytes in a block with room for ${end - start}`);
    }
    const timed = block.type !== SIMPLE_PACKET;
    return {
      size,
      packet: {
        data: chunk.bytes.subarray(start, start + captured),
        timestampNs: timed ? source.clock(fields.high, fields.low) : 0n,
        originalLength: fields.original,
        interface: this.#earlier + index,
        linkType: source.linkType,
      },
    };
  }
}

function readByteOrder(chunk: Chunk, at: number): boolean {
  if (chunk.view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC) return true;
  if (chunk.view.getUint32(at + 8, false) === BYTE_ORDER_MAGIC) return false;
  throw damaged(chunk, at + 8, `the section header lacks the byte-order magic ${hex(BYTE_ORDER_MAGIC)}`);
}

function needBody({ chunk, at, body, end }: Block, bytes: number): void {
  if (end - body < bytes) {
    throw damaged(chunk, at, `a packet block with a body of ${end - body} bytes; it takes at least ${bytes}`);
  }
}

const hex = (value: number): string => `0x${value.toString(16)}`;
