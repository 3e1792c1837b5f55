/** Statements on maps and ring buffers. */
import { block } from './block.ts';
import { type Held, NONE, num, type Pointer, type Region, UNKNOWN } from './held.ts';
import {
  ARRAY,
  CONSTANTS,
  DIRECT,
  HASH,
  keySizeOf,
  LOOKED_UP,
  LRU_HASH,
  PROGRAMS,
  QUEUE,
  RING,
  valueSizeOf,
} from './maps.ts';
import { initialise } from './pointers.ts';
import { leaveThrough } from './scalars.ts';
import { CONTEXT, FRAME, isPointer, isUsable, type Scope, type Statement } from './scope.ts';

const LOOKUP = 1;
const UPDATE = 2;
const DELETE = 3;
const TAIL_CALL = 12;
const PUSH = 87;
const POP = 88;
const PEEK = 89;
const OUTPUT = 130;
const RESERVE = 131;
const SUBMIT = 132;
const DISCARD = 133;
const LOOKUP_PERCPU = 195;

const KEY = -8;

const valueRegion = (map: number): Region => ({
  name: 'value',
  size: valueSizeOf(map),
  writable: map !== CONSTANTS,
  map,
});

const pointerTo = (scope: Scope, to: Region, nullable: boolean): Pointer => ({
  kind: 'ptr',
  to,
  lo: 0,
  hi: 0,
  id: scope.fresh(),
  nullable,
});

/** A key on the stack, its address in `register`; or the address of other memory of that size. */
function key(scope: Scope, register: number, map: number): boolean {
  const { random, emit } = scope;
  if (scope.lockedSlots.has(0)) return false;
  const size = keySizeOf(map);
  const operand = random.chance(0.3) ? { src: scope.number() } : { imm: random.below(10) };
  emit.store(size === 8 ? 8 : 4, FRAME, KEY, operand);
  scope.state.slots[0] = UNKNOWN;
  emit.mov(register, { src: FRAME });
  emit.alu('add', 64, register, { imm: scope.mistake() ? KEY + 8 - size + 1 : KEY });
  return true;
}

const lookup: Statement = (scope) => {
  const { random, emit } = scope;
  const map = random.pick(LOOKED_UP);
  scope.save();
  if (!key(scope, 2, map)) return false;
  emit.map(1, 5, map);
  const isPerCpu = map === 2 && random.chance(0.2);
  if (isPerCpu) emit.mov(3, { imm: random.below(3) });
  emit.helper(isPerCpu ? LOOKUP_PERCPU : LOOKUP);
  scope.called(pointerTo(scope, valueRegion(map), true));
  if (random.chance(0.85) && scope.unit.branches <= 10) return check(scope, 0);
  return true;
};

/** Compares a pointer that may be NULL with it; what follows has the pointer. */
function check(scope: Scope, register: number): boolean {
  const { random, emit } = scope;
  const held = scope.held(register);
  if (!isPointer(held) || !held.nullable) return false;
  scope.unit.branches++;
  const none = emit.label();
  if (scope.mistake()) {
    scope.state.everywhere(held.id, (one) => ({ ...one, nullable: false }));
    return true;
  }
  if (random.chance(0.6)) scope.jump('jeq', 64, register, { imm: 0 }, none);
  else {
    const some = emit.label();
    scope.jump('jne', 64, register, { imm: 0 }, some);
    emit.to({ kind: 'ja', long: false, off: 0 }, none);
    emit.place(some);
  }
  const before = scope.state.clone();
  before.everywhere(held.id, () => num(0));
  scope.state.everywhere(held.id, (one) => ({ ...one, nullable: false }));
  if (scope.mayLeave && random.chance(0.5)) {
    leaveThrough(scope, none);
    return true;
  }
  block(scope, random.between(1, 5));
  emit.place(none);
  scope.state = scope.state.join(before, scope.fresh);
  return true;
}

const nullCheck: Statement = (scope) => {
  const register = scope.any((held) => isPointer(held) && held.nullable && held.to.name !== 'record');
  return register !== undefined && scope.unit.branches <= 10 && check(scope, register);
};

/** The address of a map's value, without a lookup. */
const direct: Statement = (scope) => {
  const map = scope.random.pick(DIRECT);
  const dst = scope.free();
  const off = scope.random.below(valueSizeOf(map) / 8) * 8;
  scope.emit.map(dst, 6, map, scope.about(off));
  scope.set(dst, { ...pointerTo(scope, valueRegion(map), false), lo: off, hi: off });
  return true;
};

/** Address of `bytes` initialised bytes in `register`: of the stack, or of memory that is there. */
function bytesAt(scope: Scope, register: number, bytes: number): void {
  const { random, emit } = scope;
  const fits = scope.registers(
    (held) => isUsable(held) && held.to.name === 'value' && held.lo >= 0 && held.hi + bytes <= held.to.size,
  );
  const [first] = fits.filter((n) => n > 5 || n === register);
  if (first !== undefined && random.chance(0.4)) {
    if (first !== register) emit.mov(register, { src: first });
    return;
  }
  const off = -16 - 8 * Math.ceil(bytes / 8);
  initialise(scope, off, bytes);
  emit.mov(register, { src: FRAME });
  emit.alu('add', 64, register, { imm: scope.about(off) });
}

const slotsFree = (scope: Scope): boolean => scope.lockedSlots.size === 0;

const update: Statement = (scope) => {
  if (!slotsFree(scope)) return false;
  const { random, emit } = scope;
  const map = random.pick([ARRAY, HASH, LRU_HASH]);
  scope.save();
  bytesAt(scope, 3, valueSizeOf(map) > 24 ? 24 : valueSizeOf(map));
  if (valueSizeOf(map) > 24) initialise(scope, -128, 112);
  if (valueSizeOf(map) > 24) emit.alu('mov', 64, 3, { src: FRAME });
  if (valueSizeOf(map) > 24) emit.alu('add', 64, 3, { imm: -128 });
  key(scope, 2, map);
  emit.map(1, 5, map);
  emit.mov(4, { imm: random.below(3) });
  emit.helper(UPDATE);
  scope.called(UNKNOWN);
  return true;
};

const remove: Statement = (scope) => {
  scope.save();
  const map = scope.random.pick([HASH, LRU_HASH]);
  if (!key(scope, 2, map)) return false;
  scope.emit.map(1, 5, map);
  scope.emit.helper(DELETE);
  scope.called(UNKNOWN);
  return true;
};

const queue: Statement = (scope) => {
  if (!slotsFree(scope)) return false;
  const { random, emit } = scope;
  const helper = random.pick([PUSH, POP, PEEK]);
  scope.save();
  if (helper === PUSH) initialise(scope, -24, 8);
  emit.map(1, 5, QUEUE);
  emit.mov(2, { src: FRAME });
  emit.alu('add', 64, 2, { imm: -24 });
  if (helper === PUSH) emit.mov(3, { imm: random.pick([0, 2]) });
  emit.helper(helper);
  scope.called(UNKNOWN);
  if (helper !== PUSH) scope.state.slots[2] = UNKNOWN;
  return true;
};

/** Sends as many bytes of the stack as a number says. */
const output: Statement = (scope) => {
  if (!slotsFree(scope)) return false;
  const { random, emit } = scope;
  scope.save();
  const bytes = 8 * random.between(1, 4);
  initialise(scope, -24 - bytes, bytes);
  if (random.chance(0.6) && scope.held(3).kind === 'num')
    emit.alu('and', 64, 3, { imm: scope.about(bytes - 1) });
  else emit.mov(3, { imm: scope.about(bytes) });
  emit.map(1, 5, RING);
  emit.mov(2, { src: FRAME });
  emit.alu('add', 64, 2, { imm: -24 - bytes });
  emit.mov(4, { imm: 0 });
  emit.helper(OUTPUT);
  scope.called(UNKNOWN);
  return true;
};

/** Reserves a record, and gives it back once what follows has filled it. */
const record: Statement = (scope) => {
  const { random, emit } = scope;
  if (scope.state.owed.length > 0 && random.chance(0.8)) return false;
  if (scope.loops > 0) return false;
  scope.save();
  const size = random.pick([8, 16, 24, 40, 64]);
  emit.map(1, 5, RING);
  emit.mov(2, { imm: size });
  emit.mov(3, { imm: 0 });
  emit.helper(RESERVE);
  scope.called(NONE);
  const full = emit.label();
  scope.jump('jeq', 64, 0, { imm: 0 }, full);
  const before = scope.state.clone();
  before.regs[0] = num(0);
  const keep = [7, 8, 9].find((n) => !scope.locked.has(n) && !isPointer(scope.held(n)));
  if (keep === undefined) return giveBack(scope, 0, before, full);
  const held: Held = pointerTo(scope, { name: 'record', size, writable: true, map: RING }, false);
  emit.mov(keep, { src: 0 });
  scope.set(0, held);
  scope.set(keep, held);
  scope.state.owed.push(held.id);
  scope.locked.add(keep);
  block(scope, random.between(1, 4));
  scope.locked.delete(keep);
  return giveBack(scope, keep, before, full);
};

function giveBack(
  scope: Scope,
  register: number,
  before: Scope['state'],
  full: ReturnType<Scope['emit']['label']>,
): boolean {
  const { random, emit } = scope;
  if (!scope.state.dead) {
    if (!scope.mistake()) {
      emit.mov(1, { src: register });
      emit.mov(2, { imm: 0 });
      emit.helper(random.pick([SUBMIT, DISCARD]));
      scope.called(NONE);
    }
    scope.state.owed = [...before.owed];
    if (!scope.mistake()) scope.state.forget((held) => isPointer(held) && held.to.name === 'record');
  }
  emit.place(full);
  scope.state = scope.state.join(before, scope.fresh);
  return true;
}

const tailCall: Statement = (scope) => {
  if (scope.held(CONTEXT).kind !== 'ctx' || scope.state.owed.length > 0 || scope.plan.role !== 'main')
    return false;
  scope.save();
  scope.emit.mov(1, { src: CONTEXT });
  scope.emit.map(2, 5, PROGRAMS);
  scope.emit.mov(3, { imm: scope.random.below(6) });
  scope.emit.helper(TAIL_CALL);
  scope.called(NONE);
  return true;
};

export const MAP_STATEMENTS: Readonly<Record<string, Statement>> = {
  lookup,
  nullCheck,
  direct,
  update,
  remove,
  queue,
  output,
  record,
  tailCall,
};
