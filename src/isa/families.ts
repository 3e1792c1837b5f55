/**
 * The families of the instruction set: what its instructions have in common, each operation stated once with
 * its code and its sign in C-like assembly. `rows.ts` expands them. Source: RFC 9669, sections 4 and 5, and for
 * what came later the kernel's include/uapi/linux/bpf.h and kernel/bpf/disasm.c.
 */
import type { AluOp, AtomicOp, EndianOp, JumpOp, LddwPseudo, Size, Width } from './insn.ts';

/** clang's -mcpu that first emits it; 'post-rfc': newer than RFC 9669. */
export type Cpu = 'v1' | 'v2' | 'v3' | 'v4' | 'post-rfc';

/** Instruction classes, bits 0-2 of the opcode (section 3.2). */
export const CLASS = { ld: 0, ldx: 1, st: 2, stx: 3, alu: 4, jmp: 5, jmp32: 6, alu64: 7 } as const;
/** The source bit of arithmetic and jump opcodes: second operand is a register (sections 4.1, 4.3). */
export const SOURCE_REGISTER = 0x08;
/** Mode bits of load and store opcodes (section 5). */
export const MODE = { imm: 0x00, abs: 0x20, ind: 0x40, mem: 0x60, memsx: 0x80, atomic: 0xc0 } as const;

export interface SizeFamily {
  readonly size: Size;
  readonly code: number;
  /** Suffix of the suite's mnemonics (ldxw) and bits of the C types (u32). */
  readonly suffix: string;
  readonly bits: number;
}
export const SIZES: readonly SizeFamily[] = [
  { size: 1, code: 0x10, suffix: 'b', bits: 8 },
  { size: 2, code: 0x08, suffix: 'h', bits: 16 },
  { size: 4, code: 0x00, suffix: 'w', bits: 32 },
  { size: 8, code: 0x18, suffix: 'dw', bits: 64 },
];

export interface AluFamily {
  readonly op: AluOp;
  readonly code: number;
  /** Value of `off` that tells operations of one code apart (section 4.1). */
  readonly off: number;
  /** Assignment operator, before the cast that movsx has. */
  readonly sign: string;
  readonly cast: string;
  readonly cpu: Cpu;
  readonly group: 'base' | 'divmul';
  readonly widths: readonly Width[];
  /** False for movsx, which has no immediate form. */
  readonly immediate: boolean;
}

const BOTH: readonly Width[] = [64, 32];
const base = (op: AluOp, code: number, sign: string): AluFamily => {
  return { op, code, off: 0, sign, cast: '', cpu: 'v1', group: 'base', widths: BOTH, immediate: true };
};
const divmul = (op: AluOp, code: number, sign: string): AluFamily => {
  return { ...base(op, code, sign), group: 'divmul' };
};
const signed = (op: AluOp, code: number, sign: string): AluFamily => {
  return { ...divmul(op, code, sign), off: 1, cpu: 'v4' };
};
const movsx = (op: AluOp, bits: 8 | 16 | 32): AluFamily => {
  const widths = bits === 32 ? ([64] as const) : BOTH;
  return { ...base(op, 0xb0, '='), off: bits, cast: `(s${bits})`, cpu: 'v4', widths, immediate: false };
};

export const ALU: readonly AluFamily[] = [
  base('add', 0x00, '+='),
  base('sub', 0x10, '-='),
  divmul('mul', 0x20, '*='),
  divmul('div', 0x30, '/='),
  signed('sdiv', 0x30, 's/='),
  base('or', 0x40, '|='),
  base('and', 0x50, '&='),
  base('lsh', 0x60, '<<='),
  base('rsh', 0x70, '>>='),
  divmul('mod', 0x90, '%='),
  signed('smod', 0x90, 's%='),
  base('xor', 0xa0, '^='),
  base('mov', 0xb0, '='),
  movsx('movsx8', 8),
  movsx('movsx16', 16),
  movsx('movsx32', 32),
  base('arsh', 0xc0, 's>>='),
];
export const NEG_CODE = 0x80;

export interface EndianFamily {
  readonly op: EndianOp;
  readonly opcode: number;
  readonly cpu: Cpu;
}
/** Section 4.2; the width (16, 32, 64) is the immediate. */
export const ENDIAN: readonly EndianFamily[] = [
  { op: 'le', opcode: 0xd4, cpu: 'v1' },
  { op: 'be', opcode: 0xdc, cpu: 'v1' },
  { op: 'bswap', opcode: 0xd7, cpu: 'v4' },
];
export const ENDIAN_BITS = [16, 32, 64] as const;

export interface JumpFamily {
  readonly op: JumpOp;
  readonly code: number;
  readonly sign: string;
  readonly cpu: Cpu;
}
/** Section 4.3. The `cpu` is that of the 64-bit form: every 32-bit form is v3. */
export const JUMPS: readonly JumpFamily[] = [
  { op: 'jeq', code: 0x10, sign: '==', cpu: 'v1' },
  { op: 'jgt', code: 0x20, sign: '>', cpu: 'v1' },
  { op: 'jge', code: 0x30, sign: '>=', cpu: 'v1' },
  { op: 'jset', code: 0x40, sign: '&', cpu: 'v1' },
  { op: 'jne', code: 0x50, sign: '!=', cpu: 'v1' },
  { op: 'jsgt', code: 0x60, sign: 's>', cpu: 'v1' },
  { op: 'jsge', code: 0x70, sign: 's>=', cpu: 'v1' },
  { op: 'jlt', code: 0xa0, sign: '<', cpu: 'v2' },
  { op: 'jle', code: 0xb0, sign: '<=', cpu: 'v2' },
  { op: 'jslt', code: 0xc0, sign: 's<', cpu: 'v2' },
  { op: 'jsle', code: 0xd0, sign: 's<=', cpu: 'v2' },
];

export interface AtomicFamily {
  readonly op: AtomicOp;
  /** Immediate without FETCH. */
  readonly code: number;
  /** Assignment operator of the form without FETCH; '' for operations that always fetch. */
  readonly sign: string;
}
/** Section 5.3. */
export const ATOMICS: readonly AtomicFamily[] = [
  { op: 'add', code: 0x00, sign: '+=' },
  { op: 'or', code: 0x40, sign: '|=' },
  { op: 'and', code: 0x50, sign: '&=' },
  { op: 'xor', code: 0xa0, sign: '^=' },
  { op: 'xchg', code: 0xe0, sign: '' },
  { op: 'cmpxchg', code: 0xf0, sign: '' },
];
export const FETCH = 0x01;
/** Linux 6.15. */
export const LOAD_ACQUIRE = 0x100;
export const STORE_RELEASE = 0x110;

export interface PseudoFamily {
  readonly pseudo: LddwPseudo;
  /** True when the second slot's imm has a meaning; else it must be zero. */
  readonly hi: boolean;
}
/** Sources of lddw (section 5.4); for a BTF variable Linux reads a BTF object's fd from the second imm. */
export const PSEUDOS: readonly PseudoFamily[] = [
  { pseudo: 0, hi: true },
  { pseudo: 1, hi: false },
  { pseudo: 2, hi: true },
  { pseudo: 3, hi: true },
  { pseudo: 4, hi: false },
  { pseudo: 5, hi: false },
  { pseudo: 6, hi: true },
];
