/**
 * Where what a register holds came from: the trace is followed back through moves, sums and the stack to the
 * instruction that made it.
 */
import type { Insn } from '../../isa/insn.ts';
import { kfuncOf } from '../kfuncs/index.ts';
import { effectOf } from '../static/registers.ts';
import type { Walk } from '../walk/walk.ts';

/** What made a value. */
export type Maker =
  /** The context, as the program was given it in r1. */
  | { readonly kind: 'context' }
  /** An argument of a function that is walked by itself, or of a callback: r1 is 1. */
  | { readonly kind: 'argument'; readonly subprogram: number; readonly register: number }
  /** The frame pointer. */
  | { readonly kind: 'frame' }
  | { readonly kind: 'constant'; readonly value: bigint }
  | { readonly kind: 'map'; readonly map: number }
  /** Address in a map's only value. */
  | { readonly kind: 'mapValue'; readonly map: number; readonly off: number }
  | { readonly kind: 'function' }
  /** r0 of a helper, kernel function or global function. */
  | { readonly kind: 'call' }
  /** Loaded from memory: `base` is where its address came from, `at` the bytes from there (undefined: not known). */
  | {
      readonly kind: 'load';
      readonly base: Origin;
      readonly at: number | undefined;
      readonly size: number;
      readonly signed: boolean;
    }
  /** Loaded from the stack, where it was not spilled whole. */
  | { readonly kind: 'stack' }
  /** Computed from several values. */
  | { readonly kind: 'computed'; readonly from: readonly Origin[] }
  /** Registers r1 to r5 are lost in a call. */
  | { readonly kind: 'lost' }
  /** Never written. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unknown' };

export interface Origin {
  readonly maker: Maker;
  /** Slot of the instruction that made it; -1 for what was there at the start. */
  readonly insn: number;
  /** Its node in the trace; 0 for the start. */
  readonly node: number;
  /** Bytes added since: undefined when not only constants were. */
  readonly added: number | undefined;
  /** The last thing added that is not a constant. */
  readonly index: Origin | undefined;
}

/** Steps over the trace that one diagnosis takes at most: walks are up to a million instructions long. */
const MAX_STEPS = 3_000_000;
/** Loads from what was loaded, sums of sums. */
const MAX_DEPTH = 6;

const UNKNOWN: Origin = {
  maker: { kind: 'unknown' },
  insn: -1,
  node: 0,
  added: undefined,
  index: undefined,
};

/** A register of a frame that is looked for, before the node. */
interface Search {
  node: number;
  frame: number;
  /** A register, or a slot of the frame's stack. */
  register: number | undefined;
  slot: number;
  nextFrame: number;
  nextInsn: number;
  added: number | undefined;
  index: Origin | undefined;
}

export class Tracer {
  readonly #walk: Walk;
  #steps = 0;

  constructor(walk: Walk) {
    this.#walk = walk;
  }

  /** Node of the last instruction walked to its end. */
  get last(): number {
    const { node, trace, insn } = this.#walk;
    return node !== 0 && trace.insn(node) === insn ? trace.previous(node) : node;
  }

  /** Where the register of the current frame came from, as the refused instruction finds it. */
  register(register: number): Origin {
    return this.before(this.last, this.#walk.frame, register, this.#walk.insn);
  }

  /** What was spilled to a slot of a frame. */
  slot(frame: number, slot: number): Origin {
    const { insn } = this.#walk;
    return this.#follow(this.#search(this.last, frame, undefined, slot, insn), 0);
  }

  /** Where a register of a frame came from that is read after the node, by the instruction `next`. */
  before(node: number, frame: number, register: number, next: number, depth = 0): Origin {
    return this.#follow(this.#search(node, frame, register, -1, next), depth);
  }

  #search(node: number, frame: number, register: number | undefined, slot: number, next: number): Search {
    return { node, frame, register, slot, nextFrame: frame, nextInsn: next, added: 0, index: undefined };
  }

  #follow(search: Search, depth: number): Origin {
    if (depth > MAX_DEPTH) return UNKNOWN;
    const { trace } = this.#walk;
    if (search.register === 10) return this.#made(search, { kind: 'frame' });
    while (search.node !== 0) {
      this.#steps += 1;
      if (this.#steps > MAX_STEPS) return UNKNOWN;
      const found = this.#step(search, depth);
      if (found !== undefined) return found;
      search.nextFrame = trace.frame(search.node);
      search.nextInsn = trace.insn(search.node);
      search.node = trace.previous(search.node);
    }
    return this.#atStart(search);
  }

  /** What there was before the first instruction. */
  #atStart(search: Search): Origin {
    const { register } = search;
    const subprogram = this.#walk.frames[0]?.subprogram ?? 0;
    const isAsync = this.#walk.frames[0]?.callback !== undefined;
    if (register === 1 && subprogram === 0 && !isAsync) return this.#made(search, { kind: 'context' }, -1);
    if (register !== undefined && register >= 1 && register <= 5 && (subprogram !== 0 || isAsync)) {
      return this.#made(search, { kind: 'argument', subprogram, register }, -1);
    }
    return this.#made(search, { kind: 'nothing' }, -1);
  }

  #made(search: Search, maker: Maker, insn = this.#walk.trace.insn(search.node)): Origin {
    const { node, added, index } = search;
    return { maker, insn, node, added, index };
  }

  /** Goes back over one instruction; the origin once it is found. */
  #step(search: Search, depth: number): Origin | undefined {
    const { trace, code } = this.#walk;
    const frame = trace.frame(search.node);
    const insn = code.insns[trace.insn(search.node)];
    if (insn === undefined) return UNKNOWN;
    if (search.register === undefined) return this.#stepSlot(search, insn);
    if (frame > search.frame) return this.#outOfCallee(search, insn, frame);
    if (frame < search.frame) return this.#intoCaller(search, insn, frame);
    return this.#stepRegister(search, insn, search.register, depth);
  }

  /** r0 of a call of the program's own function is what r0 was there. */
  #outOfCallee(search: Search, insn: Insn, frame: number): undefined {
    const { code } = this.#walk;
    const call = code.insns[search.nextInsn - 1];
    const isReturn = insn.kind === 'exit' && frame === search.frame + 1 && search.nextFrame === search.frame;
    if (!isReturn || search.register !== 0 || call?.kind !== 'call' || call.target !== 'local') return;
    search.frame = frame;
  }

  /** Arguments of a function are the caller's r1 to r5. */
  #intoCaller(search: Search, insn: Insn, frame: number): Origin | undefined {
    const { register = 0 } = search;
    const isCall = insn.kind === 'call' && insn.target === 'local';
    if (register < 1 || register > 5) return this.#made(search, { kind: 'nothing' }, -1);
    if (isCall) {
      search.frame = frame;
      return undefined;
    }
    const subprogram = this.#walk.code.owner[search.nextInsn] ?? 0;
    return this.#made(search, { kind: 'argument', subprogram, register });
  }

  #stepSlot(search: Search, insn: Insn): Origin | undefined {
    const { trace } = this.#walk;
    const access = trace.stackAccess(search.node);
    const isWrite = insn.kind === 'store' || insn.kind === 'storeRelease';
    if (!isWrite || access === undefined) return undefined;
    if (access.frame !== search.frame || access.slot !== search.slot) return undefined;
    if (insn.src === undefined) return this.#made(search, { kind: 'constant', value: BigInt(insn.imm) });
    search.frame = trace.frame(search.node);
    search.register = insn.src;
    return search.register === 10 ? this.#made(search, { kind: 'frame' }) : undefined;
  }

  #stepRegister(search: Search, insn: Insn, register: number, depth: number): Origin | undefined {
    const { writes } = effectOf(insn, this.#walk.code.countArguments);
    if ((writes & (1 << register)) === 0) return undefined;
    switch (insn.kind) {
      case 'alu':
        return this.#stepAlu(search, insn, depth);
      case 'lddw':
        return this.#made(search, addressOf(insn));
      case 'load':
      case 'loadAcquire':
        return this.#stepLoad(search, insn, depth);
      case 'call':
        if (register === 0) return this.#ofCall(search, insn);
        return this.#made(search, { kind: 'lost' });
      case 'neg':
      case 'endian':
        search.added = undefined;
        return undefined;
      default:
        return this.#made(search, { kind: 'unknown' });
    }
  }

  /** A call of the program's own static function, followed through its last instruction before this is reached. */
  #ofCall(search: Search, insn: Extract<Insn, { kind: 'call' }>): Origin {
    const isOwn = insn.target === 'local' && search.nextFrame > search.frame;
    return this.#made(search, { kind: isOwn ? 'lost' : 'call' });
  }

  #stepAlu(search: Search, insn: Extract<Insn, { kind: 'alu' }>, depth: number): Origin | undefined {
    const isMove = insn.op === 'mov' || insn.op.startsWith('movsx');
    if (isMove && insn.src === undefined) {
      const value = insn.width === 64 ? BigInt(insn.imm) : BigInt(insn.imm >>> 0);
      return this.#made(search, { kind: 'constant', value });
    }
    if (isMove) {
      search.register = insn.src;
      return insn.src === 10 ? this.#made(search, { kind: 'frame' }) : undefined;
    }
    if (insn.src === undefined) {
      const sign = insn.op === 'add' ? 1 : insn.op === 'sub' ? -1 : undefined;
      search.added =
        sign === undefined || search.added === undefined ? undefined : search.added + sign * insn.imm;
      return undefined;
    }
    return this.#stepSum(search, insn, insn.src, depth);
  }

  /** Of a sum of two registers, the address is followed; what is added to it is its index. */
  #stepSum(search: Search, { op, dst }: Extract<Insn, { kind: 'alu' }>, src: number, depth: number): Origin {
    const { node, frame } = search;
    const { trace } = this.#walk;
    const [previous, here] = [trace.previous(node), trace.insn(node)];
    const one = this.before(previous, frame, dst, here, depth + 1);
    const other = this.before(previous, frame, src, here, depth + 1);
    const isSum = op === 'add' || op === 'sub';
    if (isSum && this.#isAddress(one) && !this.#isAddress(other)) return moved(search, one, other);
    if (op === 'add' && this.#isAddress(other) && !this.#isAddress(one)) return moved(search, other, one);
    return this.#made(search, { kind: 'computed', from: [one, other] });
  }

  #isAddress({ maker, insn }: Origin): boolean {
    switch (maker.kind) {
      case 'context':
      case 'frame':
      case 'map':
      case 'mapValue':
        return true;
      case 'call':
        return this.givesAddress(insn);
      case 'load':
        return maker.base.maker.kind === 'context' && this.#isPointerField(maker.at);
      default:
        return false;
    }
  }

  /** Whether the call at a slot returns an address. */
  givesAddress(slot: number): boolean {
    const { code, env } = this.#walk;
    const call = code.insns[slot];
    if (call?.kind !== 'call' || call.target === 'local') return false;
    const result =
      call.target === 'helper'
        ? env.helper(call.imm)?.result
        : kfuncOf(code.program.kfuncs?.[call.imm] ?? '')?.result;
    return result !== undefined && result.kind !== 'integer' && result.kind !== 'void';
  }

  #isPointerField(at: number | undefined): boolean {
    const field = this.#walk.env.context.fields.find(
      ({ offset, size }) => at !== undefined && at >= offset && at < offset + size,
    );
    return field !== undefined && field.yields.kind !== 'scalar';
  }

  #stepLoad(
    search: Search,
    insn: Extract<Insn, { kind: 'load' | 'loadAcquire' }>,
    depth: number,
  ): Origin | undefined {
    const { trace } = this.#walk;
    const access = trace.stackAccess(search.node);
    if (access !== undefined) {
      search.frame = access.frame;
      search.slot = access.slot;
      search.register = undefined;
      return undefined;
    }
    const { node, frame } = search;
    const base = this.before(trace.previous(node), frame, insn.src, trace.insn(node), depth + 1);
    if (base.maker.kind === 'frame') return this.#made(search, { kind: 'stack' });
    const at = base.added === undefined ? undefined : base.added + insn.off;
    const signed = insn.kind === 'load' && insn.signed;
    return this.#made(search, { kind: 'load', base, at, size: insn.size, signed });
  }
}

/** What was added on the way to the sum comes on top of what was added before it. */
function moved({ index }: Search, base: Origin, amount: Origin): Origin {
  return { ...base, added: undefined, index: index ?? base.index ?? amount };
}

function addressOf({ pseudo, lo, hi }: Extract<Insn, { kind: 'lddw' }>): Maker {
  switch (pseudo) {
    case 0:
      return { kind: 'constant', value: (BigInt(hi) << 32n) | BigInt(lo >>> 0) };
    case 5:
      return { kind: 'map', map: lo };
    case 6:
      return { kind: 'mapValue', map: lo, off: hi };
    default:
      return { kind: pseudo === 4 ? 'function' : 'unknown' };
  }
}
