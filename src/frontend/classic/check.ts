/** What the kernel demands of a classic filter before it takes it (bpf_check_classic, seccomp_check_filter). */
import { WebpfError } from '../../errors.ts';
import type { Program } from '../program.ts';
import { extensionAt, SKF_AD_OFF } from './ancillary.ts';
import * as op from './opcodes.ts';
import { SECCOMP_DATA_SIZE } from './seccomp.ts';

type ClassicInsn = op.ClassicInsn;

/** What a filter looks at: packets of a socket, or system calls. */
export type ClassicKind = NonNullable<Program['classic']>;

function refuse(insn: number, message: string): never {
  throw new WebpfError('bad-program', `classic filter, instruction ${insn}: ${message}`, {
    stage: 'frontend',
    insn,
  });
}

const codes: Readonly<Record<ClassicKind, ReadonlySet<number>>> = {
  socket: op.SOCKET_CODES,
  seccomp: op.SECCOMP_CODES,
};

type Check = (insn: ClassicInsn, at: number, count: number) => void;

const checkCode =
  (kind: ClassicKind): Check =>
  ({ code }, at) => {
    if (codes[kind].has(code)) return;
    const where = kind === 'seccomp' ? ' in a filter of system calls' : '';
    refuse(at, `there is no code 0x${code.toString(16)}${where}`);
  };

const checkOperand: Check = ({ code, k }, at) => {
  if (op.classOf(code) !== op.ALU || op.usesX(code)) return;
  const operation = op.opOf(code);
  if ((operation === op.DIV || operation === op.MOD) && k === 0) refuse(at, 'it divides by the constant 0');
  if ((operation === op.LSH || operation === op.RSH) && k >= 32)
    refuse(at, `it shifts by ${k}, but a word has 32 bits`);
};

/** Index of the word of scratch memory that is written or read. */
const wordOf = ({ code, k }: ClassicInsn): number | undefined => {
  const isStore = code === op.ST || code === op.STX;
  return isStore || code === (op.LD | op.MEM) || code === (op.LDX | op.MEM) ? k : undefined;
};

const checkWord: Check = (insn, at) => {
  const word = wordOf(insn);
  if (word !== undefined && word >= op.MEMWORDS)
    refuse(at, `M[${word}] is not there: scratch memory has ${op.MEMWORDS} words`);
};

/** Where an instruction may go on; filters have no way back. */
export function targetsOf(insn: ClassicInsn, at: number): readonly number[] {
  if (op.isReturn(insn)) return [];
  if (op.isJump(insn)) return [at + 1 + insn.k];
  return op.isBranch(insn) ? [at + 1 + insn.jt, at + 1 + insn.jf] : [at + 1];
}

const MAX_JUMP = 0x7fffffff;

const checkTargets: Check = (insn, at, count) => {
  if (!op.isJump(insn) && !op.isBranch(insn)) return;
  if (op.isJump(insn) && insn.k > MAX_JUMP)
    refuse(at, `it jumps ${2 ** 32 - insn.k} back, but filters have no loops ("protochain" needs one)`);
  for (const target of targetsOf(insn, at))
    if (target >= count) refuse(at, `it jumps to instruction ${target}, but the last one is ${count - 1}`);
};

const checkExtension: Check = ({ code, k }, at) => {
  const isLoad = op.classOf(code) === op.LD && op.modeOf(code) === op.ABS;
  if (isLoad && k >= SKF_AD_OFF && extensionAt(k) === undefined)
    refuse(at, `there is no extension at SKF_AD_OFF + ${k - SKF_AD_OFF}`);
};

const checkSystemCall: Check = ({ code, k }, at) => {
  if (code !== (op.LD | op.W | op.ABS)) return;
  if (k % 4 !== 0 || k >= SECCOMP_DATA_SIZE)
    refuse(
      at,
      `it loads from offset ${k}, but struct seccomp_data has words at 0, 4, … ${SECCOMP_DATA_SIZE - 4}`,
    );
};

const checks = (kind: ClassicKind): readonly Check[] => [
  checkCode(kind),
  checkOperand,
  checkWord,
  checkTargets,
  ...(kind === 'socket' ? [checkExtension] : [checkSystemCall]),
];

const ALL_WORDS = 0xffff;

/** No word of scratch memory is read before it was written, whatever way leads there (check_load_and_stores). */
function checkScratch(insns: readonly ClassicInsn[]): void {
  const known = new Uint16Array(insns.length).fill(ALL_WORDS);
  let valid = 0;
  insns.forEach((insn, at) => {
    valid &= known[at] ?? 0;
    const word = wordOf(insn);
    const bit = word === undefined ? 0 : 1 << word;
    if (insn.code === op.ST || insn.code === op.STX) valid |= bit;
    else if ((valid & bit) !== bit)
      refuse(at, `M[${word}] is read, but not written on every way that leads here`);
    if (!op.isJump(insn) && !op.isBranch(insn)) return;
    for (const target of targetsOf(insn, at)) known[target] = (known[target] ?? 0) & valid;
    valid = ALL_WORDS;
  });
}

/**
 * Checks a filter by the kernel's rules.
 *
 * @throws WebpfError 'bad-program' that names the instruction and what is wrong with it
 */
export function checkClassic(insns: readonly ClassicInsn[], kind: ClassicKind): void {
  const count = insns.length;
  if (count === 0 || count > op.MAX_INSNS) {
    const message = `a classic filter has 1 to ${op.MAX_INSNS} instructions, not ${count}`;
    throw new WebpfError('bad-program', message, { stage: 'frontend' });
  }
  for (const check of checks(kind)) insns.forEach((insn, at) => void check(insn, at, count));
  const last = insns.at(-1);
  if (last !== undefined && !op.isReturn(last)) refuse(count - 1, 'the last instruction must be a return');
  checkScratch(insns);
}
