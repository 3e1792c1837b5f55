/** Conditional jumps: two paths, each with what its outcome tells (check_cond_jmp_op of kernel/bpf/verifier.c). */
import * as abi from '../../../abi/state.ts';
import type { JaInsn, JumpInsn, MayGotoInsn } from '../../../isa/insn.ts';
import { JUMP_NUMBER } from '../../domain.ts';
import { kindOf, mayBeNull } from '../../state/kinds.ts';
import { apart, forgetJset, jsetTaken, walksImpossible } from '../likeLinux.ts';
import type { Explored } from '../paths/explore.ts';
import { push, pushChanged } from '../paths/pending.ts';
import { markPrecise } from '../paths/precision.ts';
import { refuse } from '../refusal.ts';
import type { Walk } from '../walk.ts';
import { markNotNullAs, notNullType, staysAboveZero } from './nulls.ts';
import { applyPacketComparison, comparesPacket, isAnyPacket, packetBranchTaken } from './packets.ts';

const NEVER_NULL: ReadonlySet<number> = new Set([
  abi.KIND_SOCK,
  abi.KIND_TCP_SOCK,
  abi.KIND_MAP_VALUE,
  abi.KIND_MAP_KEY,
  abi.KIND_SOCK_COMMON,
  abi.KIND_MAP,
]);

/** Whether the register is known not to be 0 (reg_not_null). */
function isNotNull(walk: Walk, r: number): boolean {
  const type = walk.memory.type(r);
  if (mayBeNull(type) || !staysAboveZero(walk, r)) return false;
  const kind = kindOf(type);
  if (kind === abi.KIND_BTF) return walk.memory.ref(r) !== 0 || (type & abi.FLAG_TRUSTED) !== 0;
  if (kind === abi.KIND_MEM) return (type & abi.FLAG_UNTRUSTED) === 0;
  return NEVER_NULL.has(kind);
}

const isScalar = (walk: Walk, r: number): boolean => walk.memory.kind(r) === abi.KIND_SCALAR;

/** A pointer compared with a constant: only that of 0 is decided. */
function pointerTaken(
  walk: Walk,
  insn: JumpInsn,
  pointer: number,
  other: number | undefined,
): boolean | undefined {
  const isZero = insn.src === undefined ? insn.imm === 0 : other !== undefined && walk.memory.isZero(other);
  if (!isZero || !isNotNull(walk, pointer)) return undefined;
  if (insn.op === 'jeq') return false;
  return insn.op === 'jne' ? true : undefined;
}

const outcome = (taken: number): boolean | undefined => (taken < 0 ? undefined : taken === 1);

/** Whether the jump is always or never taken from this state. */
function branchTaken(walk: Walk, insn: JumpInsn): boolean | undefined {
  const { ops } = walk;
  const { op, width, dst, src } = insn;
  const d = walk.reg(dst);
  const s = src === undefined ? undefined : walk.reg(src);
  if (s !== undefined && width === 64 && isAnyPacket(walk, d) && isAnyPacket(walk, s)) {
    return packetBranchTaken(walk, insn);
  }
  if (!isScalar(walk, d)) return pointerTaken(walk, insn, d, s);
  if (walk.rules.likeLinux && op === 'jset' && (s === undefined || isScalar(walk, s)))
    return jsetTaken(walk, insn);
  if (s === undefined) return outcome(ops.branchTakenImm(JUMP_NUMBER[op], width, d, insn.imm ?? 0));
  if (!isScalar(walk, s)) return walk.memory.isConst(d) ? pointerTaken(walk, insn, s, d) : undefined;
  return outcome(ops.branchTaken(JUMP_NUMBER[op], width, d, apart(walk, d, s)));
}

/** The outcome depended on the operands' values. */
function markOperands(walk: Walk, { dst, src }: JumpInsn): void {
  if (isScalar(walk, walk.reg(dst))) markPrecise(walk, dst);
  if (src !== undefined && isScalar(walk, walk.reg(src))) markPrecise(walk, src);
}

/** Notes which scalars share the ids of the operands: they are narrowed along, on both paths. */
function noteLinks(walk: Walk, { dst, src }: JumpInsn): void {
  const { memory, ops } = walk;
  memory.u32[abi.LINKS >> 2] = 0;
  if (src !== undefined && isScalar(walk, walk.reg(src))) ops.collectLinks(walk.reg(src));
  if (isScalar(walk, walk.reg(dst))) ops.collectLinks(walk.reg(dst));
  const count = memory.u32[abi.LINKS >> 2] ?? 0;
  if (count < 2) return;
  const start = abi.LINKS >> 2;
  walk.trace.noteLinks(walk.node, memory.u32.subarray(start, start + 1 + 2 * count));
  walk.history += 1;
}

/** Makes the places noted at the jump the ones that follow. */
function recallLinks(walk: Walk): boolean {
  const links = walk.trace.links(walk.node);
  if (links !== undefined) walk.memory.u32.set(links, abi.LINKS >> 2);
  return links !== undefined;
}

/** Narrows scalars by the outcome; false when there is no value it can have. */
function narrow(walk: Walk, insn: JumpInsn, taken: boolean): boolean {
  const { ops } = walk;
  const { op, width, dst, src } = insn;
  const d = walk.reg(dst);
  const s = src === undefined ? undefined : walk.reg(src);
  if (!isScalar(walk, d) || (s !== undefined && !isScalar(walk, s))) return true;
  const number = JUMP_NUMBER[op];
  const way = taken ? 1 : 0;
  if (!taken) forgetJset(walk, insn, d);
  const isPossible =
    s === undefined
      ? ops.refineImm(number, width, way, d, insn.imm ?? 0)
      : ops.refine(number, width, way, d, s);
  if (isPossible === 0) return walksImpossible(walk, d);
  if (recallLinks(walk)) {
    if (s !== undefined && walk.memory.id(s) !== 0) ops.syncLinks(s);
    if (walk.memory.id(d) !== 0) ops.syncLinks(d);
  }
  return true;
}

const isPointer = (walk: Walk, r: number): boolean => !isScalar(walk, r);

/** `if ptr == 0` settles what the pointer is, in all its copies (mark_ptr_or_null_regs). */
function applyNullCheck(walk: Walk, insn: JumpInsn, taken: boolean): void {
  const { memory, ops } = walk;
  const r = walk.reg(insn.dst);
  const isNull = (insn.op === 'jeq') === taken;
  const [id, reference] = [memory.id(r), memory.ref(r)];
  if (isNull && reference !== 0 && reference === id) {
    walk.holdings = {
      ...walk.holdings,
      references: walk.holdings.references.filter((held) => held.id !== reference),
    };
  }
  if (isNull) ops.markNull(id);
  else markNotNullAs(walk, id, notNullType(walk, r));
}

/** A pointer equal to one that is not NULL is not NULL either. */
function liftNull(walk: Walk, insn: JumpInsn, taken: boolean): void {
  const { memory } = walk;
  const { op, dst, src, width } = insn;
  if (src === undefined || width === 32) return;
  if ((op === 'jeq') !== taken || (op !== 'jeq' && op !== 'jne')) return;
  const [d, s] = [walk.reg(dst), walk.reg(src)];
  if (!isPointer(walk, d) || !isPointer(walk, s)) return;
  if (mayBeNull(memory.type(d)) === mayBeNull(memory.type(s))) return;
  if (memory.kind(d) === abi.KIND_BTF || memory.kind(s) === abi.KIND_BTF) return;
  const [nullable, other] = mayBeNull(memory.type(d)) ? [d, s] : [s, d];
  if (!staysAboveZero(walk, other)) return;
  const { type, aux, uid } = notNullType(walk, nullable);
  memory.setType(nullable, type);
  memory.setAux(nullable, aux);
  memory.setAux2(nullable, uid);
}

const isNullCheck = (walk: Walk, { op, src, imm, width, dst }: JumpInsn): boolean =>
  width === 64 &&
  src === undefined &&
  imm === 0 &&
  (op === 'jeq' || op === 'jne') &&
  mayBeNull(walk.memory.type(walk.reg(dst)));

/** Makes the current state that of one outcome; false when no run has it. */
function applyOutcome(walk: Walk, insn: JumpInsn, taken: boolean): boolean {
  if (!narrow(walk, insn, taken)) return false;
  liftNull(walk, insn, taken);
  if (isNullCheck(walk, insn)) applyNullCheck(walk, insn, taken);
  else applyPacketComparison(walk, insn, taken);
  return true;
}

function checkOperands(walk: Walk, insn: JumpInsn): void {
  const { dst, src } = insn;
  const d = walk.readable(dst);
  if (src === undefined) return;
  const s = walk.readable(src);
  const bothPackets = isAnyPacket(walk, d) && isAnyPacket(walk, s);
  if (!bothPackets && walk.isSecret(s)) refuse(`R${src} pointer comparison prohibited`);
}

function checkSecret(walk: Walk, insn: JumpInsn): void {
  if (isNullCheck(walk, insn) || comparesPacket(walk, insn)) return;
  if (walk.isSecret(walk.reg(insn.dst))) refuse(`R${insn.dst} pointer comparison prohibited`);
}

function go(walk: Walk, insn: JumpInsn, taken: boolean): void {
  walk.facts.jump(walk.insn, taken);
  if (taken) walk.next = walk.insn + 1 + insn.off;
}

/** The path in which the jump is taken, walked later: false when it turns out that there is none. */
function resume(walk: Walk, insn: JumpInsn, at: number): boolean {
  walk.insn = at;
  if (applyOutcome(walk, insn, true)) {
    walk.facts.jump(at, true);
    return true;
  }
  // That no value takes this path was decided by the operands' values.
  markOperands(walk, insn);
  return false;
}

export function stepJump(walk: Walk, insn: JumpInsn, explored: Explored): void {
  checkOperands(walk, insn);
  const known = branchTaken(walk, insn);
  if (known !== undefined) {
    markOperands(walk, insn);
    go(walk, insn, known);
    return;
  }
  checkSecret(walk, insn);
  noteLinks(walk, insn);
  const at = walk.insn;
  const pending = push(walk, at + 1 + insn.off, at, () => resume(walk, insn, at));
  if (applyOutcome(walk, insn, false)) {
    go(walk, insn, false);
    return;
  }
  // The jump is always taken after all: the path put aside is the only one.
  explored.takeBack(pending);
  markOperands(walk, insn);
  if (!applyOutcome(walk, insn, true)) walk.ended = true;
  go(walk, insn, true);
}

export function stepJa(walk: Walk, { off }: JaInsn): void {
  walk.next = walk.insn + 1 + off;
}

/** may_goto: the jump is tried first; the loop goes on in a state in which what changes is unknown. */
export function stepMayGoto(walk: Walk, { off }: MayGotoInsn, explored: Explored): void {
  const kept = explored.openBefore(walk.insn);
  const widen = (): void => {
    if (kept !== undefined) walk.ops.widenFrom(kept.address);
  };
  pushChanged(walk, walk.insn + 1, widen, () => {
    walk.mayGotoDepth += 1;
    return true;
  });
  walk.next = walk.insn + 1 + off;
}
