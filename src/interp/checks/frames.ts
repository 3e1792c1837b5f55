/** The stack: which slots of which function are touched, and by whom. */
import * as layout from '../../abi/layout.ts';
import type { StackFact } from '../../verifier/proof.ts';
import type { Paused } from './paused.ts';
import { Disproof, hex } from './violation.ts';

const SLOT = 8;
/** No offset seen yet. */
const NEVER = 1;

export class Frames {
  readonly #paused: Paused;
  readonly #facts: ReadonlyMap<number, StackFact>;
  readonly #escaping: ReadonlyMap<number, ReadonlySet<number>>;
  /** First slot of the function in each frame; of other programs' functions -1. */
  readonly #functions: number[] = [];
  /** By instruction: offset from r10 of its access, where it was in its own frame. */
  readonly #offsets: Int32Array;

  constructor(paused: Paused, stacks: readonly StackFact[], slots: number) {
    this.#paused = paused;
    this.#facts = new Map(stacks.map((fact) => [fact.start, fact]));
    this.#escaping = new Map(stacks.map(({ start, escaping }) => [start, new Set(escaping)]));
    this.#offsets = new Int32Array(slots).fill(NEVER);
  }

  enter(depth: number, start: number): void {
    this.#functions[depth] = start;
  }

  /** A load or store of the instruction in `slot`. */
  access(slot: number, address: bigint, size: number): void {
    const frame = this.#frameOf(address);
    if (frame === undefined) return;
    const offset = this.#offset(frame, address);
    if (frame === this.#paused.depth) this.#own(slot, offset, size);
    else this.#foreign(frame, offset, size, 'an access through another frame');
  }

  #own(slot: number, offset: number, size: number): void {
    const frame = this.#paused.depth;
    const before = this.#offsets[slot];
    this.#offsets[slot] = offset;
    if (before !== undefined && before !== NEVER && before !== offset) {
      this.#foreign(frame, offset, size, `an access that was at r10${before} before`);
      this.#foreign(frame, before, size, `an access that is at r10${offset} now`);
    }
    this.#deepEnough(frame, offset);
  }

  /** Memory handed to a helper. */
  handOver(register: number, address: bigint, size: number): void {
    const frame = this.#frameOf(address);
    if (frame === undefined || size === 0) return;
    const offset = this.#offset(frame, address);
    this.#foreign(frame, offset, size, `a helper that is given r${register}`);
    this.#deepEnough(frame, offset);
  }

  /** At this offset from r10 on every path. */
  at(expected: number, address: bigint): void {
    const offset = Number(address - BigInt(this.#topOf(this.#paused.depth)));
    if (offset === expected) return;
    throw new Disproof('stackOffset', `the access is at r10${offset}, not r10${expected}`, address);
  }

  #topOf(frame: number): number {
    return this.#paused.stackTop - frame * layout.FRAME_SIZE;
  }

  /** The frame an address lies in, main 0; undefined outside the stack. */
  #frameOf(address: bigint): number | undefined {
    const down = BigInt(this.#paused.stackTop) - address;
    if (down <= 0n || down > BigInt(layout.MAX_FRAMES * layout.FRAME_SIZE)) return undefined;
    return Math.floor(Number(down - 1n) / layout.FRAME_SIZE);
  }

  #offset(frame: number, address: bigint): number {
    return Number(address) - this.#topOf(frame);
  }

  /** Bytes that others than the function's own loads and stores touch: all of them must escape. */
  #foreign(frame: number, offset: number, size: number, by: string): void {
    const escaping = this.#escaping.get(this.#functions[frame] ?? -1);
    if (escaping === undefined) return;
    for (let slot = slotOf(offset + size - 1); slot <= slotOf(offset); slot++) {
      if (escaping.has(slot)) continue;
      const what = `${by} touches slot ${slot} (r10-${(slot + 1) * SLOT}) of the function at ${this.#functions[frame]}`;
      throw new Disproof('escaping', `${what}, which is not listed as escaping`, BigInt(slot));
    }
  }

  #deepEnough(frame: number, offset: number): void {
    const fact = this.#facts.get(this.#functions[frame] ?? -1);
    if (fact === undefined || -offset <= fact.depth) return;
    const reason = `r10${offset} is touched, but the function at ${fact.start} uses ${fact.depth} bytes of stack`;
    throw new Disproof('depth', `${reason} (${hex(-offset)})`, BigInt(-offset));
  }
}

/** The 8-byte slot of the byte at a (negative) offset from r10. */
const slotOf = (offset: number): number => (offset >= 0 ? 0 : Math.floor((-1 - offset) / SLOT));
