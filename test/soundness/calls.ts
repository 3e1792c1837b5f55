/** Statements with bodies of their own: loops, functions, callbacks. */
import { block } from './block.ts';
import { type Held, NONE, num, type Pointer, type Region, UNKNOWN } from './held.ts';
import { ARRAY, HASH, keySizeOf, valueSizeOf } from './maps.ts';
import {
  CONTEXT,
  FRAME,
  type FunctionRole,
  isNum,
  isUsable,
  type Plan,
  type Scope,
  type Statement,
} from './scope.ts';
import { SLOTS } from './state.ts';

const LOOP = 181;
const FOR_EACH = 164;

/** In a loop, what holds at its beginning must hold whenever it begins again. */
function freeze(scope: Scope): { registers: number[]; slots: number[] } {
  const registers: number[] = [];
  const slots: number[] = [];
  for (let n = 0; n < 10; n++) {
    const held = scope.held(n);
    if (isNum(held)) scope.set(n, UNKNOWN);
    else if (held.kind !== 'none' && !scope.locked.has(n)) registers.push(n);
  }
  for (let slot = 0; slot < SLOTS; slot++) {
    const held = scope.state.slots[slot] ?? NONE;
    if (isNum(held)) scope.state.slots[slot] = UNKNOWN;
    else if (held.kind !== 'none' && !scope.lockedSlots.has(slot)) slots.push(slot);
  }
  for (const n of registers) scope.locked.add(n);
  for (const slot of slots) scope.lockedSlots.add(slot);
  return { registers, slots };
}

/** Puts numbers where there were numbers when the loop began; frees what it froze. */
function thaw(scope: Scope, before: Scope['state'], frozen: ReturnType<typeof freeze>): void {
  for (let n = 0; n < 10; n++) {
    if (before.regs[n]?.kind === 'num' && !isNum(scope.held(n))) {
      scope.emit.mov(n, { imm: scope.random.below(4) });
      scope.set(n, UNKNOWN);
    }
  }
  for (let slot = 0; slot < SLOTS; slot++) {
    if (before.slots[slot]?.kind === 'num' && !isNum(scope.state.slots[slot] ?? NONE)) {
      scope.emit.store(8, FRAME, -8 * (slot + 1), { imm: 0 });
      scope.state.slots[slot] = UNKNOWN;
    }
  }
  for (const n of frozen.registers) scope.locked.delete(n);
  for (const slot of frozen.slots) scope.lockedSlots.delete(slot);
}

/** A call in the body leaves nothing in r0 to r5, and the loop would begin again without: they are given up before. */
function forgetScratch(scope: Scope): void {
  for (let n = 0; n <= 5; n++) scope.set(n, NONE);
}

function counter(scope: Scope): number | undefined {
  return [7, 8, 9].find((n) => !scope.locked.has(n) && ['none', 'num'].includes(scope.held(n).kind));
}

/** Counts a register up or down, with breaks; its value is an index of the body. */
const loop: Statement = (scope) => {
  const { random, emit, unit } = scope;
  const register = counter(scope);
  if (register === undefined || scope.loops > 1 || unit.loops > 2 || scope.depth > 3) return false;
  unit.loops++;
  const trips = random.between(1, scope.loops === 0 ? 10 : 4);
  const isUp = random.chance(0.7);
  const bounded = random.chance(0.8);
  emit.mov(register, { imm: isUp ? 0 : trips });
  forgetScratch(scope);
  const frozen = freeze(scope);
  scope.set(register, num(trips));
  scope.locked.add(register);
  const before = scope.state.clone();
  const [top, end] = [emit.label(), emit.label()];
  emit.place(top);
  if (!bounded) emit.to({ kind: 'mayGoto', off: 0 }, end);
  const atTop = scope.state.clone();
  scope.loops++;
  block(scope, random.between(1, 5));
  if (!scope.state.dead && random.chance(0.4))
    scope.jump(
      random.pick(['jeq', 'jgt', 'jslt', 'jset'] as const),
      scope.width(),
      scope.number(),
      { imm: random.below(64) },
      end,
    );
  const broken = scope.state.clone();
  scope.loops--;
  thaw(scope, before, frozen);
  scope.locked.delete(register);
  if (!scope.state.dead) {
    emit.alu('add', scope.width(), register, { imm: isUp ? random.pick([1, 1, 1, 2]) : -1 });
    if (isUp)
      scope.jump(random.pick(['jlt', 'jlt', 'jslt'] as const), scope.width(), register, { imm: trips }, top);
    else scope.jump(random.pick(['jne', 'jsgt', 'jgt'] as const), 64, register, { imm: 0 }, top);
  }
  emit.place(end);
  scope.set(register, num(2 * trips + 2));
  scope.state = scope.state.join(broken, scope.fresh);
  if (!bounded) scope.state = scope.state.join(atTop, scope.fresh);
  forgetScratch(scope);
  return true;
};

function newPlan(scope: Scope, role: FunctionRole, args: readonly Held[]): Plan {
  const plan: Plan = { role, label: scope.emit.label(), args };
  scope.unit.plans.push(plan);
  return plan;
}

const mayCall = ({ unit, level }: Scope): boolean => unit.plans.length < 4 && level < 3;

/** The caller's frame as a callee sees it: memory of so many bytes. */
const outer = (size: number): Region => ({ name: 'outer', size, writable: true, map: -1 });

/** A pointer into the frame for a callee, who may read and write `slots` slots from there on. */
function lend(scope: Scope, register: number): Held {
  const { random, emit } = scope;
  const slots = random.between(1, 4);
  const first = random.between(2, SLOTS - slots);
  const all = Array.from({ length: slots }, (_, i) => first + i);
  if (all.some((slot) => scope.lockedSlots.has(slot))) {
    emit.mov(register, { imm: 0 });
    return num(0);
  }
  for (const slot of all) {
    const held = scope.state.slots[slot];
    if (held?.kind !== 'num') emit.store(8, FRAME, -8 * (slot + 1), { imm: random.below(9) });
    scope.state.slots[slot] = UNKNOWN;
  }
  emit.mov(register, { src: FRAME });
  emit.alu('add', 64, register, { imm: -8 * (first + slots) });
  const held: Pointer = {
    kind: 'ptr',
    to: outer(8 * slots),
    lo: 0,
    hi: 0,
    id: scope.fresh(),
    nullable: false,
  };
  return held;
}

/** What may be handed to a function in a register, as it is. */
function passed(held: Held): Held | undefined {
  if (isNum(held)) return UNKNOWN;
  if (isUsable(held) && held.to.name === 'value') return held;
  return undefined;
}

const call: Statement = (scope) => {
  const { random, emit } = scope;
  if (!mayCall(scope)) return false;
  scope.save();
  const args: Held[] = [];
  const count = random.between(0, 4);
  for (let n = 1; n <= count; n++) {
    const as = passed(scope.held(n));
    if (as !== undefined && random.chance(0.7)) args.push(as);
    else args.push(argument(scope, n));
  }
  const plan = newPlan(scope, 'static', args);
  emit.to({ kind: 'call', target: 'local', imm: 0, off: 0 }, plan.label);
  scope.called(num(undefined));
  if (args.some(({ kind }) => kind === 'ctx'))
    scope.state.forget(({ kind }) => kind === 'pkt' || kind === 'end');
  return true;
};

function argument(scope: Scope, register: number): Held {
  const { random, emit } = scope;
  const kind = random.below(4);
  if (kind === 0) return lend(scope, register);
  if (kind === 1 && scope.held(CONTEXT).kind === 'ctx') {
    emit.mov(register, { src: CONTEXT });
    return { kind: 'ctx' };
  }
  const saved = [7, 8, 9].find((n) => passed(scope.held(n)) !== undefined);
  if (saved !== undefined && random.chance(0.6)) {
    emit.mov(register, { src: saved });
    return passed(scope.held(saved)) ?? UNKNOWN;
  }
  emit.mov(register, { imm: random.below(100) });
  return UNKNOWN;
}

/** bpf_loop over a callback that is given the caller's stack. */
const loopHelper: Statement = (scope) => {
  const { random, emit, unit } = scope;
  if (!mayCall(scope) || scope.loops > 0 || unit.loops > 2) return false;
  unit.loops++;
  scope.save();
  const context = random.chance(0.7) ? lend(scope, 3) : undefined;
  if (context === undefined) emit.mov(3, { imm: 0 });
  const plan = newPlan(scope, 'loop', [UNKNOWN, context ?? num(0)]);
  const isVariable = isNum(scope.held(1)) && random.chance(0.3);
  if (isVariable) emit.alu('and', 64, 1, { imm: 7 });
  else emit.mov(1, { imm: random.below(9) });
  emit.function(2, plan.label);
  emit.mov(4, { imm: 0 });
  emit.helper(LOOP);
  scope.called(UNKNOWN);
  return true;
};

const forEach: Statement = (scope) => {
  const { random, emit, unit } = scope;
  if (!mayCall(scope) || scope.loops > 0 || unit.loops > 2) return false;
  unit.loops++;
  scope.save();
  const map = random.pick([ARRAY, HASH]);
  const context = random.chance(0.7) ? lend(scope, 3) : undefined;
  if (context === undefined) emit.mov(3, { imm: 0 });
  const region = (name: 'key' | 'value', size: number): Pointer => ({
    kind: 'ptr',
    to: { name, size, writable: name === 'value', map },
    lo: 0,
    hi: 0,
    id: scope.fresh(),
    nullable: false,
  });
  const plan = newPlan(scope, 'each', [
    NONE,
    region('key', keySizeOf(map)),
    region('value', valueSizeOf(map)),
    context ?? num(0),
  ]);
  emit.map(1, 5, map);
  emit.function(2, plan.label);
  emit.mov(4, { imm: 0 });
  emit.helper(FOR_EACH);
  scope.called(UNKNOWN);
  return true;
};

export const CALL_STATEMENTS: Readonly<Record<string, Statement>> = { loop, call, loopHelper, forEach };
