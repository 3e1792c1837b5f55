/** The instruction set of classic BPF: `struct sock_filter` and its codes (include/uapi/linux/bpf_common.h, filter.h). */

/** One instruction: `struct sock_filter`. */
export interface ClassicInsn {
  readonly code: number;
  /** Instructions skipped when the comparison holds, and when it does not. */
  readonly jt: number;
  readonly jf: number;
  /** Unsigned, 32 bits. */
  readonly k: number;
}

export const LD = 0x00;
export const LDX = 0x01;
export const ST = 0x02;
export const STX = 0x03;
export const ALU = 0x04;
export const JMP = 0x05;
export const RET = 0x06;
export const MISC = 0x07;
export const classOf = (code: number): number => code & 0x07;

export const W = 0x00;
export const H = 0x08;
export const B = 0x10;
export const sizeOf = (code: number): 1 | 2 | 4 => (({ [W]: 4, [H]: 2, [B]: 1 }) as const)[code & 0x18] ?? 4;

export const IMM = 0x00;
export const ABS = 0x20;
export const IND = 0x40;
export const MEM = 0x60;
export const LEN = 0x80;
export const MSH = 0xa0;
export const modeOf = (code: number): number => code & 0xe0;

export const DIV = 0x30;
export const LSH = 0x60;
export const RSH = 0x70;
export const NEG = 0x80;
export const MOD = 0x90;
export const JA = 0x00;
/** Operation of an ALU or JMP code. */
export const opOf = (code: number): number => code & 0xf0;

export const X = 0x08;
/** RET alone: the accumulator. */
export const A = 0x10;
export const usesX = (code: number): boolean => (code & X) !== 0;

export const TAX = MISC;
export const TXA = MISC | 0x80;

/** Words of scratch memory, M[]. */
export const MEMWORDS = 16;
/** BPF_MAXINSNS. */
export const MAX_INSNS = 4096;

const each = (base: number, ops: readonly number[], sources: readonly number[]): number[] =>
  ops.flatMap((op) => sources.map((source) => base | op | source));

const ARITHMETIC = [0x00, 0x10, 0x20, DIV, 0x40, 0x50, LSH, RSH, MOD, 0xa0];
const COMPARISONS = [0x10, 0x20, 0x30, 0x40];

/** Everything but loads from the packet: what filters of sockets and of system calls have in common. */
const COMMON: readonly number[] = [
  ...each(ALU, ARITHMETIC, [0, X]),
  ALU | NEG,
  LD | IMM,
  LD | MEM,
  LD | W | LEN,
  LDX | IMM,
  LDX | MEM,
  LDX | W | LEN,
  ST,
  STX,
  TAX,
  TXA,
  RET,
  RET | A,
  JMP | JA,
  ...each(JMP, COMPARISONS, [0, X]),
];

/** Codes that filters of sockets may have (chk_code_allowed of the kernel). */
export const SOCKET_CODES: ReadonlySet<number> = new Set([
  ...COMMON,
  ...each(LD, [ABS, IND], [W, H, B]),
  LDX | B | MSH,
]);

/** Codes that filters of system calls may have (seccomp_check_filter): no remainder, and words of the data alone. */
export const SECCOMP_CODES: ReadonlySet<number> = new Set([
  ...COMMON.filter((code) => classOf(code) !== ALU || opOf(code) !== MOD),
  LD | W | ABS,
]);

/** Whether the instruction compares, and may jump to two places. */
export const isBranch = ({ code }: ClassicInsn): boolean => classOf(code) === JMP && opOf(code) !== JA;
export const isJump = ({ code }: ClassicInsn): boolean => code === (JMP | JA);
export const isReturn = ({ code }: ClassicInsn): boolean => classOf(code) === RET;
