/**
 * How each state came about: a tree of the instructions walked, in which every state knows its last node. (The kernel
 * keeps a history of jumps for each state; the tree is never copied.)
 */

/** Of a node: the instruction moved a register to or from one stack slot. */
const STACK = 1;
/** Of a node: scalars were linked when the jump was walked. */
const LINKS = 2;

const NODE_WORDS = 3;
const FRAME_BITS = 4;
const KIND_BITS = 2;

export interface StackAccess {
  readonly frame: number;
  readonly slot: number;
}

export class Trace {
  /** Three words a node: the node before, slot of the instruction, frame with what is known besides. */
  #nodes = new Int32Array(1 << 14);
  #count = 1;
  /** Lists of scalars one after the other, as src/abi/state.ts lays out LINKS. */
  #links = new Uint32Array(1 << 10);
  #linksEnd = 0;

  /** A node for an instruction that a frame walks; 0 is the root. */
  add(previous: number, insn: number, frame: number): number {
    const node = this.#count++;
    const at = node * NODE_WORDS;
    if (at + NODE_WORDS > this.#nodes.length) this.#grow();
    this.#nodes[at] = previous;
    this.#nodes[at + 1] = insn;
    this.#nodes[at + 2] = frame;
    return node;
  }

  previous(node: number): number {
    return this.#nodes[node * NODE_WORDS] as number;
  }

  insn(node: number): number {
    return this.#nodes[node * NODE_WORDS + 1] as number;
  }

  frame(node: number): number {
    return this.#meta(node) & ((1 << FRAME_BITS) - 1);
  }

  noteStack(node: number, { frame, slot }: StackAccess): void {
    this.#note(node, STACK, (frame << 6) | slot);
  }

  stackAccess(node: number): StackAccess | undefined {
    if (this.#kind(node) !== STACK) return undefined;
    const payload = this.#payload(node);
    return { frame: payload >> 6, slot: payload & 63 };
  }

  noteLinks(node: number, links: Uint32Array): void {
    const start = this.#linksEnd;
    this.#linksEnd += links.length;
    if (this.#linksEnd > this.#links.length) {
      const larger = new Uint32Array(this.#links.length * 2);
      larger.set(this.#links);
      this.#links = larger;
    }
    this.#links.set(links, start);
    this.#note(node, LINKS, start);
  }

  /** As noted: their number, then frame and place of each. */
  links(node: number): Uint32Array | undefined {
    if (this.#kind(node) !== LINKS) return undefined;
    const start = this.#payload(node);
    return this.#links.subarray(start, start + 1 + 2 * (this.#links[start] as number));
  }

  #meta(node: number): number {
    return this.#nodes[node * NODE_WORDS + 2] as number;
  }

  #kind(node: number): number {
    return (this.#meta(node) >> FRAME_BITS) & ((1 << KIND_BITS) - 1);
  }

  #payload(node: number): number {
    return this.#meta(node) >>> (FRAME_BITS + KIND_BITS);
  }

  #note(node: number, kind: number, payload: number): void {
    const at = node * NODE_WORDS + 2;
    this.#nodes[at] = this.frame(node) | (kind << FRAME_BITS) | (payload << (FRAME_BITS + KIND_BITS));
  }

  #grow(): void {
    const nodes = new Int32Array(this.#nodes.length * 2);
    nodes.set(this.#nodes);
    this.#nodes = nodes;
  }
}
