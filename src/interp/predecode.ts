/** From decoded instructions to what the loop in assembly/interp executes. */
import { FUNC_SIZE } from '../abi/layout.ts';
import { WebpfError } from '../errors.ts';
import { TAIL_CALL } from '../isa/helpers.ts';
import type {
  AluInsn,
  AluOp,
  AtomicOp,
  CallInsn,
  EndianInsn,
  Insn,
  InsnKind,
  JumpOp,
  LddwInsn,
  LoadInsn,
  Operand,
  Size,
  Width,
} from '../isa/insn.ts';
import type { Fixup, Proof } from '../verifier/proof.ts';
import { type Structure, takenSubprograms } from '../verifier/structure.ts';
import { type Fields, writeInsn } from './encode.ts';
import * as op from './opcodes.ts';

/** Addresses in linear memory that a program's lddw instructions stand for. */
export interface Bindings {
  /** By map index: address of the map descriptor. */
  readonly maps: readonly number[];
  /** By map index: address of the map's values. */
  readonly values: readonly number[];
  /** PROG_FUNCS: descriptors of the functions whose address is taken, in slot order. */
  readonly functions: number;
  /** Number of a kernel function; undefined where there is none. */
  readonly kfunc: (name: string) => number | undefined;
}

/** What predecoding needs of a checked program. */
export type Predecodable = Pick<Structure, 'decoded' | 'addressTaken' | 'kfuncNames'> & {
  readonly subprograms: readonly { readonly start: number; readonly length: number }[];
};

const ALU: Record<AluOp, number> = {
  add: op.ADD,
  sub: op.SUB,
  mul: op.MUL,
  div: op.DIV,
  sdiv: op.SDIV,
  or: op.OR,
  and: op.AND,
  lsh: op.LSH,
  rsh: op.RSH,
  mod: op.MOD,
  smod: op.SMOD,
  xor: op.XOR,
  mov: op.MOV,
  movsx8: op.MOVSX8,
  movsx16: op.MOVSX16,
  movsx32: op.MOVSX32,
  arsh: op.ARSH,
};
const JUMP: Record<JumpOp, number> = {
  jeq: op.JEQ,
  jgt: op.JGT,
  jge: op.JGE,
  jset: op.JSET,
  jne: op.JNE,
  jsgt: op.JSGT,
  jsge: op.JSGE,
  jlt: op.JLT,
  jle: op.JLE,
  jslt: op.JSLT,
  jsle: op.JSLE,
};
const LOAD: Record<Size, number> = { 1: op.LDX8, 2: op.LDX16, 4: op.LDX32, 8: op.LDX64 };
const LOAD_SIGNED: Record<Size, number> = { 1: op.LDXS8, 2: op.LDXS16, 4: op.LDXS32, 8: op.LDX64 };
const STORE: Record<Size, number> = { 1: op.STX8, 2: op.STX16, 4: op.STX32, 8: op.STX64 };
const STORE_IMM: Record<Size, number> = { 1: op.ST8, 2: op.ST16, 4: op.ST32, 8: op.ST64 };
const ATOMIC: Record<AtomicOp, number> = {
  add: op.ATOMIC_ADD,
  or: op.ATOMIC_OR,
  and: op.ATOMIC_AND,
  xor: op.ATOMIC_XOR,
  xchg: op.ATOMIC_XCHG,
  cmpxchg: op.ATOMIC_CMPXCHG,
};
const BSWAP: Record<EndianInsn['bits'], number> = { 16: op.BSWAP16, 32: op.BSWAP32, 64: op.BSWAP64 };

interface Context {
  readonly insns: readonly (Insn | undefined)[];
  /** Length by first slot of every function. */
  readonly lengths: ReadonlyMap<number, number>;
  /** Position in PROG_FUNCS by first slot. */
  readonly taken: ReadonlyMap<number, number>;
  readonly bindings: Bindings;
  readonly kfuncNames: readonly string[];
  readonly proof: Proof;
  readonly slot: number;
  /** Fix-ups of all calls so far, which go behind the code. */
  readonly fixups: Fixup[][];
}

function refuse(slot: number, what: string): never {
  const message = `insn ${slot}: the interpreter does not carry ${what}`;
  throw new WebpfError('unsupported', message, { stage: 'interp', insn: slot });
}

const bad = (slot: number, message: string): never => {
  throw new WebpfError('bad-program', `insn ${slot}: ${message}`, { stage: 'interp', insn: slot });
};

function operand(insn: Operand, width: Width): Fields {
  if (insn.src === undefined) return { op: width === 64 ? op.K64 : op.K32, imm: insn.imm };
  return { op: width === 64 ? op.R64 : op.R32, src: insn.src };
}

function alu(insn: AluInsn, { proof, slot }: Context): Fields {
  const form = operand(insn, proof.facts.get(slot)?.narrow === true ? 32 : insn.width);
  return { ...form, op: ALU[insn.op] + form.op, dst: insn.dst };
}

/** `le` keeps the low bits; the others swap them. All zero the rest. */
function endian({ op: order, bits, dst }: EndianInsn): Fields {
  if (order !== 'le') return { op: BSWAP[bits], dst };
  return bits === 16 ? { op: op.AND + op.K64, dst, imm: 0xffff } : move(dst, dst, bits);
}

const move = (dst: number, src: number, width: Width): Fields => {
  return { op: op.MOV + (width === 64 ? op.R64 : op.R32), dst, src };
};

const wide = ({ lo, hi }: LddwInsn): bigint => (BigInt(hi) << 32n) | BigInt(lo >>> 0);

const bound = (addresses: readonly number[], index: number, slot: number): number =>
  addresses[index] ?? bad(slot, `map index ${index} is out of range: ${addresses.length} maps are bound`);

function functionAddress({ lo }: LddwInsn, { taken, bindings, slot }: Context): number {
  const target = slot + 1 + lo;
  const index = taken.get(target);
  if (index === undefined) return bad(slot, `takes the address of slot ${target}, where no function begins`);
  return bindings.functions + index * FUNC_SIZE;
}

const PSEUDO: Record<LddwInsn['pseudo'], (insn: LddwInsn, context: Context) => bigint | number> = {
  0: (insn) => wide(insn),
  1: (_, { slot }) => refuse(slot, 'lddw of a map file descriptor (source 1)'),
  2: (_, { slot }) => refuse(slot, 'lddw of a value of a map file descriptor (source 2)'),
  3: (_, { slot }) => refuse(slot, 'lddw of a kernel variable (source 3)'),
  4: functionAddress,
  5: ({ lo }, { bindings, slot }) => bound(bindings.maps, lo, slot),
  6: ({ lo, hi }, { bindings, slot }) => (bound(bindings.values, lo, slot) + hi) >>> 0,
};

/** What is never reached need not be such as the loop carries; should it be reached all the same, the run ends. */
const DEAD: Fields = { op: op.INVALID };

/** Trusted and verified programs, and accesses with a fact, need no check; those to an arena have a way of their own. */
const memory = (opcode: number, { proof, slot }: Context): Pick<Fields, 'op' | 'arenaOp'> => {
  const facts = proof.facts.get(slot);
  if (facts?.memory === 'arena') return { op: op.ARENA, arenaOp: opcode };
  const safe = proof.mode !== 'sandbox' || facts?.safe === true;
  return { op: opcode + (safe ? op.TRUSTED : op.CHECKED) };
};

const load = ({ size, signed, dst, src, off }: LoadInsn, context: Context): Fields => {
  return { ...memory((signed ? LOAD_SIGNED : LOAD)[size], context), dst, src, off };
};

/** Bytes from the instruction to the slot `off` slots after the next. */
function distance(off: number, { insns, slot }: Context): number {
  const target = slot + 1 + off;
  if (insns[target] === undefined) {
    bad(slot, `jumps to slot ${target}, where no instruction begins`);
  }
  return (off + 1) * op.INSN_SIZE;
}

function localCall({ imm }: CallInsn, context: Context): Fields {
  const target = context.slot + 1 + imm;
  const length = context.lengths.get(target);
  if (length === undefined) return bad(context.slot, `calls slot ${target}, where no function begins`);
  return { op: op.CALL_LOCAL, off: distance(imm, context), imm: length };
}

function kfuncCall({ imm }: CallInsn, { slot, kfuncNames, bindings, proof, insns, fixups }: Context): Fields {
  const name = kfuncNames[imm] ?? `#${imm}`;
  const number = bindings.kfunc(name) ?? refuse(slot, `calls of the kernel function ${name} (kfunc)`);
  const own = proof.facts.get(slot)?.fixups ?? [];
  if (own.length === 0) return { op: op.CALL_KFUNC, imm: number };
  const at = insns.length + 1 + fixups.flat().length;
  fixups.push([...own]);
  return { op: op.CALL_KFUNC, imm: number, off: (at - slot) * op.INSN_SIZE };
}

const CALL: Record<CallInsn['target'], (insn: CallInsn, context: Context) => Fields> = {
  helper: ({ imm }) => (imm === TAIL_CALL ? { op: op.TAIL_CALL } : { op: op.CALL_HELPER, imm }),
  local: localCall,
  kfunc: kfuncCall,
};

const PREDECODE: {
  readonly [K in InsnKind]: (insn: Extract<Insn, { kind: K }>, context: Context) => Fields;
} = {
  alu,
  neg: ({ width, dst }) => ({ op: op.NEG + (width === 64 ? op.R64 : op.R32), dst }),
  endian,
  lddw: (insn, context) => ({ op: op.LDDW, dst: insn.dst, imm: PSEUDO[insn.pseudo](insn, context) }),
  load,
  store: (insn, context) => {
    const [table, value] =
      insn.src === undefined ? [STORE_IMM, { imm: insn.imm }] : [STORE, { src: insn.src }];
    return { ...memory(table[insn.size], context), dst: insn.dst, off: insn.off, ...value };
  },
  atomic: ({ op: name, fetch, size, dst, src, off }, context) => {
    const imm = ATOMIC[name] | (fetch ? op.ATOMIC_FETCH : 0);
    return { ...memory(size === 4 ? op.ATOMIC32 : op.ATOMIC64, context), dst, src, off, imm };
  },
  loadAcquire: ({ size, dst, src, off }, context) => {
    return { ...memory(op.LOAD_ACQUIRE, context), dst, src, off, imm: size };
  },
  storeRelease: ({ size, dst, src, off }, context) => {
    return { ...memory(op.STORE_RELEASE, context), dst, src, off, imm: size };
  },
  packet: ({ size, src, imm }) =>
    src === undefined ? { op: op.LD_ABS, off: size, imm } : { op: op.LD_IND, src, off: size, imm },
  jump: (insn, context) => {
    const form = operand(insn, insn.width);
    return { ...form, op: JUMP[insn.op] + form.op, dst: insn.dst, off: distance(insn.off, context) };
  },
  ja: ({ off }, context) => ({ op: op.JA, off: distance(off, context) }),
  mayGoto: ({ off }, context) => ({ op: op.MAY_GOTO, off: distance(off, context) }),
  gotox: (_, { slot }) => refuse(slot, 'indirect jumps (gotox)'),
  call: (insn, context) => CALL[insn.target](insn, context),
  callx: ({ dst }) => ({ op: op.CALLX, dst }),
  exit: () => ({ op: op.EXIT }),
  // Pointers into arenas are addresses in linear memory: their upper half is 0 in both address spaces.
  addrSpaceCast: ({ dst, src }) => move(dst, src, 32),
};

const fieldsOf = <K extends InsnKind>(kind: K, insn: Extract<Insn, { kind: K }>, context: Context): Fields =>
  PREDECODE[kind](insn, context);

const fixupRows = (fixups: readonly Fixup[]): Fields[] =>
  fixups.map(({ register, value }, index) => ({
    op: op.INVALID,
    dst: register,
    off: index + 1 < fixups.length ? 1 : 0,
    imm: value,
  }));

/**
 * Predecodes a checked program: INSN_SIZE bytes a slot, one invalid instruction, and the fix-ups of its calls. The bytes are
 * position-independent; the addresses bound to maps and functions are not.
 *
 * @throws WebpfError 'unsupported' for instructions the interpreter does not carry, 'bad-program' for references
 *   that the structural checks would have refused; both name the slot
 */
export function predecode(program: Predecodable, bindings: Bindings, proof: Proof): Uint8Array {
  const { insns } = program.decoded;
  const functions = takenSubprograms(program);
  const shared: Omit<Context, 'slot'> = {
    insns,
    lengths: new Map(program.subprograms.map(({ start, length }) => [start, length])),
    taken: new Map(functions.map(({ start }, index) => [start, index])),
    bindings,
    kfuncNames: program.kfuncNames,
    proof,
    fixups: [],
  };
  const fields = insns.map((insn, slot) => {
    if (insn === undefined) return DEAD;
    const isDead = proof.facts.get(slot)?.dead === true;
    return isDead ? DEAD : fieldsOf(insn.kind, insn, { ...shared, slot });
  });
  const rows = [...fields, DEAD, ...shared.fixups.flatMap(fixupRows)];
  const code = new Uint8Array(rows.length * op.INSN_SIZE);
  const view = new DataView(code.buffer);
  rows.forEach((row, slot) => {
    writeInsn(view, slot, row);
  });
  return code;
}
