/**
 * Guesses which memory each access of a function touches, so that the sandbox tests the likeliest window first (see
 * windows.ts). One pass in slot order that ignores jumps: a wrong guess costs time, never correctness.
 */
import { FRAME_SIZE } from '../abi/layout.ts';
import type { AluInsn, CallInsn, Insn, InsnKind, LddwInsn, LoadInsn, StoreInsn } from '../isa/insn.ts';

/** The packet (or raw memory), the stack, the context struct, or the values of a map by index. */
export type Window = 'packet' | 'stack' | 'context' | number;

/** What a register is thought to hold: an address in a window, or the address of a map. */
type Hint = { readonly window: Window } | { readonly map: number } | undefined;

const PACKET: Hint = { window: 'packet' };
const STACK: Hint = { window: 'stack' };

const MAP_LOOKUP_ELEM = 1;
const RINGBUF_RESERVE = 131;
const MAP_LOOKUP_PERCPU_ELEM = 195;
const RETURNS_VALUE: ReadonlySet<number> = new Set([
  MAP_LOOKUP_ELEM,
  RINGBUF_RESERVE,
  MAP_LOOKUP_PERCPU_ELEM,
]);

class Guesser {
  readonly windows = new Map<number, Window>();
  readonly #registers: Hint[] = Array.from({ length: 11 }, () => undefined);
  /** Of what is spilled, by offset from r10. */
  readonly #spilled = new Map<number, Hint>();

  constructor(context: Window) {
    this.#registers[1] = { window: context };
    this.#registers[10] = STACK;
  }

  visit(insn: Insn, slot: number): void {
    (VISITS[insn.kind] as Visit<Insn> | undefined)?.(this, insn, slot);
  }

  get(register: number): Hint {
    return this.#registers[register];
  }

  set(register: number, hint: Hint): void {
    this.#registers[register] = hint;
  }

  /** Notes the window of an access through a register; the packet when nothing is known. */
  access(register: number, slot: number): Window {
    const hint = this.get(register);
    const window = hint && 'window' in hint ? hint.window : 'packet';
    this.windows.set(slot, window);
    return window;
  }

  spill(register: number, off: number, hint: Hint): void {
    if (register === 10 && off >= -FRAME_SIZE) this.#spilled.set(off, hint);
  }

  filled(register: number, off: number): Hint {
    return register === 10 ? this.#spilled.get(off) : undefined;
  }
}

type Visit<I> = (guesser: Guesser, insn: I, slot: number) => void;

const visitAlu = (guesser: Guesser, { op, width, dst, src }: AluInsn): void => {
  if (op === 'mov' && width === 64) guesser.set(dst, src === undefined ? undefined : guesser.get(src));
  else if (op === 'add' && width === 64 && src !== undefined)
    guesser.set(dst, guesser.get(dst) ?? guesser.get(src));
  else if (width === 32 || (op !== 'add' && op !== 'sub')) guesser.set(dst, undefined);
};

const visitLddw = (guesser: Guesser, { dst, pseudo, lo }: LddwInsn): void => {
  if (pseudo === 5) guesser.set(dst, { map: lo });
  else guesser.set(dst, pseudo === 6 ? { window: lo } : undefined);
};

/** The pointers of xdp_md and __sk_buff are 32 bits wide; what else is read from there is seldom dereferenced. */
const visitLoad = (guesser: Guesser, { dst, src, off, size }: LoadInsn, slot: number): void => {
  const window = guesser.access(src, slot);
  if (size === 8) guesser.set(dst, guesser.filled(src, off));
  else guesser.set(dst, window === 'context' && size === 4 ? PACKET : undefined);
};

const visitStore = (guesser: Guesser, { dst, src, off, size }: StoreInsn, slot: number): void => {
  guesser.access(dst, slot);
  if (size === 8) guesser.spill(dst, off, src === undefined ? undefined : guesser.get(src));
};

const visitCall = (guesser: Guesser, { target, imm }: CallInsn): void => {
  const first = guesser.get(1);
  const value = target === 'helper' && RETURNS_VALUE.has(imm) && first && 'map' in first;
  guesser.set(0, value ? { window: first.map } : undefined);
};

const VISITS: { readonly [Kind in InsnKind]?: Visit<Extract<Insn, { kind: Kind }>> } = {
  alu: visitAlu,
  neg: (guesser, { dst }) => guesser.set(dst, undefined),
  endian: (guesser, { dst }) => guesser.set(dst, undefined),
  lddw: visitLddw,
  load: visitLoad,
  store: visitStore,
  atomic: (guesser, { dst }, slot) => void guesser.access(dst, slot),
  loadAcquire: (guesser, { src }, slot) => void guesser.access(src, slot),
  storeRelease: (guesser, { dst }, slot) => void guesser.access(dst, slot),
  call: visitCall,
};

/** The likely window of each access, by slot. `context`: what r1 of the function points to. */
export function guessWindows(
  insns: readonly (Insn | undefined)[],
  start: number,
  end: number,
  context: Window,
): ReadonlyMap<number, Window> {
  const guesser = new Guesser(context);
  for (let slot = start; slot < end; slot++) {
    const insn = insns[slot];
    if (insn !== undefined) guesser.visit(insn, slot);
  }
  return guesser.windows;
}
