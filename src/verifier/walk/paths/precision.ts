/**
 * Precision: a decision of the verifier that depends on a scalar's value makes that scalar count where states are
 * compared, and all it was computed from. From the decision the trace is followed back, from checkpoint to checkpoint
 * (mark_chain_precision of kernel/bpf/verifier.c).
 */
import { LINK_SLOT, WANTED } from '../../../abi/state.ts';
import type { AluInsn, AtomicInsn, CallInsn, Insn, InsnKind, StoreInsn } from '../../../isa/insn.ts';
import { ARGUMENTS } from '../../static/registers.ts';
import type { Checkpoint } from '../state.ts';
import type { Walk } from '../walk.ts';

/** What is wanted: registers and slots whose values the decision depended on, by frame. */
class Wanted {
  readonly #u32: Uint32Array;

  constructor(u32: Uint32Array) {
    this.#u32 = u32;
  }

  registers(frame: number): number {
    return this.#u32[(WANTED >> 2) + frame * 4] as number;
  }
  setRegisters(frame: number, mask: number): void {
    this.#u32[(WANTED >> 2) + frame * 4] = mask;
  }
  has(frame: number, register: number): boolean {
    return ((this.registers(frame) >> register) & 1) !== 0;
  }
  add(frame: number, register: number): void {
    this.setRegisters(frame, this.registers(frame) | (1 << register));
  }
  remove(frame: number, register: number): void {
    this.setRegisters(frame, this.registers(frame) & ~(1 << register));
  }
  hasSlot(frame: number, slot: number): boolean {
    return (((this.#slots(frame, slot) as number) >> (slot & 31)) & 1) !== 0;
  }
  addSlot(frame: number, slot: number): void {
    this.#u32[this.#slotAt(frame, slot)] = (this.#slots(frame, slot) as number) | (1 << (slot & 31));
  }
  removeSlot(frame: number, slot: number): void {
    this.#u32[this.#slotAt(frame, slot)] = (this.#slots(frame, slot) as number) & ~(1 << (slot & 31));
  }
  hasSlots(frame: number): boolean {
    const at = (WANTED >> 2) + frame * 4 + 2;
    return ((this.#u32[at] as number) | (this.#u32[at + 1] as number)) !== 0;
  }
  isEmpty(frames: number): boolean {
    for (let frame = 0; frame < frames; frame++) {
      if (this.registers(frame) !== 0 || this.hasSlots(frame)) return false;
    }
    return true;
  }
  clear(frame: number): void {
    this.#u32.fill(0, (WANTED >> 2) + frame * 4, (WANTED >> 2) + frame * 4 + 4);
  }

  #slotAt(frame: number, slot: number): number {
    return (WANTED >> 2) + frame * 4 + 2 + (slot >> 5);
  }
  #slots(frame: number, slot: number): number | undefined {
    return this.#u32[this.#slotAt(frame, slot)];
  }
}

interface Step {
  readonly walk: Walk;
  readonly wanted: Wanted;
  readonly node: number;
  /** Frame that walked the instruction. */
  readonly frame: number;
  /** Frame and slot of the instruction walked after it. */
  readonly nextFrame: number;
  readonly nextInsn: number;
}

/** False: the way back is not understood, and all that came before counts. */
type Back = boolean;

function backAlu(insn: AluInsn, { wanted, frame }: Step): Back {
  const { dst, src, op } = insn;
  if (!wanted.has(frame, dst)) return true;
  if (op === 'mov' || op.startsWith('movsx')) wanted.remove(frame, dst);
  if (src !== undefined && src !== 10) wanted.add(frame, src);
  return true;
}

function backLoad(dst: number, { walk, wanted, node, frame }: Step): Back {
  if (!wanted.has(frame, dst)) return true;
  wanted.remove(frame, dst);
  const access = walk.trace.stackAccess(node);
  // From other memory come values nothing was known of.
  if (access !== undefined) wanted.addSlot(access.frame, access.slot);
  return true;
}

function backStore(src: number | undefined, { walk, wanted, node, frame }: Step): Back {
  const access = walk.trace.stackAccess(node);
  if (access === undefined || !wanted.hasSlot(access.frame, access.slot)) return true;
  wanted.removeSlot(access.frame, access.slot);
  if (src !== undefined) wanted.add(frame, src);
  return true;
}

function backAtomic({ op, fetch, src }: AtomicInsn, step: Step): Back {
  const { walk, wanted, node, frame } = step;
  const loaded = op === 'cmpxchg' ? 0 : src;
  // Linux does not take a fetch for a load.
  if (fetch && wanted.has(frame, loaded)) return walk.rules.likeLinux || backLoad(loaded, step);
  const access = walk.trace.stackAccess(node);
  return access === undefined || !wanted.hasSlot(access.frame, access.slot);
}

/** Into the function that has just been left, going back: what was wanted of its result is wanted of its r0. */
function backReturn({ walk, wanted, frame, nextFrame, nextInsn }: Step): Back {
  if (nextFrame >= frame) return true;
  const call = walk.code.insns[nextInsn - 1];
  // A callback returns to the call itself, whose result is not the callback's.
  const isResult = call?.kind === 'call' && call.target === 'local' && wanted.has(nextFrame, 0);
  wanted.remove(nextFrame, 0);
  if (isResult) wanted.add(frame, 0);
  return true;
}

/** Out of a function through its entry, going back: what is wanted of its arguments is wanted of the caller's. */
function backEntry({ wanted, frame, nextFrame }: Step, passesArguments: boolean): Back {
  const inside = wanted.registers(nextFrame);
  if ((inside & ~ARGUMENTS) !== 0 || wanted.hasSlots(nextFrame)) return false;
  wanted.clear(nextFrame);
  if (passesArguments) wanted.setRegisters(frame, wanted.registers(frame) | inside);
  return true;
}

function backCall(insn: CallInsn, step: Step): Back {
  const { wanted, frame, nextFrame } = step;
  if (nextFrame > frame) return backEntry(step, insn.target === 'local');
  wanted.remove(frame, 0);
  // After a tail call the other program returns for this function.
  if (nextFrame < frame) wanted.remove(nextFrame, 0);
  return (wanted.registers(frame) & ARGUMENTS) === 0;
}

const wants = (wanted: Wanted, frame: number, place: number): boolean =>
  place < LINK_SLOT ? wanted.has(frame, place) : wanted.hasSlot(frame, place - LINK_SLOT);

/** Scalars with one id were narrowed together: wanting one is wanting all. */
function wantLinked({ walk, wanted, node }: Step): void {
  const links = walk.trace.links(node);
  if (links === undefined) return;
  let isWanted = false;
  for (let i = 1; i < links.length; i += 2) {
    if (wants(wanted, links[i] as number, links[i + 1] as number)) isWanted = true;
  }
  if (!isWanted) return;
  for (let i = 1; i < links.length; i += 2) {
    const [frame, place] = [links[i] as number, links[i + 1] as number];
    if (place < LINK_SLOT) wanted.add(frame, place);
    else wanted.addSlot(frame, place - LINK_SLOT);
  }
}

function backJump(dst: number, src: number | undefined, step: Step): Back {
  const { wanted, frame } = step;
  wantLinked(step);
  if (src === undefined || (!wanted.has(frame, dst) && !wanted.has(frame, src))) return true;
  wanted.add(frame, dst);
  wanted.add(frame, src);
  wantLinked(step);
  return true;
}

const clobber =
  (register: number) =>
  ({ wanted, frame }: Step): Back => {
    wanted.remove(frame, register);
    return true;
  };

/** Linux does not follow these. */
const backPacket = (step: Step): Back =>
  step.walk.rules.likeLinux && step.wanted.has(step.frame, 0) ? false : clobber(0)(step);

const through = (): Back => true;

const BACK: { readonly [K in InsnKind]: (insn: Extract<Insn, { kind: K }>, step: Step) => Back } = {
  alu: backAlu,
  neg: through,
  endian: through,
  lddw: ({ dst }, step) => clobber(dst)(step),
  load: ({ dst }, step) => backLoad(dst, step),
  store: ({ src }: StoreInsn, step) => backStore(src, step),
  atomic: backAtomic,
  loadAcquire: ({ dst }, step) => backLoad(dst, step),
  storeRelease: ({ src }, step) => backStore(src, step),
  packet: (_, step) => backPacket(step),
  jump: ({ dst, src }, step) => backJump(dst, src, step),
  ja: through,
  mayGoto: through,
  gotox: through,
  call: backCall,
  callx: () => false,
  exit: (_, step) => backReturn(step),
  addrSpaceCast: ({ dst }, step) => clobber(dst)(step),
};

const back = <K extends InsnKind>(kind: K, insn: Extract<Insn, { kind: K }>, step: Step): Back =>
  BACK[kind](insn, step);

/** Everything in the checkpoints from here upwards counts. */
function requireAll(walk: Walk, from: Checkpoint | undefined): void {
  for (let state = from; state !== undefined; state = state.parent) {
    walk.ops.requireAllPrecise(state.address);
  }
}

/** Where following back begins. */
interface Origin {
  readonly parent: Checkpoint | undefined;
  /** The last node of the trace that is followed. */
  readonly node: number;
  /** Frame and slot of the instruction after it. */
  readonly frame: number;
  readonly insn: number;
}

/** Follows what is wanted back to where it came from. */
function follow(walk: Walk, origin: Origin): void {
  const { parent } = origin;
  const wanted = new Wanted(walk.memory.u32);
  let { node, frame: nextFrame, insn: nextInsn } = origin;
  for (let state = parent; ; state = state.parent) {
    const stop = state?.node ?? 0;
    while (node !== stop) {
      if (wanted.isEmpty(8)) return;
      const frame = walk.trace.frame(node);
      const slot = walk.trace.insn(node);
      const insn = walk.insnAt(slot);
      const step: Step = { walk, wanted, node, frame, nextFrame, nextInsn };
      if (!back(insn.kind, insn, step)) {
        requireAll(walk, state);
        return;
      }
      nextFrame = frame;
      nextInsn = slot;
      node = walk.trace.previous(node);
    }
    if (state === undefined || walk.ops.requirePrecise(state.address) === 0) return;
    walk.precisionMarks += 1;
  }
}

/** Clears what is wanted in all frames a state can have. */
function clearWanted(walk: Walk): Wanted {
  walk.memory.u32.fill(0, WANTED >> 2, (WANTED >> 2) + 32);
  return new Wanted(walk.memory.u32);
}

const here = (walk: Walk): Origin => ({
  parent: walk.parent,
  node: walk.trace.previous(walk.node),
  frame: walk.frame,
  insn: walk.insn,
});

/** The walk decides by the value of a register of the current frame. */
export function markPrecise(walk: Walk, register: number): void {
  if (!walk.rules.capable) return;
  clearWanted(walk).add(walk.frame, register);
  follow(walk, here(walk));
}

/** The walk decides by the value in a stack slot. */
export function markSlotPrecise(walk: Walk, frame: number, slot: number): void {
  if (!walk.rules.capable) return;
  clearWanted(walk).addSlot(frame, slot);
  follow(walk, here(walk));
}

/** A state is not walked on, for it is like `old`: what counts there counts in what led to the state. */
export function inheritPrecision(walk: Walk, old: Checkpoint, origin: Origin): void {
  clearWanted(walk);
  if (walk.ops.wantPreciseOf(old.address) !== 0) follow(walk, origin);
}
