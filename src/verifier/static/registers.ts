/** Which registers each instruction reads and writes, as masks (bit n: rn). */
import type { CallInsn, Insn, InsnKind, Operand } from '../../isa/insn.ts';

export interface Effect {
  readonly reads: number;
  readonly writes: number;
}

const bit = (register: number): number => 1 << register;

/** r1 to r5. */
export const ARGUMENTS = 0b111110;
/** r0 to r5: gone after a call. */
const CALLER_SAVED = 0b111111;
const ALL = 0x7ff;

const operand = ({ src }: Operand): number => (src === undefined ? 0 : bit(src));

/** r1 to rN. */
const argumentMask = (count: number): number => (2 << count) - 2;

/** How many arguments a call takes; undefined when that is not known. */
export type CountArguments = (call: CallInsn) => number | undefined;

type Effects = {
  readonly [K in InsnKind]: (insn: Extract<Insn, { kind: K }>, count: CountArguments) => Effect;
};

const EFFECTS: Effects = {
  alu: (insn) => {
    const isMove = insn.op === 'mov' || insn.op.startsWith('movsx');
    return { reads: operand(insn) | (isMove ? 0 : bit(insn.dst)), writes: bit(insn.dst) };
  },
  neg: ({ dst }) => ({ reads: bit(dst), writes: bit(dst) }),
  endian: ({ dst }) => ({ reads: bit(dst), writes: bit(dst) }),
  lddw: ({ dst }) => ({ reads: 0, writes: bit(dst) }),
  load: ({ dst, src }) => ({ reads: bit(src), writes: bit(dst) }),
  store: (insn) => ({ reads: bit(insn.dst) | operand(insn), writes: 0 }),
  atomic: ({ op, fetch, dst, src }) => {
    const reads = bit(dst) | bit(src);
    if (op === 'cmpxchg') return { reads: reads | 1, writes: 1 };
    return { reads, writes: fetch ? bit(src) : 0 };
  },
  loadAcquire: ({ dst, src }) => ({ reads: bit(src), writes: bit(dst) }),
  storeRelease: ({ dst, src }) => ({ reads: bit(dst) | bit(src), writes: 0 }),
  packet: () => ({ reads: ALL, writes: 1 }),
  jump: (insn) => ({ reads: bit(insn.dst) | operand(insn), writes: 0 }),
  ja: () => ({ reads: 0, writes: 0 }),
  mayGoto: () => ({ reads: 0, writes: 0 }),
  gotox: ({ dst }) => ({ reads: bit(dst), writes: 0 }),
  call: (insn, count) => {
    const known = count(insn);
    return { reads: known === undefined ? ARGUMENTS : argumentMask(known), writes: CALLER_SAVED };
  },
  callx: ({ dst }) => ({ reads: ARGUMENTS | bit(dst), writes: CALLER_SAVED }),
  exit: () => ({ reads: 1, writes: 0 }),
  addrSpaceCast: ({ dst, src }) => ({ reads: bit(src), writes: bit(dst) }),
};

const effectFor = <K extends InsnKind>(
  kind: K,
  insn: Extract<Insn, { kind: K }>,
  count: CountArguments,
): Effect => EFFECTS[kind](insn, count);

/** Calls take all five arguments as long as nobody counts them. */
export const effectOf = (insn: Insn, count: CountArguments = () => undefined): Effect =>
  effectFor(insn.kind, insn, count);
