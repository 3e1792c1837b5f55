/** The abstract state in linear memory, and what the compiled code does with it (assembly/verifier/state). */
import * as abi from '../../abi/state.ts';
import { SCALAR_MASK, SCALAR_VALUE } from '../../abi/verifier.ts';
import { type DomainExports, instantiateVerifier, readScalar } from '../domain.ts';
import type { Scalar } from '../scalar.ts';

/**
 * `r` is the address of a register, `state` that of a packed state. Functions that look at registers read later take
 * them from STATE_LIVE.
 */
export interface StateExports extends DomainExports {
  resetHeap(bytes: number): void;
  heapUsed(): number;
  /** 0 when the memory limit is reached. */
  allocate(bytes: number): number;
  joinScalars(to: number, from: number, count: number, widen: number, spare: number): number;
  /** 0 when the memory limit is reached. */
  save(parent: number): number;
  restore(state: number): void;
  drop(state: number): void;
  setAllLive(): void;
  covered(state: number, how: number, uninit: number, forgets: number): number;
  matchIds(old: number, current: number): number;
  /** Scalars that differ from the packed state's become unknown, where no decision depended on them. */
  widenFrom(state: number): void;
  iteratorDepthsDiffer(state: number): number;
  clean(state: number): void;
  clearWritten(): void;
  inheritReads(old: number, parent: number): void;
  inheritReadsPacked(old: number, state: number): number;
  markSlotRead(parent: number, frame: number, slot: number): void;
  markSlotZero(parent: number, frame: number, slot: number): void;
  markSlotWritten(frame: number, slot: number): void;
  collectLinks(r: number): void;
  syncLinks(r: number): void;
  clearWanted(): void;
  requirePrecise(state: number): number;
  requireAllPrecise(state: number): void;
  wantPreciseOf(state: number): number;
  copyRegister(to: number, from: number): void;
  setNone(r: number): void;
  setUnknownScalar(r: number): void;
  clearPrecision(): void;
  forgetPackets(leaks: number): void;
  forgetReference(reference: number, leaks: number): void;
  forgetSlices(dynptr: number, leaks: number): void;
  markNull(id: number): void;
  markNotNull(id: number, type: number, aux: number, uid: number, keep: number): void;
  widenPackets(id: number, kind: number, range: number): void;
  sminOf(r: number): number;
  smaxOf(r: number): number;
  uminOf(r: number): number;
  umaxOf(r: number): number;
  smin32Of(r: number): number;
  smax32Of(r: number): number;
  umax32Of(r: number): number;
  widthOf(r: number): number;
}

const TWO_32 = 2 ** 32;

/** A current state and packed ones, with the fields of registers as numbers. */
export class StateMemory {
  readonly ops: StateExports;
  readonly #memory: WebAssembly.Memory;
  /** Views of the whole memory; made anew when it has grown. */
  bytes: Uint8Array;
  u32: Uint32Array;
  i32: Int32Array;

  private constructor(memory: WebAssembly.Memory, ops: StateExports) {
    this.#memory = memory;
    this.ops = ops;
    this.bytes = new Uint8Array(memory.buffer);
    this.u32 = new Uint32Array(memory.buffer);
    this.i32 = new Int32Array(memory.buffer);
  }

  static async open(): Promise<StateMemory> {
    const { memory, exports } = await instantiateVerifier();
    return new StateMemory(memory, exports as unknown as StateExports);
  }

  /** A packed copy of the current state; 0 when the memory limit is reached. */
  save(parent: number): number {
    const state = this.ops.save(parent) >>> 0;
    if (this.u32.length * 4 !== this.#memory.buffer.byteLength) this.#refresh();
    return state;
  }

  /** Memory for other things than states, until the next walk; 0 when the limit is reached. */
  allocate(bytes: number): number {
    const address = this.ops.allocate(bytes) >>> 0;
    if (this.u32.length * 4 !== this.#memory.buffer.byteLength) this.#refresh();
    return address;
  }

  #refresh(): void {
    const { buffer } = this.#memory;
    this.bytes = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
  }

  // ---- where things are ------------------------------------------------------------------------------------

  register(frame: number, register: number): number {
    return abi.STATE + frame * abi.FRAME_SIZE + abi.FRAME_REGS + register * abi.REG_SIZE;
  }

  /** The register spilled to a slot. */
  slot(frame: number, slot: number): number {
    return abi.STATE + frame * abi.FRAME_SIZE + abi.FRAME_SLOTS + slot * abi.REG_SIZE;
  }

  /** The kinds of a slot's 8 bytes, the lowest address first. */
  slotBytes(frame: number, slot: number): number {
    return abi.STATE + frame * abi.FRAME_SIZE + abi.FRAME_BYTES + slot * 8;
  }

  scratch(index: number): number {
    return abi.SCRATCH + index * abi.REG_SIZE;
  }

  // ---- fields of registers -----------------------------------------------------------------------------------

  type(r: number): number {
    return this.u32[(r + abi.REG_TYPE) >> 2] as number;
  }
  setType(r: number, type: number): void {
    this.u32[(r + abi.REG_TYPE) >> 2] = type;
  }
  kind(r: number): number {
    return this.type(r) & abi.KIND_MASK;
  }
  id(r: number): number {
    return this.u32[(r + abi.REG_ID) >> 2] as number;
  }
  setId(r: number, id: number): void {
    this.u32[(r + abi.REG_ID) >> 2] = id;
  }
  ref(r: number): number {
    return this.u32[(r + abi.REG_REF) >> 2] as number;
  }
  setRef(r: number, reference: number): void {
    this.u32[(r + abi.REG_REF) >> 2] = reference;
  }
  off(r: number): number {
    return this.i32[(r + abi.REG_OFF) >> 2] as number;
  }
  setOff(r: number, off: number): void {
    this.i32[(r + abi.REG_OFF) >> 2] = off;
  }
  aux(r: number): number {
    return this.u32[(r + abi.REG_AUX) >> 2] as number;
  }
  setAux(r: number, aux: number): void {
    this.u32[(r + abi.REG_AUX) >> 2] = aux;
  }
  aux2(r: number): number {
    return this.u32[(r + abi.REG_AUX2) >> 2] as number;
  }
  setAux2(r: number, aux: number): void {
    this.u32[(r + abi.REG_AUX2) >> 2] = aux;
  }
  isPrecise(r: number): boolean {
    return this.u32[(r + abi.REG_PRECISE) >> 2] !== 0;
  }
  setPrecise(r: number, isPrecise: boolean): void {
    this.u32[(r + abi.REG_PRECISE) >> 2] = isPrecise ? 1 : 0;
  }

  isConst(r: number): boolean {
    const at = (r + SCALAR_MASK) >> 2;
    return this.u32[at] === 0 && this.u32[at + 1] === 0;
  }

  /** The known value as a signed number: rounded beyond 2^53, which no limit comes near. */
  constant(r: number): number {
    const at = (r + SCALAR_VALUE) >> 2;
    return (this.i32[at + 1] as number) * TWO_32 + (this.u32[at] as number);
  }

  isZero(r: number): boolean {
    const at = r >> 2;
    const { u32 } = this;
    return (
      this.type(r) === abi.KIND_SCALAR &&
      ((u32[at] as number) | (u32[at + 1] as number) | (u32[at + 2] as number) | (u32[at + 3] as number)) ===
        0
    );
  }

  scalar(r: number): Scalar {
    return readScalar(this.#memory.buffer, r);
  }

  /** A pointer of this type without an offset, an id or a reference. */
  setPointer(r: number, type: number, aux = 0, aux2 = 0): void {
    this.ops.setUnknownScalar(r);
    this.ops.setConst(r, 0n);
    this.setType(r, type);
    this.setAux(r, aux);
    this.setAux2(r, aux2);
  }

  setConstant(r: number, value: bigint): void {
    this.ops.setUnknownScalar(r);
    this.ops.setConst(r, value);
  }

  // ---- frames --------------------------------------------------------------------------------------------------

  get frames(): number {
    return this.u32[abi.STATE_FRAMES >> 2] as number;
  }
  set frames(count: number) {
    this.u32[abi.STATE_FRAMES >> 2] = count;
  }

  slotCount(frame: number): number {
    return this.u32[(abi.STATE + frame * abi.FRAME_SIZE + abi.FRAME_COUNT) >> 2] as number;
  }

  /** At least `count` slots are in use from now on. */
  growStack(frame: number, count: number): void {
    const at = (abi.STATE + frame * abi.FRAME_SIZE + abi.FRAME_COUNT) >> 2;
    const old = this.u32[at] as number;
    if (old >= count) return;
    this.bytes.fill(abi.BYTE_INVALID, this.slotBytes(frame, old), this.slotBytes(frame, count));
    this.u32[at] = count;
  }

  /** A new frame on top: nothing is readable but r10, and no slot has been seen by a checkpoint. */
  pushFrame(): number {
    const frame = this.frames;
    this.frames = frame + 1;
    for (let register = 0; register < 10; register++) this.ops.setNone(this.register(frame, register));
    this.setPointer(this.register(frame, 10), abi.KIND_STACK, frame);
    const base = abi.STATE + frame * abi.FRAME_SIZE;
    this.u32[(base + abi.FRAME_COUNT) >> 2] = 0;
    this.u32[(base + abi.FRAME_WRITTEN) >> 2] = 0xffff_ffff;
    this.u32[(base + abi.FRAME_WRITTEN + 4) >> 2] = 0xffff_ffff;
    return frame;
  }

  popFrame(): void {
    this.frames -= 1;
  }

  /** Registers of a frame that are read later, for `save`, `covered` and `clean`. */
  setLive(frame: number, registers: number): void {
    this.u32[(abi.STATE_LIVE >> 2) + frame] = registers;
  }
}
