/** What comparisons of packet pointers prove (try_match_pkt_pointers of kernel/bpf/verifier.c). */
import {
  KIND_PACKET,
  KIND_PACKET_END,
  KIND_PACKET_META,
  RANGE_AT_END,
  RANGE_BEYOND_END,
} from '../../../abi/state.ts';
import type { JumpInsn, JumpOp } from '../../../isa/insn.ts';
import type { Walk } from '../walk.ts';
import { staysAboveZero } from './nulls.ts';

/** MAX_PACKET_OFF. */
const MAX_PACKET = 0xffff;

type Order = 'jlt' | 'jle' | 'jgt' | 'jge';

const FLIPPED: Readonly<Record<Order, Order>> = { jlt: 'jgt', jle: 'jge', jgt: 'jlt', jge: 'jle' };
const isOrder = (op: JumpOp): op is Order => op in FLIPPED;

export function isAnyPacket(walk: Walk, r: number): boolean {
  const kind = walk.memory.type(r);
  return kind === KIND_PACKET || kind === KIND_PACKET_META || kind === KIND_PACKET_END;
}

/** The start of the packet, as the context gives it. */
function isStart(walk: Walk, r: number): boolean {
  const { memory } = walk;
  return (
    memory.type(r) === KIND_PACKET &&
    memory.id(r) === 0 &&
    memory.off(r) === 0 &&
    memory.isConst(r) &&
    memory.constant(r) === 0
  );
}

/** Whether `end` is where what `pointer` points into ends. */
function isEndOf(walk: Walk, pointer: number, end: number): boolean {
  const kind = walk.memory.type(pointer);
  if (kind === KIND_PACKET) return walk.memory.type(end) === KIND_PACKET_END;
  return kind === KIND_PACKET_META && isStart(walk, end);
}

interface Comparison {
  /** `pointer op end`. */
  readonly op: Order;
  readonly pointer: number;
}

function comparisonOf(walk: Walk, insn: JumpInsn): Comparison | undefined {
  const { op, src, dst, width } = insn;
  if (src === undefined || width === 32 || !isOrder(op)) return undefined;
  const [d, s] = [walk.reg(dst), walk.reg(src)];
  if (isEndOf(walk, d, s)) return { op, pointer: d };
  return isEndOf(walk, s, d) ? { op: FLIPPED[op], pointer: s } : undefined;
}

export const comparesPacket = (walk: Walk, insn: JumpInsn): boolean => comparisonOf(walk, insn) !== undefined;

/** Bytes up to the pointer are there: with `more`, one byte more (find_good_pkt_pointers). */
function widen(walk: Walk, pointer: number, more: boolean): void {
  const { memory, ops } = walk;
  const off = memory.off(pointer);
  if (off < 0 || (off === 0 && more)) return;
  const most = ops.umaxOf(pointer);
  if (most > MAX_PACKET || most + off > MAX_PACKET) return;
  ops.widenPackets(memory.id(pointer), memory.type(pointer), more ? off + 1 : off);
}

/** The pointer is not before the end; how far behind is not known. Below 0 it only seems to be. */
function markEnd(walk: Walk, pointer: number, isBeyond: boolean): void {
  if (walk.memory.type(pointer) !== KIND_PACKET || !staysAboveZero(walk, pointer)) return;
  walk.memory.setAux(pointer, isBeyond ? RANGE_BEYOND_END : RANGE_AT_END);
}

/** What holds of the pointer where the comparison came out as told. */
export function applyPacketComparison(walk: Walk, insn: JumpInsn, taken: boolean): void {
  const comparison = comparisonOf(walk, insn);
  if (comparison === undefined) return;
  const { op, pointer } = comparison;
  const isBelow = op === 'jlt' || op === 'jle';
  // `<` jumps with the pointer before the end; `<=` at most at it: and the other way round where not taken.
  const isBefore = isBelow === taken;
  if (isBefore) widen(walk, pointer, op === 'jlt' || op === 'jge');
  else markEnd(walk, pointer, op === 'jle' || op === 'jgt');
}

/** Whether the jump is taken, where an earlier comparison has told (is_pkt_ptr_branch_taken). */
export function packetBranchTaken(walk: Walk, insn: JumpInsn): boolean | undefined {
  const { memory } = walk;
  if (insn.src === undefined || insn.width === 32 || !isOrder(insn.op)) return undefined;
  const [d, s] = [walk.reg(insn.dst), walk.reg(insn.src)];
  const endFirst = memory.type(d) === KIND_PACKET_END;
  if (!endFirst && memory.type(s) !== KIND_PACKET_END) return undefined;
  const op = endFirst ? FLIPPED[insn.op] : insn.op;
  const range = memory.aux(endFirst ? s : d) | 0;
  if (op === 'jle' || op === 'jgt') return range === RANGE_BEYOND_END ? op === 'jgt' : undefined;
  return range < 0 ? op === 'jge' : undefined;
}
