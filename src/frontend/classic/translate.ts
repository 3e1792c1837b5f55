/** From classic BPF to eBPF, as the kernel does it (bpf_convert_filter in net/core/filter.c). */
import { SKB_LEN } from '../../abi/layout.ts';
import type { AluOp, Insn, JaInsn, JumpInsn, JumpOp } from '../../isa/insn.ts';
import { type ClassicDevice, extensionAt } from './ancillary.ts';
import { type ClassicKind, targetsOf } from './check.ts';
import * as op from './opcodes.ts';
import { REG_A, REG_CONTEXT, REG_FRAME, REG_SCRATCH, REG_X } from './registers.ts';
import { SECCOMP_DATA_SIZE } from './seccomp.ts';

type ClassicInsn = op.ClassicInsn;

/** What the translation of a filter depends on, beside its instructions. */
export interface Translation extends ClassicDevice {
  readonly kind: ClassicKind;
}

const EXIT: Insn = { kind: 'exit' };
const WORD = 4;

const move = (dst: number, src: number): Insn => ({ kind: 'alu', op: 'mov', width: 32, dst, src });
const constant = (dst: number, k: number): Insn => ({ kind: 'alu', op: 'mov', width: 32, dst, imm: k | 0 });
const alu = (operation: AluOp, dst: number, imm: number): Insn => ({
  kind: 'alu',
  op: operation,
  width: 32,
  dst,
  imm: imm | 0,
});
const field = (dst: number, off: number): Insn => ({
  kind: 'load',
  size: 4,
  signed: false,
  dst,
  src: REG_CONTEXT,
  off,
});
/** M[word], on the stack. */
const scratch = (word: number): number => (word - op.MEMWORDS) * WORD;

const PROLOGUE: readonly Insn[] = [
  constant(REG_A, 0),
  constant(REG_X, 0),
  { kind: 'alu', op: 'mov', width: 64, dst: REG_CONTEXT, src: 1 },
];

const ARITHMETIC: readonly AluOp[] = [
  'add',
  'sub',
  'mul',
  'div',
  'or',
  'and',
  'lsh',
  'rsh',
  'mod',
  'mod',
  'xor',
];

function arithmetic({ code, k }: ClassicInsn): readonly Insn[] {
  const operation = op.opOf(code);
  if (operation === op.NEG) return [{ kind: 'neg', width: 32, dst: REG_A }];
  const name = ARITHMETIC[operation >> 4] ?? 'add';
  if (!op.usesX(code)) return [alu(name, REG_A, k)];
  const plain: Insn = { kind: 'alu', op: name, width: 32, dst: REG_A, src: REG_X };
  if (operation !== op.DIV && operation !== op.MOD) return [plain];
  // A division by zero ends the filter with 0.
  return [
    { kind: 'jump', op: 'jne', width: 32, dst: REG_X, imm: 0, off: 2 },
    constant(REG_A, 0),
    EXIT,
    plain,
  ];
}

const packetLoad = (code: number, k: number, src: number | undefined): Insn => ({
  kind: 'packet',
  size: op.sizeOf(code),
  src,
  imm: k | 0,
});

/** X = 4 * (P[k] & 0xf): the length of an IPv4 header. A stays what it is. */
const headerLength = (k: number): readonly Insn[] => [
  move(REG_X, REG_A),
  packetLoad(op.B, k, undefined),
  alu('and', REG_A, 0xf),
  alu('lsh', REG_A, 2),
  move(REG_SCRATCH, REG_X),
  move(REG_X, REG_A),
  move(REG_A, REG_SCRATCH),
];

function absolute({ code, k }: ClassicInsn, { kind, hardwareType }: Translation): readonly Insn[] {
  if (kind === 'seccomp') return [field(REG_A, k)];
  return extensionAt(k)?.({ hardwareType }) ?? [packetLoad(code, k, undefined)];
}

const length = (dst: number, kind: ClassicKind): Insn =>
  kind === 'seccomp' ? constant(dst, SECCOMP_DATA_SIZE) : field(dst, SKB_LEN);

function loading(insn: ClassicInsn, to: Translation): readonly Insn[] {
  const { code, k } = insn;
  const dst = op.classOf(code) === op.LD ? REG_A : REG_X;
  switch (op.modeOf(code)) {
    case op.IMM:
      return [constant(dst, k)];
    case op.MEM:
      return [{ kind: 'load', size: WORD, signed: false, dst, src: REG_FRAME, off: scratch(k) }];
    case op.LEN:
      return [length(dst, to.kind)];
    case op.MSH:
      return headerLength(k);
    case op.IND:
      return [packetLoad(code, k, REG_X)];
    default:
      return absolute(insn, to);
  }
}

const storing = ({ k }: ClassicInsn, src: number): readonly Insn[] => [
  { kind: 'store', size: WORD, dst: REG_FRAME, off: scratch(k), src },
];

const returning = ({ code, k }: ClassicInsn): readonly Insn[] =>
  code === (op.RET | op.A) ? [EXIT] : [constant(REG_A, k), EXIT];

const COMPARISONS: readonly JumpOp[] = ['jeq', 'jeq', 'jgt', 'jge', 'jset'];
const INVERTED: Partial<Record<JumpOp, JumpOp>> = { jeq: 'jne', jgt: 'jle', jge: 'jlt' };

/** A jump to an instruction of the filter, before it is known where that will be. */
interface Jump {
  readonly to: number;
  readonly insn: JumpInsn | JaInsn;
}
type Draft = Insn | Jump;

function compare({ code, k }: ClassicInsn, name: JumpOp): JumpInsn {
  const operand = op.usesX(code) ? { src: REG_X } : { imm: k | 0 };
  return { kind: 'jump', op: name, width: 32, dst: REG_A, off: 0, ...operand };
}

/** Further on than this, offsets may need more than the 16 bits of an ordinary jump. */
const NEAR = 1024;

const jump = (from: number, to: number): Jump => ({
  to,
  insn: { kind: 'ja', long: to - from > NEAR, off: 0 },
});

function branching(insn: ClassicInsn, at: number): readonly Draft[] {
  const [then = 0, otherwise = 0] = targetsOf(insn, at);
  const name = COMPARISONS[op.opOf(insn.code) >> 4] ?? 'jeq';
  const inverted = INVERTED[name];
  if (then === at + 1 && inverted !== undefined) return [{ to: otherwise, insn: compare(insn, inverted) }];
  const taken: Jump = { to: then, insn: compare(insn, name) };
  return otherwise === at + 1 ? [taken] : [taken, jump(at, otherwise)];
}

function draft(insn: ClassicInsn, at: number, to: Translation): readonly Draft[] {
  if (op.isJump(insn)) return [jump(at, at + 1 + insn.k)];
  switch (op.classOf(insn.code)) {
    case op.LD:
    case op.LDX:
      return loading(insn, to);
    case op.ST:
      return storing(insn, REG_A);
    case op.STX:
      return storing(insn, REG_X);
    case op.ALU:
      return arithmetic(insn);
    case op.JMP:
      return branching(insn, at);
    case op.RET:
      return returning(insn);
    default:
      return [insn.code === op.TAX ? move(REG_X, REG_A) : move(REG_A, REG_X)];
  }
}

/** The kernel takes filters with instructions that no way leads to; in eBPF they are not allowed. */
function reachable(insns: readonly ClassicInsn[]): readonly boolean[] {
  const found = insns.map((_, at) => at === 0);
  insns.forEach((insn, at) => {
    if (found[at]) for (const target of targetsOf(insn, at)) found[target] = true;
  });
  return found;
}

/**
 * The instructions of eBPF that do what a checked filter does: A in r0, X in r7, the context in r6, M[] on the stack.
 * Each is at most eight instructions, so that conditional jumps reach.
 *
 * @returns the instructions, and the first slot of each instruction of the filter: undefined where no way leads to it
 */
export function translateClassic(
  insns: readonly ClassicInsn[],
  to: Translation,
): { readonly starts: readonly (number | undefined)[]; readonly insns: readonly Insn[] } {
  const found = reachable(insns);
  const drafts = insns.map((insn, at) => (found[at] ? draft(insn, at, to) : []));
  const starts: (number | undefined)[] = [];
  let slot = PROLOGUE.length;
  drafts.forEach((part, at) => {
    starts.push(found[at] ? slot : undefined);
    slot += part.length;
  });
  const placed = drafts.flat().map((part, index): Insn => {
    if (!('insn' in part)) return part;
    return { ...part.insn, off: (starts[part.to] ?? 0) - (PROLOGUE.length + index + 1) };
  });
  return { starts, insns: [...PROLOGUE, ...placed] };
}
