/**
 * What is known about a program before it runs, as plain data: the verifier writes it; the JIT, the interpreter and
 * debuggers read it. Every fact holds on every run of the program; the interpreter's checking mode asserts them.
 */
import type { Scalar } from './scalar.ts';

/** What a register holds before an instruction, on every path that reaches it. */
export interface RegisterFact {
  readonly register: number;
  /**
   * Kind of the register in the words of the kernel's log (`scalar`, `fp`, `ctx`, `pkt`, `map_value`, …), with
   * `_or_null` where it may be NULL; undefined where paths disagree.
   */
  readonly kind: string | undefined;
  /** What is known of its 64 bits, where it is a scalar on every path. */
  readonly scalar: Scalar | undefined;
}

/** A call of a helper that takes a map, when it is the same map on every path. */
export interface MapCallFact {
  /** Index into `program.maps`. */
  readonly map: number;
  /** Bytes. */
  readonly keySize: number;
  /** Bytes. */
  readonly valueSize: number;
  /** The key as an unsigned number, where it is one known value of at most 4 bytes on every path. */
  readonly key: number | undefined;
}

/**
 * A register that a call is given a constant in, whatever the program has there: what the verifier knows and the
 * function needs, as the kernel's fix-ups hand over sizes and types.
 */
export interface Fixup {
  /** 1 to 5. */
  readonly register: number;
  /** 64 bits. */
  readonly value: bigint;
}

export interface InsnFacts {
  /** The memory access of this instruction stays inside memory the program was given: no check is needed. */
  readonly safe?: boolean | undefined;
  /** No run reaches the instruction. */
  readonly dead?: boolean;
  /** Of a conditional jump: it always jumps (true), or never (false); undefined when both happen. */
  readonly taken?: boolean | undefined;
  /** The registers the instruction reads. */
  readonly registers?: readonly RegisterFact[];
  /** The memory the instruction accesses: the kind of its base register. */
  readonly memory?: string | undefined;
  readonly mapCall?: MapCallFact | undefined;
  /** Of a call of a kernel function. Engines must give it what they say. */
  readonly fixups?: readonly Fixup[] | undefined;
  /** Of arithmetic of 64 bits: it is done in 32, for it is about pointers into an arena. */
  readonly narrow?: boolean | undefined;
  /** Of an access to the function's own stack: its offset from r10 in bytes, where it is the same on every path. */
  readonly stackOffset?: number | undefined;
}

/** What the verifier found of a function's stack. */
export interface StackFact {
  /** Slot of the function's first instruction. */
  readonly start: number;
  /** Bytes of stack the function uses. */
  readonly depth: number;
  /**
   * 8-byte slots, counted downwards from the frame pointer (0 is r10 - 8), whose address leaves the function's own
   * loads and stores at constant offsets: to helpers, to other functions, into memory, or by variable offsets.
   */
  readonly escaping: readonly number[];
}

/**
 * - `sandbox`: nothing is proved; every access is checked at run time, and a budget bounds the run.
 * - `trusted`: the caller vouches for the program; nothing is checked (benchmarks, and programs the kernel accepted).
 * - `verified`: the verifier accepted the program; nothing is checked, for nothing can go wrong.
 */
export type ProofMode = 'sandbox' | 'trusted' | 'verified';

/** A pointer that a program loads from its context: what it is run with must supply it. */
export interface ContextPointer {
  /** Of the field in the context, whose name follows, and its bytes (4 or 8). */
  readonly offset: number;
  readonly name: string;
  readonly width: number;
  /** What it leads to: bytes of memory, a packet between two pointers, an object of the host. */
  readonly to: 'memory' | 'packet' | 'packetMeta' | 'packetEnd' | 'object';
  /** Bytes there that the program takes for granted; 0 where it compares with an end, or where nothing is known. */
  readonly bytes: number;
  /** It may be NULL. */
  readonly nullable: boolean;
}

export interface Proof {
  readonly mode: ProofMode;
  /** Facts by slot; absent slots have none. */
  readonly facts: ReadonlyMap<number, InsnFacts>;
  /** By function, in slot order; empty in the modes without a verifier. */
  readonly stacks: readonly StackFact[];
  /** Bytes of the context that the program accesses, from its start: what it is run with must have as many. */
  readonly contextSize: number;
  /** Pointers that it loads from the context, a field each. Absent: none. */
  readonly contextPointers?: readonly ContextPointer[];
  /**
   * Pointers are moved further from their objects than NEAR_BEFORE and NEAR_BEHIND, so that they need not be numbers of
   * 32 bits there.
   */
  readonly farPointers?: boolean;
}

export const sandboxProof: Proof = { mode: 'sandbox', facts: new Map(), stacks: [], contextSize: 0 };
export const trustedProof: Proof = { mode: 'trusted', facts: new Map(), stacks: [], contextSize: 0 };
