import {
  ALU_ADD,
  ALU_AND,
  ALU_ARSH,
  ALU_DIV,
  ALU_LSH,
  ALU_MOD,
  ALU_MOV,
  ALU_MOVSX8,
  ALU_MOVSX16,
  ALU_MOVSX32,
  ALU_MUL,
  ALU_OR,
  ALU_RSH,
  ALU_SDIV,
  ALU_SMOD,
  ALU_SUB,
  ALU_XOR,
  DOMAIN_END,
  ENDIAN_BE,
  ENDIAN_BSWAP,
  ENDIAN_LE,
  JUMP_EQ,
  JUMP_GE,
  JUMP_GT,
  JUMP_LE,
  JUMP_LT,
  JUMP_NE,
  JUMP_SET,
  JUMP_SGE,
  JUMP_SGT,
  JUMP_SLE,
  JUMP_SLT,
  SCALAR_32,
  SCALAR_64,
  SCALAR_MASK,
  SCALAR_SIZE,
  SCALAR_VALUE,
} from '../abi/verifier.ts';
import { WebpfError } from '../errors.ts';
import { readPart } from '../files.ts';
import type { AluOp, EndianOp, JumpOp } from '../isa/insn.ts';
import type { Scalar } from './scalar.ts';

/** Numbers of the operations, as the compiled domain takes them. */
export const ALU_NUMBER: Readonly<Record<AluOp, number>> = {
  add: ALU_ADD,
  sub: ALU_SUB,
  mul: ALU_MUL,
  div: ALU_DIV,
  sdiv: ALU_SDIV,
  or: ALU_OR,
  and: ALU_AND,
  lsh: ALU_LSH,
  rsh: ALU_RSH,
  mod: ALU_MOD,
  smod: ALU_SMOD,
  xor: ALU_XOR,
  mov: ALU_MOV,
  movsx8: ALU_MOVSX8,
  movsx16: ALU_MOVSX16,
  movsx32: ALU_MOVSX32,
  arsh: ALU_ARSH,
};
export const JUMP_NUMBER: Readonly<Record<JumpOp, number>> = {
  jeq: JUMP_EQ,
  jgt: JUMP_GT,
  jge: JUMP_GE,
  jset: JUMP_SET,
  jne: JUMP_NE,
  jsgt: JUMP_SGT,
  jsge: JUMP_SGE,
  jlt: JUMP_LT,
  jle: JUMP_LE,
  jslt: JUMP_SLT,
  jsle: JUMP_SLE,
};
export const ENDIAN_NUMBER: Readonly<Record<EndianOp, number>> = {
  le: ENDIAN_LE,
  be: ENDIAN_BE,
  bswap: ENDIAN_BSWAP,
};

/**
 * The compiled domain (assembly/verifier). Scalars are addresses of SCALAR_SIZE bytes, 8-byte aligned, at
 * DOMAIN_END or above; `width` is 32 or 64. Operands at the same address are the same value. Every function
 * expects scalars that stand for at least one value, and leaves such scalars behind, unless it returns 0
 * for "there is none".
 */
export interface DomainExports {
  setUnknown(r: number): void;
  setConst(r: number, value: bigint): void;
  copy(to: number, from: number): void;
  /** 1 when both are the same in every bit and bound. */
  equal(a: number, b: number): number;
  /** 1 when the scalar may be `x`. */
  contains(r: number, x: bigint): number;
  /**
   * 1 when all bits and bounds of `inner` lie in those of `outer`: what was proved for outer holds for
   * inner.
   */
  within(outer: number, inner: number): number;
  /**
   * Narrows each part by what the others say; after writing bounds by hand. 0 when they contradict each
   * other.
   */
  sync(r: number): number;

  /** dst = dst op src; of mov and movsx, dst = op src. 32-bit results are zero-extended. */
  alu(op: number, width: number, dst: number, src: number): void;
  /** `imm` is sign-extended to 64 bits. */
  aluImm(op: number, width: number, dst: number, imm: number): void;
  neg(width: number, dst: number): void;
  endian(op: number, bits: number, dst: number): void;
  /** Cuts to the last 1, 2 or 4 bytes, as a load of that size does. */
  zeroExtend(r: number, bytes: number): void;
  signExtend(r: number, bytes: number): void;

  /** Whether `if dst op src` jumps: 1 always, 0 never, -1 not known. */
  branchTaken(op: number, width: number, dst: number, src: number): number;
  branchTakenImm(op: number, width: number, dst: number, imm: number): number;
  /** Narrows both operands by the jump's being taken (1) or not (0). 0 when it cannot be. */
  refine(op: number, width: number, taken: number, dst: number, src: number): number;
  refineImm(op: number, width: number, taken: number, dst: number, imm: number): number;

  /** Narrows dst by src. 0 when they have no value in common. */
  meet(dst: number, src: number): number;
  /** Widens dst to what either may be. */
  join(dst: number, src: number): void;
}

const INITIAL_PAGES = 4;

/** An instance of the compiled module with a linear memory of its own. */
export async function instantiateVerifier(): Promise<{
  memory: WebAssembly.Memory;
  exports: WebAssembly.Exports;
}> {
  compilation ??= compiled();
  const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES });
  const { exports } = await WebAssembly.instantiate(await compilation, { env: { memory } });
  return { memory, exports };
}

async function compiled(): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(
      (await readPart(new URL('../../build/verifier.wasm', import.meta.url))) as BufferSource,
    );
  } catch (cause) {
    const message = 'verifier.wasm is missing or damaged: build it with "npm run build:runtime"';
    throw new WebpfError('file', message, { stage: 'verifier', cause });
  }
}

/** The scalar at an address of the domain's memory. */
export function readScalar(buffer: ArrayBuffer, address: number): Scalar {
  const view = new DataView(buffer, address, SCALAR_SIZE);
  return {
    value: view.getBigUint64(SCALAR_VALUE, true),
    mask: view.getBigUint64(SCALAR_MASK, true),
    umin: view.getBigUint64(SCALAR_64, true),
    umax: view.getBigUint64(SCALAR_64 + 8, true),
    smin: view.getBigInt64(SCALAR_64 + 16, true),
    smax: view.getBigInt64(SCALAR_64 + 24, true),
    u32min: BigInt(view.getUint32(SCALAR_32, true)),
    u32max: BigInt(view.getUint32(SCALAR_32 + 4, true)),
    s32min: BigInt(view.getInt32(SCALAR_32 + 8, true)),
    s32max: BigInt(view.getInt32(SCALAR_32 + 12, true)),
  };
}

let compilation: Promise<WebAssembly.Module> | undefined;

/** One instance of the domain with a linear memory of its own. */
export class Domain {
  readonly memory: WebAssembly.Memory;
  readonly ops: DomainExports;

  private constructor(memory: WebAssembly.Memory, ops: DomainExports) {
    this.memory = memory;
    this.ops = ops;
  }

  /** @throws WebpfError `file` when the compiled domain cannot be read */
  static async open(): Promise<Domain> {
    const { memory, exports } = await instantiateVerifier();
    return new Domain(memory, exports as unknown as DomainExports);
  }

  /** Address of the scalar with this number, of those that lie one after the other from DOMAIN_END on. */
  at(index: number): number {
    const address = DOMAIN_END + index * SCALAR_SIZE;
    if (Number.isSafeInteger(index) && index >= 0 && address + SCALAR_SIZE <= this.memory.buffer.byteLength) {
      return address;
    }
    const count = Math.floor((this.memory.buffer.byteLength - DOMAIN_END) / SCALAR_SIZE);
    const message = `scalar ${index} is outside the domain's memory, which has room for ${count}`;
    throw new WebpfError('bad-argument', message, { stage: 'verifier' });
  }

  read(address: number): Scalar {
    return readScalar(this.memory.buffer, address);
  }

  /** Writes a scalar as it is; `sync` then brings its parts together, and says if it has any value. */
  write(address: number, scalar: Scalar): void {
    const view = new DataView(this.memory.buffer, address, SCALAR_SIZE);
    view.setBigUint64(SCALAR_VALUE, scalar.value & ~scalar.mask, true);
    view.setBigUint64(SCALAR_MASK, scalar.mask, true);
    view.setBigUint64(SCALAR_64, scalar.umin, true);
    view.setBigUint64(SCALAR_64 + 8, scalar.umax, true);
    view.setBigInt64(SCALAR_64 + 16, scalar.smin, true);
    view.setBigInt64(SCALAR_64 + 24, scalar.smax, true);
    view.setUint32(SCALAR_32, Number(scalar.u32min), true);
    view.setUint32(SCALAR_32 + 4, Number(scalar.u32max), true);
    view.setInt32(SCALAR_32 + 8, Number(scalar.s32min), true);
    view.setInt32(SCALAR_32 + 12, Number(scalar.s32max), true);
  }
}
