/** Arithmetic with pointers (adjust_ptr_min_max_vals of kernel/bpf/verifier.c). */
import { NEAR_BEFORE, NEAR_BEHIND } from '../../../abi/layout.ts';
import * as abi from '../../../abi/state.ts';
import { ALU_ADD, ALU_SUB } from '../../../abi/verifier.ts';
import type { AluInsn, AluOp } from '../../../isa/insn.ts';
import { isPacket, kindOf, mayBeNull } from '../../state/kinds.ts';
import { nameOfType, tnumText } from '../describe.ts';
import { refuse } from '../refusal.ts';
import type { Walk } from '../walk.ts';

/** BPF_MAX_VAR_OFF: no offset of a pointer comes near what 32 bits hold. */
export const MAX_OFFSET = 1 << 29;
const LEAST = -(2 ** 63);

export const ALU_SYMBOL: Readonly<Record<AluOp, string>> = {
  add: '+=',
  sub: '-=',
  mul: '*=',
  div: '/=',
  sdiv: '/=',
  or: '|=',
  and: '&=',
  lsh: '<<=',
  rsh: '>>=',
  mod: '%=',
  smod: '%=',
  xor: '^=',
  mov: '=',
  movsx8: '=',
  movsx16: '=',
  movsx32: '=',
  arsh: 's>>=',
};

/** Pointers that may point elsewhere than where they came from. */
const MOVABLE: ReadonlySet<number> = new Set([
  abi.KIND_CTX,
  abi.KIND_MAP_VALUE,
  abi.KIND_MAP_KEY,
  abi.KIND_STACK,
  abi.KIND_PACKET,
  abi.KIND_PACKET_META,
  abi.KIND_TP_BUFFER,
  abi.KIND_BTF,
  abi.KIND_MEM,
  abi.KIND_BUF,
  abi.KIND_FUNC,
  abi.KIND_DYNPTR,
]);

const within = (offset: number): boolean => offset < MAX_OFFSET && offset > -MAX_OFFSET;

/** Refuses offsets no object is large enough for (check_reg_sane_offset). */
function checkOffset(walk: Walk, r: number, type: string): void {
  const { memory, ops } = walk;
  if (memory.isConst(r) && !within(memory.constant(r))) {
    refuse(`math between ${type} pointer and ${memory.scalar(r).smin} is not allowed`);
  }
  if (memory.kind(r) !== abi.KIND_SCALAR && !within(memory.off(r))) {
    refuse(`${type} pointer offset ${memory.off(r)} is not allowed`);
  }
  const least = ops.sminOf(r);
  if (least === LEAST) {
    refuse(`math between ${type} pointer and register with unbounded min value is not allowed`, {
      hint: 'bound the register from below, or make it unsigned, before adding it',
    });
  }
  if (!within(least)) refuse(`value ${memory.scalar(r).smin} makes ${type} pointer be out of bounds`);
}

/** Whether the pointer may leave the surroundings of its object, see Proof.farPointers. */
function isFar({ memory, ops }: Walk, r: number): boolean {
  const off = memory.off(r);
  return off + ops.sminOf(r) < -NEAR_BEFORE || off + ops.smaxOf(r) > NEAR_BEHIND;
}

function checkKind(walk: Walk, insn: AluInsn, pointer: number, amount: number): void {
  const { memory, ops } = walk;
  const type = memory.type(pointer);
  const name = nameOfType(walk, pointer);
  if (mayBeNull(type)) {
    refuse(`R${insn.dst} pointer arithmetic on ${name} prohibited, null-check it first`, {
      hint: 'compare it with 0 first, and leave where it is',
    });
  }
  const kind = kindOf(type);
  if (MOVABLE.has(kind)) return;
  const known = memory.isConst(amount);
  if (kind === abi.KIND_FLOW_KEYS && known) return;
  const addsNothing = known && ops.sminOf(amount) === 0 && insn.op === 'add';
  if ((kind === abi.KIND_MAP || kind === abi.KIND_FLOW_KEYS) && addsNothing) return;
  refuse(`R${insn.dst} pointer arithmetic on ${name} prohibited`);
}

function checkOperation(walk: Walk, insn: AluInsn, pointer: number, amountIsDst: boolean): void {
  const { op, dst } = insn;
  if (op === 'and' || op === 'or' || op === 'xor') {
    refuse(`R${dst} bitwise operator ${ALU_SYMBOL[op]} on pointer prohibited`);
  }
  if (op !== 'add' && op !== 'sub') {
    refuse(`R${dst} pointer arithmetic with ${ALU_SYMBOL[op]} operator prohibited`);
  }
  if (op === 'add') return;
  if (amountIsDst) refuse(`R${dst} tried to subtract pointer from scalar`);
  if (walk.memory.kind(pointer) === abi.KIND_STACK) {
    refuse(`R${dst} subtraction from stack pointer prohibited`);
  }
}

/**
 * Down from the packet's end, a pointer is not known to be there any more. (Linux 6.18 still takes it for known, and the
 * other outcome of the next comparison for dead code.)
 */
function forgetEnd({ memory }: Walk, to: number): void {
  if (isPacket(memory.type(to)) && (memory.aux(to) | 0) < 0) memory.setAux(to, 0);
}

const fitsOff = (off: number): boolean => off === (off | 0);

/** Moves the pointer in `to` (a copy of `pointer`) by the scalar. */
function move(walk: Walk, op: AluOp, to: number, amount: number): void {
  const { memory, ops } = walk;
  const sign = op === 'add' ? 1 : -1;
  if (memory.isConst(amount)) {
    const off = memory.off(to) + sign * memory.constant(amount);
    if (fitsOff(off)) {
      if (off < memory.off(to)) forgetEnd(walk, to);
      memory.setOff(to, off);
      return;
    }
  }
  forgetEnd(walk, to);
  const isBackwards = ops.sminOf(amount) < 0;
  ops.alu(op === 'add' ? ALU_ADD : ALU_SUB, 64, to, amount);
  if (!isPacket(memory.type(to))) return;
  // Another base: what was proved for the old one says nothing of it, unless it moved down.
  memory.setId(to, walk.newId());
  if (op === 'add' || isBackwards) memory.setAux(to, 0);
}

/**
 * dst = pointer +- scalar; one of the two is dst. `amount` may be a register that the walk made for itself.
 */
export function pointerArithmetic(walk: Walk, insn: AluInsn, pointer: number, amount: number): void {
  const { memory, ops } = walk;
  const dst = walk.reg(insn.dst);
  if (insn.width === 32) {
    if (insn.op === 'sub' && walk.rules.leaks) {
      walk.setUnknown(dst);
      return;
    }
    refuse(`R${insn.dst} 32-bit pointer arithmetic prohibited`);
  }
  checkKind(walk, insn, pointer, amount);
  const name = nameOfType(walk, pointer);
  checkOffset(walk, amount, name);
  checkOffset(walk, pointer, name);
  checkOperation(walk, insn, pointer, amount === dst);
  const to = memory.scratch(3);
  ops.copyRegister(to, pointer);
  move(walk, insn.op, to, amount);
  // The frame's number is that of the register added to.
  if (walk.rules.likeLinux && amount === dst && memory.kind(to) === abi.KIND_STACK) memory.setAux(to, 0);
  checkOffset(walk, to, name);
  if (isFar(walk, to)) walk.facts.farPointers = true;
  if (!walk.rules.leaks) checkSpeculation(walk, insn, to);
  ops.copyRegister(dst, to);
}

/** Without CAP_PERFMON pointers must stay inside their object even where they are not used (sanitize_check_bounds). */
function checkSpeculation(walk: Walk, insn: AluInsn, to: number): void {
  const { memory, ops } = walk;
  const kind = memory.kind(to);
  if (kind === abi.KIND_STACK) {
    const off = memory.off(to) + memory.constant(to);
    if (!memory.isConst(to))
      refuse(
        `R${insn.dst} variable stack access prohibited for !root, var_off=${tnumText(walk, to)} off=${memory.off(to)}`,
      );
    if (off >= 0 || off < -512) {
      refuse(`R${insn.dst} stack pointer arithmetic goes out of range, prohibited for !root`);
    }
  }
  if (kind !== abi.KIND_MAP_VALUE) return;
  const size = walk.map(memory.aux(to)).valueSize;
  const least = memory.off(to) + ops.sminOf(to);
  const most = memory.off(to) + ops.umaxOf(to);
  if (least < 0 || most >= size) {
    refuse(`R${insn.dst} pointer arithmetic of map value goes out of range, prohibited for !root`);
  }
}
