/** Classic filters as text, as `tcpdump -d` prints them (bpf_image of libpcap). */
import { extensionAt, SKF_AD_OFF } from './ancillary.ts';
import { targetsOf } from './check.ts';
import * as op from './opcodes.ts';

type ClassicInsn = op.ClassicInsn;

const ARITHMETIC = ['add', 'sub', 'mul', 'div', 'or', 'and', 'lsh', 'rsh', 'neg', 'mod', 'xor'] as const;
const COMPARISONS = ['ja', 'jeq', 'jgt', 'jge', 'jset'] as const;
const SUFFIX = { 4: '', 2: 'h', 1: 'b' } as const;

const hex = (k: number): string => `#0x${k.toString(16)}`;
const place = (k: number): string => (extensionAt(k) ? `extension ${k - SKF_AD_OFF}` : `${k | 0}`);

const LOADS: Readonly<Record<number, (insn: ClassicInsn) => string>> = {
  [op.IMM]: ({ k }) => hex(k),
  [op.ABS]: ({ k }) => `[${place(k)}]`,
  [op.IND]: ({ k }) => `[x + ${k | 0}]`,
  [op.MEM]: ({ k }) => `M[${k}]`,
  [op.LEN]: () => '#pktlen',
  [op.MSH]: ({ k }) => `4*([${k}]&0xf)`,
};

function words(insn: ClassicInsn): readonly [name: string, operand: string] {
  const { code, k } = insn;
  const operand = op.usesX(code) ? 'x' : hex(k);
  switch (op.classOf(code)) {
    case op.LD:
      return [`ld${SUFFIX[op.sizeOf(code)]}`, LOADS[op.modeOf(code)]?.(insn) ?? '?'];
    case op.LDX:
      return [`ldx${SUFFIX[op.sizeOf(code)]}`, LOADS[op.modeOf(code)]?.(insn) ?? '?'];
    case op.ST:
      return ['st', `M[${k}]`];
    case op.STX:
      return ['stx', `M[${k}]`];
    case op.ALU: {
      const name = ARITHMETIC[op.opOf(code) >> 4] ?? '?';
      return [name, name === 'neg' ? '' : operand];
    }
    case op.JMP:
      return [COMPARISONS[op.opOf(code) >> 4] ?? '?', operand];
    case op.RET:
      return ['ret', code === (op.RET | op.A) ? 'a' : `#${k}`];
    default:
      return [code === op.TAX ? 'tax' : 'txa', ''];
  }
}

/** One instruction, with where it goes on. */
export function classicText(insn: ClassicInsn, at: number): string {
  const [name, operand] = words(insn);
  const head = `(${`${at}`.padStart(3, '0')}) ${name.padEnd(8)} `;
  if (op.isJump(insn)) return `${head}${at + 1 + insn.k}`;
  if (!op.isBranch(insn)) return `${head}${operand}`.trimEnd();
  const [then, otherwise] = targetsOf(insn, at);
  return `${head}${operand.padEnd(16)} jt ${then}\tjf ${otherwise}`;
}
