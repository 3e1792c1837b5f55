import { helperCall, ringRecord } from './helpers.ts';
import {
  ARRAY_ENTRIES,
  ARRAY_MAP,
  COUNTERS,
  FRAME,
  HASH_MAP,
  HASH_VALUE_SIZE,
  MEMORY_BASE,
  PERCPU_MAP,
  PROG_MAP,
  QUEUE_MAP,
  type Scope,
  type Statement,
} from './scope.ts';

const MAP_LOOKUP = 1;
const MAP_UPDATE = 2;
const MAP_DELETE = 3;
const GET_CPU = 8;
const TAIL_CALL = 12;
const MAP_PUSH = 87;
const MAP_POP = 88;
const MAP_PEEK = 89;
const FOR_EACH = 164;
const LOOP = 181;

/** Stack slots for keys and values of helper calls; other statements may write there too. */
const KEY = -8;
const VALUE = -8 - HASH_VALUE_SIZE;

const KEYS = 12;

function keyOnStack(scope: Scope, map: number): void {
  const { emitter, random } = scope;
  const key = map === HASH_MAP ? random.below(KEYS) : random.below(ARRAY_ENTRIES + 1);
  emitter.store(4, FRAME, KEY, { imm: key });
  emitter.map(1, 5, map);
  emitter.mov(2, { src: FRAME });
  emitter.alu('add', 64, 2, { imm: KEY });
}

/** Looks an element up and reads and writes its value. */
const lookup: Statement = (scope) => {
  const { emitter, random, profile } = scope;
  const map = random.pick(profile.kernel ? [ARRAY_MAP, HASH_MAP] : [ARRAY_MAP, HASH_MAP, PERCPU_MAP]);
  const absent = emitter.label();
  keyOnStack(scope, map);
  emitter.helper(MAP_LOOKUP);
  emitter.to({ kind: 'jump', op: 'jeq', width: 64, dst: 0, off: 0, imm: 0 }, absent);
  emitter.load(8, 1, 0, 0);
  emitter.alu('add', 64, 1, { imm: random.imm() });
  emitter.store(8, 0, 8, { src: 1 });
  emitter.emit({ kind: 'atomic', op: 'add', fetch: random.chance(0.5), size: 8, dst: 0, src: 1, off: 0 });
  emitter.place(absent);
  scope.refill([0]);
  scope.afterCall();
};

const update: Statement = (scope) => {
  const { emitter, random, profile } = scope;
  const map = random.pick(profile.kernel ? [HASH_MAP] : [HASH_MAP, HASH_MAP, PERCPU_MAP]);
  emitter.store(8, FRAME, VALUE, scope.operand());
  emitter.store(8, FRAME, VALUE + 8, scope.operand());
  keyOnStack(scope, map);
  emitter.mov(3, { src: FRAME });
  emitter.alu('add', 64, 3, { imm: VALUE });
  emitter.mov(4, { imm: random.below(profile.kernel ? 3 : 5) });
  emitter.helper(MAP_UPDATE);
  scope.afterCall();
};

const remove: Statement = (scope) => {
  keyOnStack(scope, HASH_MAP);
  scope.emitter.helper(MAP_DELETE);
  scope.afterCall();
};

const queue: Statement = (scope) => {
  const { emitter, random } = scope;
  const helper = random.pick([MAP_PUSH, MAP_POP, MAP_PEEK]);
  emitter.store(8, FRAME, VALUE, scope.operand());
  emitter.map(1, 5, QUEUE_MAP);
  emitter.mov(2, { src: FRAME });
  emitter.alu('add', 64, 2, { imm: VALUE });
  if (helper === MAP_PUSH) emitter.mov(3, { imm: random.pick([0, 2]) });
  emitter.helper(helper);
  scope.afterCall();
};

const cpu: Statement = (scope) => {
  scope.emitter.helper(GET_CPU);
  if (scope.profile.kernel) scope.emitter.mov(0, { imm: 0 });
  scope.afterCall();
};

const local: Statement = (scope) => {
  const { emitter, random, profile } = scope;
  const callee = random.pick(scope.callees('function'));
  emitter.mov(1, { src: scope.hasMemory ? MEMORY_BASE : FRAME });
  emitter.mov(2, { imm: random.imm() });
  if (!profile.kernel && random.chance(0.2)) {
    emitter.function(3, callee.label);
    emitter.emit({ kind: 'callx', dst: 3 });
  } else {
    emitter.to({ kind: 'call', target: 'local', imm: 0, off: 0 }, callee.label);
  }
  if (profile.kernel) scope.refill([1, 2, 3, 4, 5]);
  else scope.refill([1, 3]);
};

/** Callbacks are given the memory's address as their context, where the kernel does not forbid it. */
function callbackContext(scope: Scope): void {
  if (scope.hasMemory && !scope.profile.kernel) scope.emitter.mov(3, { src: MEMORY_BASE });
  else scope.emitter.mov(3, { imm: 0 });
}

const loopHelper: Statement = (scope) => {
  const { emitter, random } = scope;
  emitter.mov(1, { imm: random.below(scope.profile.trips) });
  emitter.function(2, random.pick(scope.callees('callback')).label);
  callbackContext(scope);
  emitter.mov(4, { imm: 0 });
  emitter.helper(LOOP);
  scope.refill([1, 2, 3, 4, 5]);
};

const forEach: Statement = (scope) => {
  const { emitter, random, profile } = scope;
  emitter.map(1, 5, random.pick(profile.kernel ? [ARRAY_MAP] : [ARRAY_MAP, HASH_MAP, PERCPU_MAP]));
  emitter.function(2, random.pick(scope.callees('each')).label);
  callbackContext(scope);
  emitter.mov(4, { imm: 0 });
  emitter.helper(FOR_EACH);
  scope.refill([1, 2, 3, 4, 5]);
};

/** Seldom inside loops: it does not come back when the slot is full. */
const tailCall: Statement = (scope) => {
  const { emitter, random } = scope;
  if (scope.loops > 0 && random.chance(0.9)) return cpu(scope);
  emitter.mov(1, { src: MEMORY_BASE });
  emitter.map(2, 5, PROG_MAP);
  emitter.mov(3, { imm: random.below(6) });
  emitter.helper(TAIL_CALL);
  scope.refill([1, 2]);
};

/** Calls that are possible at this place. */
export function callStatements(scope: Scope): (readonly [number, Statement])[] {
  const list: (readonly [number, Statement])[] = [
    [3, lookup],
    [2, update],
    [1, remove],
    [1, cpu],
    [2, helperCall],
  ];
  if (scope.callees('function').length > 0) list.push([3, local]);
  if (scope.loops < COUNTERS.length && scope.callees('callback').length > 0) list.push([1, loopHelper]);
  if (scope.loops < COUNTERS.length && scope.callees('each').length > 0) list.push([1, forEach]);
  if (scope.profile.kernel) return list;
  list.push([1, queue], [1, ringRecord]);
  if (scope.profile.context === 'memory' && scope.hasMemory) list.push([1, tailCall]);
  return list;
}
