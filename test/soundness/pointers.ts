/** Statements on memory: loads and stores at fixed and computed offsets, atomics, the stack. */
import { ATOMICS } from '../../src/isa/families.ts';
import type { Operand, Size } from '../../src/isa/insn.ts';
import { type Held, NONE, num, type Pointer, UNKNOWN } from './held.ts';
import { FRAME, isNum, isPacket, isPointer, isUsable, type Scope, type Statement } from './scope.ts';
import { SLOTS } from './state.ts';

/** Bytes of the own frame that statements use. */
const STACK = SLOTS * 8;

/** A register to access memory through, with the offsets from it that are inside. */
interface Base {
  readonly register: number;
  readonly low: number;
  /** Exclusive. */
  readonly high: number;
  readonly writable: boolean;
  readonly held: Held;
}

function pointerBase(scope: Scope, register: number, held: Pointer): Base {
  const { to, lo, hi } = held;
  const isFrame = to.name === 'frame';
  const low = isFrame ? -STACK - lo : -lo;
  const high = isFrame ? -hi : to.size - hi;
  return { register, low, high, writable: to.writable || scope.mistake(), held };
}

function packetBase(scope: Scope, register: number, held: Held): Base | undefined {
  if (!isPacket(held)) return undefined;
  const room = scope.state.rooms.get(held.id) ?? 0;
  return { register, low: -held.off, high: room - held.off, writable: true, held };
}

function baseOf(scope: Scope, register: number): Base | undefined {
  const held = scope.held(register);
  if (isPacket(held)) return packetBase(scope, register, held);
  if (isPointer(held) && (!held.nullable || scope.mistake())) return pointerBase(scope, register, held);
  return undefined;
}

const isFrame = ({ held }: Base): boolean => isPointer(held) && held.to.name === 'frame';

const isStack = (base: Base): boolean =>
  base.register === FRAME || isFrame(base) || (isPointer(base.held) && base.held.to.name === 'outer');

/** A base with room for `size` bytes; the frame pointer is one too. */
function pickBase(
  scope: Scope,
  size: number,
  accept: (base: Base) => boolean = () => true,
): Base | undefined {
  const registers = [...Array.from({ length: 10 }, (_, n) => n), FRAME];
  const bases = registers
    .map((register) => baseOf(scope, register))
    .filter((base) => base !== undefined)
    .filter((base) => base.high - base.low >= size && accept(base));
  if (bases.length === 0) return undefined;
  const others = bases.filter(({ register }) => register !== FRAME);
  return scope.random.pick(others.length > 0 && scope.random.chance(0.7) ? others : bases);
}

/** An offset inside; aligned on the stack. */
function offsetIn(scope: Scope, base: Base, size: number): number {
  const { random } = scope;
  const room = base.high - base.low - size;
  const near = Math.min(room, 2000);
  let off = base.low + random.between(0, near);
  // The frame's lowest byte is aligned, whatever the pointer is.
  if (isFrame(base) || random.chance(0.5)) off = base.low + Math.floor((off - base.low) / size) * size;
  if (random.chance(0.2)) off = base.high - size;
  return inField(scope.about(off));
}

/** Offsets of instructions have 16 bits. */
const inField = (off: number): number => Math.max(-0x8000, Math.min(0x7fff, off));

/** The slots of the own frame that an access touches, when its place is known. */
function slotsAt({ held, register }: Base, off: number, size: number): number[] {
  const lo = register === FRAME ? 0 : isPointer(held) && held.to.name === 'frame' ? held.lo : undefined;
  if (lo === undefined) return [];
  const first = Math.max(0, Math.floor((-1 - (lo + off + size - 1)) / 8));
  const last = Math.min(SLOTS - 1, Math.floor((-1 - (lo + off)) / 8));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}

const isLocked = (scope: Scope, slots: readonly number[]): boolean =>
  slots.some((slot) => scope.lockedSlots.has(slot));

const load: Statement = (scope) => {
  const { random, emit } = scope;
  const size = scope.size();
  const base = pickBase(scope, size);
  if (base === undefined) return false;
  const off = offsetIn(scope, base, size);
  const dst = scope.free();
  const signed = size !== 8 && random.chance(0.2);
  emit.emit({ kind: 'load', size, signed, dst, src: base.register, off });
  scope.set(dst, loaded(scope, base, off, size, signed));
  return true;
};

function loaded(scope: Scope, base: Base, off: number, size: Size, signed: boolean): Held {
  const [slot, ...more] = slotsAt(base, off, size);
  const isWhole = slot !== undefined && more.length === 0 && size === 8;
  const held = isWhole ? scope.state.slots[slot] : undefined;
  if (held !== undefined && held.kind !== 'none') return held;
  return signed || size === 8 ? UNKNOWN : num(2 ** (8 * size) - 1);
}

const store: Statement = (scope) => {
  const { random, emit } = scope;
  const size = scope.size();
  const base = pickBase(scope, size, ({ writable }) => writable);
  if (base === undefined) return false;
  const off = offsetIn(scope, base, size);
  const slots = slotsAt(base, off, size);
  if (isLocked(scope, slots)) return false;
  const operand: Operand = random.chance(0.6) ? { src: scope.number() } : { imm: random.imm() };
  emit.store(size, base.register, off, operand);
  const whole = size === 8 && slots.length === 1;
  const value: Held = operand.src === undefined ? num(operand.imm) : scope.held(operand.src);
  for (const slot of slots) scope.state.slots[slot] = whole ? value : UNKNOWN;
  return true;
};

/** Keeps a register, of any kind, on the stack. */
const spill: Statement = (scope) => {
  const src = scope.any((held) => held.kind !== 'none');
  const slot = scope.random.below(SLOTS);
  if (src === undefined || scope.lockedSlots.has(slot)) return false;
  scope.emit.store(8, FRAME, -8 * (slot + 1), { src });
  scope.state.slots[slot] = scope.held(src);
  return true;
};

const fill: Statement = (scope) => {
  const { random, emit } = scope;
  const full = Array.from({ length: SLOTS }, (_, i) => i).filter(
    (i) => scope.state.slots[i]?.kind !== 'none',
  );
  if (full.length === 0) return false;
  const slot = random.pick(full);
  const held = scope.state.slots[slot] ?? NONE;
  const dst = scope.free();
  const isHalf = isNum(held) && random.chance(0.3);
  const size = isHalf ? random.pick([1, 2, 4] as const) : 8;
  emit.load(size, dst, FRAME, -8 * (slot + 1) + (isHalf && random.chance(0.2) ? 8 - size : 0));
  const most = 2 ** (8 * size) - 1;
  scope.set(dst, isHalf && isNum(held) ? num(Math.min(held.max ?? most, most)) : held);
  return true;
};

/** The address of something on the stack. */
const address: Statement = (scope) => {
  const dst = scope.free();
  const off = -8 * scope.random.between(1, SLOTS);
  scope.emit.mov(dst, { src: FRAME });
  scope.emit.alu('add', 64, dst, { imm: scope.about(off) });
  scope.set(dst, scope.frame(off));
  return true;
};

/** Moves a pointer by a constant. */
const move: Statement = (scope) => {
  const { random, emit } = scope;
  const register = scope.any((held) => isUsable(held) || isPacket(held));
  if (register === undefined || scope.locked.has(register)) return false;
  const held = scope.held(register);
  const by = random.pick([1, 2, 4, 4, 8, 8, 14, 16, 20, -1, -4, -8]);
  emit.alu('add', 64, register, { imm: by });
  if (isPacket(held)) scope.set(register, { ...held, off: held.off + by });
  if (isPointer(held)) scope.set(register, { ...held, lo: held.lo + by, hi: held.hi + by });
  return true;
};

/** Adds a number to a pointer and uses the place: what was believed of the number must be true. */
const index: Statement = (scope) => {
  const { random, emit } = scope;
  const size = random.pick([1, 1, 2, 4, 8] as const);
  const base = pickBase(scope, size, (one) => !isPacket(one.held));
  if (base === undefined) return false;
  const number = changeable(scope, scope.number([base.register]), base.register);
  if (number === base.register) return false;
  const unit = isFrame(base) ? size : random.pick([1, 1, size]);
  const most = confine(scope, number, base.high - base.low - size, unit);
  if (most === undefined) return false;
  // Linux 6.18 takes `number += r10` in a callee for an address in the main program's frame.
  const keeps = random.chance(0.5) && (!isStack(base) || scope.plan.role === 'main');
  const register = keeps ? number : scope.free([base.register, number]);
  if (register === base.register) return false;
  if (register === number) emit.alu('add', 64, register, { src: base.register });
  else {
    emit.mov(register, { src: base.register });
    emit.alu('add', 64, register, { src: number });
  }
  const held = moved(scope, base, most);
  scope.set(register, held);
  use(scope, register, base, size, most);
  return true;
};

/** The register, or a copy where it must stay as it is: the counter of a loop. */
function changeable(scope: Scope, register: number, except: number): number {
  if (!scope.locked.has(register)) return register;
  const copy = scope.free([register, except]);
  scope.emit.mov(copy, { src: register });
  scope.set(copy, scope.held(register));
  return copy;
}

/** Makes a number small enough to be added; what it can be then. Now and then trusts that it is. */
function confine(scope: Scope, number: number, room: number, unit: number): number | undefined {
  const { random, emit } = scope;
  if (room < 0) return undefined;
  const known = scope.state.num(number)?.max;
  const isFine = known !== undefined && known * unit <= room;
  if (!isFine && !scope.mistake()) {
    const mask = 2 ** Math.floor(Math.log2(Math.floor(room / unit) + 1)) - 1;
    emit.alu('and', random.pick([32, 64] as const), number, {
      imm: (scope.mistake() ? mask * 2 + 1 : mask) | 0,
    });
    scope.set(number, num(mask));
  }
  const most = scope.state.num(number)?.max ?? 0;
  if (unit > 1) {
    if (random.chance(0.7)) emit.alu('lsh', 64, number, { imm: Math.log2(unit) });
    else emit.alu('mul', 64, number, { imm: unit });
  }
  scope.set(number, num(most * unit));
  return most * unit;
}

function moved(scope: Scope, { held, register }: Base, most: number): Held {
  const pointer = register === FRAME ? scope.frame(0) : held;
  if (!isPointer(pointer)) return NONE;
  return { ...pointer, hi: pointer.hi + most, id: scope.fresh() };
}

/** A load or store at the computed place. */
function use(scope: Scope, register: number, base: Base, size: Size, most: number): void {
  const { random, emit } = scope;
  const off = inField(
    scope.about(
      isFrame(base)
        ? base.low
        : base.low + random.below(Math.max(1, Math.min(64, base.high - base.low - most - size + 1))),
    ),
  );
  const lowest = isFrame(base) ? slotsAt(base, off, most + size) : [];
  if (!base.writable || isLocked(scope, lowest) || random.chance(0.5)) {
    const dst = scope.free([register]);
    emit.load(size, dst, register, off);
    scope.set(dst, size === 8 ? UNKNOWN : num(2 ** (8 * size) - 1));
    return;
  }
  emit.store(size, register, off, scope.operand());
  for (const slot of lowest) scope.state.slots[slot] = UNKNOWN;
}

/** Not at one place on the stack: atomics cannot go there. */
const isVague = ({ held }: Base): boolean =>
  isPointer(held) && held.to.name === 'frame' && held.lo !== held.hi;

const atomic: Statement = (scope) => {
  const { random, emit } = scope;
  const size = random.pick([4, 8] as const);
  const isLoose = scope.mistake();
  const base = pickBase(
    scope,
    size,
    (one) => one.writable && !isPacket(one.held) && (isLoose || !isVague(one)),
  );
  if (base === undefined) return false;
  const off = Math.floor(offsetIn(scope, base, size) / size) * size;
  const slots = slotsAt(base, off, size);
  if (isLocked(scope, slots) || off < base.low) return false;
  const { op, sign } = random.pick(ATOMICS);
  const fetch = sign === '' || random.chance(0.5);
  const src = scope.variable();
  if (src === base.register) return false;
  if (op === 'cmpxchg') {
    if (scope.locked.has(0) || base.register === 0) return false;
    if (!isNum(scope.held(0))) emit.mov(0, { imm: 0 });
    scope.set(0, size === 4 ? num(0xffff_ffff) : UNKNOWN);
  } else if (fetch) scope.set(src, size === 4 ? num(0xffff_ffff) : UNKNOWN);
  emit.emit({ kind: 'atomic', op, fetch, size, dst: base.register, src, off });
  for (const slot of slots) scope.state.slots[slot] = UNKNOWN;
  return true;
};

const ordered: Statement = (scope) => {
  const { random, emit } = scope;
  const size = scope.size();
  const base = pickBase(scope, size, (one) => !isPacket(one.held));
  if (base === undefined) return false;
  const off = Math.floor(offsetIn(scope, base, size) / size) * size;
  const slots = slotsAt(base, off, size);
  if (random.chance(0.5) || !base.writable || isLocked(scope, slots)) {
    const dst = scope.free();
    emit.emit({ kind: 'loadAcquire', size, dst, src: base.register, off });
    scope.set(dst, loaded(scope, base, off, size, false));
    return true;
  }
  emit.emit({ kind: 'storeRelease', size, dst: base.register, src: scope.number(), off });
  for (const slot of slots) scope.state.slots[slot] = UNKNOWN;
  return true;
};

/** Fills `bytes` from `off` on with numbers, so that a helper may read them. */
export function initialise(scope: Scope, off: number, bytes: number): void {
  for (let at = off; at < off + bytes; at += 8) {
    const slot = Math.floor((-1 - at) / 8);
    if (scope.state.slots[slot]?.kind === 'num' && scope.random.chance(0.8)) continue;
    const size = Math.min(8, off + bytes - at);
    const operand = scope.random.chance(0.3) ? { src: scope.number() } : { imm: scope.random.below(6) };
    scope.emit.store(size === 8 ? 8 : 4, FRAME, at, operand);
    scope.state.slots[slot] = UNKNOWN;
  }
}

export const MEMORY_STATEMENTS: Readonly<Record<string, Statement>> = {
  load,
  store,
  spill,
  fill,
  address,
  move,
  index,
  atomic,
  ordered,
};
