import * as layout from '../../abi/layout.ts';
import { badArgument } from '../argument.ts';
import type { LinearMemory } from '../memory.ts';
import {
  blockOf,
  checkPointers,
  type EventBlock,
  type EventPointer,
  isObject,
  type ProgramEvent,
} from './event.ts';

const ALIGN = 16;
const alignUp = (value: number): number => (value + ALIGN - 1) & ~(ALIGN - 1);

/** Blocks may lead to blocks, as argv does; not for ever. */
const MAX_DEPTH = 16;

/** A block that has its place. */
interface Piece {
  readonly block: EventBlock;
  readonly address: number;
  readonly access: number;
}

function refuseDepth(): never {
  throw badArgument(`the memory of an event nests over ${MAX_DEPTH} deep, or leads to itself`);
}

/** Bytes that blocks take with all they lead to, and their number. */
function measure(pointers: readonly EventPointer[], depth = 0): { bytes: number; count: number } {
  if (depth > MAX_DEPTH) refuseDepth();
  let [bytes, count] = [0, 0];
  for (const pointer of pointers) {
    const block = blockOf(pointer);
    if (block === undefined) continue;
    const inner = measure(block.pointers ?? [], depth + 1);
    bytes += alignUp(block.bytes.length) + inner.bytes;
    count += 1 + inner.count;
  }
  return { bytes, count };
}

/**
 * The memory that the event of a run brings along. One run's at a time: what is there is overwritten by the next event
 * that brings memory.
 */
export class EventMemory {
  readonly #memory: LinearMemory;
  readonly #run: number;
  #base = 0;
  #size = 0;
  #next = 0;
  #pieces: Piece[] = [];
  /** Where the memory is that the event's own pointers lead to. */
  #pointed: { readonly address: number; readonly length: number }[] = [];

  /** @param run address of the run state */
  constructor(memory: LinearMemory, run: number) {
    this.#memory = memory;
    this.#run = run;
  }

  /** From here on no memory of an event is the program's. */
  clear(): void {
    if (this.#pieces.length === 0) return;
    this.#pieces = [];
    this.#memory.setU32(this.#run + layout.RUN_EVENT_NREGIONS, 0);
  }

  /**
   * Places what the event's pointers lead to, and writes them into the context structure at `context`.
   * @throws WebpfError 'bad-argument' for pointers outside of their structure
   */
  place({ pointers = [] }: ProgramEvent, context: number, size: number): void {
    this.clear();
    const { bytes, count } = measure(pointers);
    this.#reserve(bytes + count * layout.REGION_SIZE);
    this.#next = this.#base;
    this.#pointed = this.#link(pointers, context, size);
    this.#grant();
  }

  /** Copies of what the event's own pointers lead to. */
  pointed(): Uint8Array[] {
    return this.#pointed.map(({ address, length }) => this.#memory.read(address, length));
  }

  dispose(): void {
    this.#memory.free(this.#base);
    this.#base = 0;
    this.#size = 0;
  }

  #link(pointers: readonly EventPointer[], at: number, size: number) {
    checkPointers(pointers, size);
    return pointers.map((pointer) => {
      const { address, length } = this.#target(pointer);
      const { offset, end, width = 8 } = pointer;
      this.#write(at + offset, width, address);
      if (end !== undefined) this.#write(at + end, width, address + length);
      return { address, length };
    });
  }

  #target(pointer: EventPointer): { address: number; length: number } {
    const { to, readOnly = false } = pointer;
    if (isObject(to)) return { address: to.addressIn(this.#memory), length: to.size };
    const block = blockOf(pointer);
    if (block === undefined)
      throw badArgument('a pointer of an event must lead to bytes or to an object of the engine');
    const address = this.#next;
    const length = block.bytes.length;
    this.#next += alignUp(length);
    this.#memory.write(address, block.bytes);
    const access = readOnly ? layout.REGION_READ : layout.REGION_READ | layout.REGION_WRITE;
    this.#pieces.push({ block, address, access });
    this.#link(block.pointers ?? [], address, length);
    return { address, length };
  }

  #write(address: number, width: 4 | 8, value: number): void {
    if (width === 4) this.#memory.setU32(address, value);
    else this.#memory.setU64(address, BigInt(value));
  }

  /** Lets sandboxed programs, and helpers that read what they may not own, reach the pieces. */
  #grant(): void {
    const memory = this.#memory;
    this.#pieces.forEach(({ address, access, block }, i) => {
      const at = this.#next + i * layout.REGION_SIZE;
      memory.setU32(at + layout.REGION_START, address);
      memory.setU32(at + layout.REGION_END, address + block.bytes.length);
      memory.setU32(at + layout.REGION_ACCESS, access);
    });
    memory.setU32(this.#run + layout.RUN_EVENT_REGIONS, this.#next);
    memory.setU32(this.#run + layout.RUN_EVENT_NREGIONS, this.#pieces.length);
  }

  #reserve(size: number): void {
    if (size <= this.#size) return;
    this.dispose();
    this.#base = this.#memory.alloc(size);
    this.#size = size;
  }
}

/** Puts back what the event had where its pointers were: addresses say nothing to anybody outside. */
export function restorePointers(
  memory: LinearMemory,
  context: number,
  { data, pointers = [] }: ProgramEvent,
): void {
  for (const { offset, end, width = 8 } of pointers) {
    for (const at of [offset, end ?? offset]) memory.write(context + at, data.subarray(at, at + width));
  }
}
