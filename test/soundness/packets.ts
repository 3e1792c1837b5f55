/** Statements on contexts and packets. */
import type { JumpOp } from '../../src/isa/insn.ts';
import { block } from './block.ts';
import { num, UNKNOWN } from './held.ts';
import { leaveThrough } from './scalars.ts';
import { CONTEXT, FRAME, isNum, isPacket, type Scope, type Statement } from './scope.ts';
import { SLOTS } from './state.ts';

const XDP_FIELDS = [12, 16] as const;
const SKB_FIELDS = [0, 4, 8, 12, 16, 20, 24, 32, 40, 48, 52, 64, 68] as const;
const FILTER_FIELDS = [0, 4, 12, 16, 20, 24, 32, 40, 48, 64, 68] as const;
const DATA = { xdp: 0, sched_cls: 76 } as const;

const hasContext = (scope: Scope): boolean => scope.held(CONTEXT).kind === 'ctx';
const dataOffset = ({ unit }: Scope): number | undefined => DATA[unit.type as keyof typeof DATA];

const contextField: Statement = (scope) => {
  if (!hasContext(scope)) return false;
  const { random, emit, unit } = scope;
  const fields = unit.type === 'xdp' ? XDP_FIELDS : unit.type === 'sched_cls' ? SKB_FIELDS : FILTER_FIELDS;
  const dst = scope.free();
  emit.load(4, dst, CONTEXT, scope.about(random.pick(fields)));
  scope.set(dst, num(0xffff_ffff));
  return true;
};

/** Writes a field that programs may write. */
const contextStore: Statement = (scope) => {
  if (!hasContext(scope) || scope.unit.type === 'xdp') return false;
  const fields = scope.unit.type === 'sched_cls' ? [8, 32, 48, 52, 64] : [48, 52, 64];
  const src = scope.number();
  scope.emit.store(4, CONTEXT, scope.random.pick(fields), { src });
  return true;
};

const packet: Statement = (scope) => {
  const offset = dataOffset(scope);
  if (offset === undefined || !hasContext(scope)) return false;
  const { emit, random } = scope;
  const data = scope.free();
  const end = scope.free([data]);
  if (random.chance(0.5)) emit.load(4, end, CONTEXT, offset + 4);
  emit.load(4, data, CONTEXT, offset);
  if (scope.held(end).kind !== 'end' || random.chance(0.5)) emit.load(4, end, CONTEXT, offset + 4);
  scope.set(data, { kind: 'pkt', id: scope.fresh(), off: 0 });
  scope.set(end, { kind: 'end' });
  room(scope, data, end);
  return true;
};

interface Compare {
  readonly op: JumpOp;
  /** The end stands on the left. */
  readonly swapped: boolean;
  /** The packet is long enough where the jump is not taken. */
  readonly otherwise: boolean;
  /** Bytes more than compared with that are there. */
  readonly more: number;
}

const COMPARES: readonly Compare[] = [
  { op: 'jgt', swapped: false, otherwise: true, more: 0 },
  { op: 'jge', swapped: false, otherwise: true, more: 1 },
  { op: 'jlt', swapped: false, otherwise: false, more: 1 },
  { op: 'jle', swapped: false, otherwise: false, more: 0 },
  { op: 'jgt', swapped: true, otherwise: false, more: 1 },
  { op: 'jge', swapped: true, otherwise: false, more: 0 },
  { op: 'jlt', swapped: true, otherwise: true, more: 0 },
  { op: 'jle', swapped: true, otherwise: true, more: 1 },
];

/** Compares a place in the packet with its end; what follows has that much room. */
function room(scope: Scope, pointer: number, end: number): boolean {
  const { random, emit } = scope;
  const held = scope.held(pointer);
  if (!isPacket(held)) return false;
  const bytes = random.pick([1, 2, 4, 8, 14, 14, 20, 34, 54, 64]);
  const compared = random.chance(0.2) ? pointer : scope.free([pointer, end]);
  if (compared === pointer && scope.locked.has(pointer)) return false;
  if (compared !== pointer) emit.mov(compared, { src: pointer });
  emit.alu('add', 64, compared, { imm: bytes });
  scope.set(compared, { ...held, off: held.off + bytes });
  const form = random.pick(COMPARES);
  const bad = emit.label();
  const [dst, src] = form.swapped ? [end, compared] : [compared, end];
  if (form.otherwise) scope.jump(form.op, 64, dst, { src }, bad);
  else {
    const good = emit.label();
    scope.jump(form.op, 64, dst, { src }, good);
    emit.to({ kind: 'ja', long: false, off: 0 }, bad);
    emit.place(good);
  }
  const before = scope.state.clone();
  const enough = held.off + bytes + (scope.mistake() ? 1 : random.chance(0.3) ? form.more : 0);
  scope.state.rooms.set(held.id, Math.max(enough, scope.state.rooms.get(held.id) ?? 0));
  scope.unit.branches++;
  if (scope.mayLeave && random.chance(0.6)) {
    leaveThrough(scope, bad);
    return true;
  }
  block(scope, random.between(1, 4));
  emit.place(bad);
  scope.state = scope.state.join(before, scope.fresh);
  return true;
}

const packetRoom: Statement = (scope) => {
  const pointer = scope.any(isPacket);
  const end = scope.any(({ kind }) => kind === 'end');
  if (pointer === undefined || end === undefined || scope.unit.branches > 10) return false;
  return room(scope, pointer, end);
};

/** A place in the packet that depends on a number, as after a header of variable length. */
const packetMove: Statement = (scope) => {
  const { random, emit } = scope;
  const pointer = scope.any(isPacket);
  const end = scope.any(({ kind }) => kind === 'end');
  if (pointer === undefined || end === undefined || scope.locked.has(pointer)) return false;
  const number = scope.variable([pointer, end]);
  if (number === pointer || number === end || !isNum(scope.held(number))) return false;
  const known = scope.state.num(number)?.max;
  if ((known === undefined || known > 4096) && !scope.mistake()) {
    emit.alu('and', 64, number, { imm: random.pick([15, 60, 63, 255]) });
    scope.set(number, num(255));
  }
  const dst = random.chance(0.5) ? pointer : scope.free([pointer, end, number]);
  if (dst === end) return false;
  if (dst !== pointer) emit.mov(dst, { src: pointer });
  emit.alu('add', 64, dst, { src: number });
  scope.set(dst, { kind: 'pkt', id: scope.fresh(), off: 0 });
  if (random.chance(0.8) && scope.unit.branches <= 10) room(scope, dst, end);
  return true;
};

const ADJUST_HEAD = 44;
const ADJUST_TAIL = 65;
const PULL_DATA = 39;

/** The packet moves: pointers into it are lost. */
const adjust: Statement = (scope) => {
  if (!hasContext(scope) || scope.unit.type === 'socket_filter') return false;
  const { random, emit } = scope;
  scope.save();
  emit.mov(1, { src: CONTEXT });
  emit.mov(2, { imm: random.pick([0, 1, -1, 8, -8, 14, 20]) });
  emit.helper(scope.unit.type === 'xdp' ? random.pick([ADJUST_HEAD, ADJUST_TAIL]) : PULL_DATA);
  scope.called(UNKNOWN);
  if (!scope.mistake()) scope.state.forget(({ kind }) => kind === 'pkt' || kind === 'end');
  return true;
};

const SKB_LOAD = 26;
const XDP_LOAD = 189;

/** Packet bytes to the stack, as many as a number says. */
const loadBytes: Statement = (scope) => {
  if (!hasContext(scope)) return false;
  const { random, emit, unit } = scope;
  const first = random.between(0, SLOTS - 4);
  const slots = random.between(1, 4);
  if (Array.from({ length: slots }, (_, i) => first + i).some((slot) => scope.lockedSlots.has(slot)))
    return false;
  scope.save();
  if (random.chance(0.5) && isNum(scope.held(4)) && (scope.state.num(4)?.max ?? 99) <= 8 * slots) {
    // r4 is small enough as it is.
  } else if (random.chance(0.6) && isNum(scope.held(4))) {
    emit.alu('and', 64, 4, { imm: scope.about(8 * slots - 1) });
    if (random.chance(0.5)) emit.alu('add', 64, 4, { imm: scope.about(1) });
  } else emit.mov(4, { imm: scope.about(random.between(1, 8 * slots)) });
  emit.mov(1, { src: CONTEXT });
  emit.mov(2, { imm: random.below(40) });
  emit.mov(3, { src: FRAME });
  emit.alu('add', 64, 3, { imm: -8 * (first + slots) });
  emit.helper(unit.type === 'xdp' ? XDP_LOAD : SKB_LOAD);
  scope.called(UNKNOWN);
  for (let i = 0; i < slots; i++) scope.state.slots[first + i] = UNKNOWN;
  return true;
};

/** LD_ABS and LD_IND. */
const legacy: Statement = (scope) => {
  const { random, emit, unit } = scope;
  if (unit.type === 'xdp' || !hasContext(scope) || scope.plan.role !== 'main' || scope.state.owed.length > 0)
    return false;
  const src = random.chance(0.4) ? scope.number() : undefined;
  emit.emit({ kind: 'packet', size: random.pick([1, 2, 4] as const), src, imm: random.below(40) });
  scope.called(num(0xffff_ffff));
  return true;
};

export const PACKET_STATEMENTS: Readonly<Record<string, Statement>> = {
  contextField,
  contextStore,
  packet,
  packetRoom,
  packetMove,
  adjust,
  loadBytes,
  legacy,
};
