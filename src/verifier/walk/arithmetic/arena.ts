/** Arithmetic with pointers into an arena: any is allowed, in 32 bits (adjust_reg_min_max_vals of kernel/bpf/verifier.c). */
import * as abi from '../../../abi/state.ts';
import type { AddrSpaceCastInsn, AluInsn, AluOp } from '../../../isa/insn.ts';
import { refuse, unsupported } from '../refusal.ts';
import type { Walk } from '../walk.ts';

/** Casts to the address space of programs, from that of the arena. */
const TO_PROGRAM = 1;

/** The lower half of what comes out depends on the lower halves alone. */
const BY_HALVES: ReadonlySet<AluOp> = new Set(['add', 'sub', 'mul', 'and', 'or', 'xor']);
/** A number of 32 bits stays one. */
const SHRINKING: ReadonlySet<AluOp> = new Set(['rsh', 'arsh', 'div', 'mod']);
const WIDTH = 32;

const isArena = ({ memory }: Walk, r: number): boolean => memory.kind(r) === abi.KIND_ARENA;

/** What is known of one instruction must hold for all that it is given. */
function note(walk: Walk, isPointer: boolean): void {
  const known = walk.arenaArithmetic.get(walk.insn);
  if (known === undefined) walk.arenaArithmetic.set(walk.insn, isPointer);
  else if (known !== isPointer)
    unsupported('one instruction calculates with pointers into an arena and with numbers');
}

/**
 * Takes the instruction over where one of its operands points into an arena.
 *
 * @returns false where none does
 */
export function arenaArithmetic(walk: Walk, insn: AluInsn, dst: number, src: number | undefined): boolean {
  if (walk.arena === undefined) return false;
  const [isLeft, isRight] = [isArena(walk, dst), src !== undefined && isArena(walk, src)];
  if (insn.width === 64) note(walk, isLeft || isRight);
  if (!isLeft && !isRight) return false;
  if (insn.width === 64) {
    const { op, imm = WIDTH } = insn;
    if (BY_HALVES.has(op) || (op === 'lsh' && imm < WIDTH)) walk.facts.narrow.add(walk.insn);
    else if (!SHRINKING.has(op) || !isLeft || isRight)
      unsupported(`a pointer into an arena is an operand of ${op}`);
  }
  walk.memory.setPointer(dst, abi.KIND_ARENA);
  return true;
}

/** A pointer into the arena from one address space to the other. */
export function stepAddrSpaceCast(walk: Walk, { dst, src, imm }: AddrSpaceCastInsn): void {
  if (walk.arena === undefined)
    refuse('addr_space_cast insn can only be used in a program that has an associated arena');
  walk.readable(src);
  const r = walk.reg(dst);
  if (imm === TO_PROGRAM) walk.memory.setPointer(r, abi.KIND_ARENA);
  else walk.setUnknown(r);
}
