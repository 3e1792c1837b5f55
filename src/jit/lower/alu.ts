/** Arithmetic. RFC 9669, section 4.1; shift counts are masked by WebAssembly as by eBPF. */
import type {
  AddrSpaceCastInsn,
  AluInsn,
  AluOp,
  EndianInsn,
  EndianOp,
  NegInsn,
  Operand,
  Width,
} from '../../isa/insn.ts';
import type { InsnFacts } from '../../verifier/proof.ts';
import type { BinaryName, Expr, ValueType } from '../builder.ts';
import type { Flow } from '../ssa/flow.ts';
import { const32, const64, constant, isConst, type Unary, type Value } from '../ssa/value.ts';

/** An operation in one width. */
interface Operands {
  readonly flow: Flow;
  readonly type: ValueType;
  readonly dst: Value;
  readonly src: Value;
  /** The second operand cannot be 0. */
  readonly isNonzero: boolean;
}
type Lowering = (operands: Operands) => Value;

const binary =
  (name: BinaryName): Lowering =>
  ({ flow, type, dst, src }) =>
    flow.values.binary(name, type, dst, src);

/** `plain` unless the second operand is 0, then `otherwise`: decided when it runs, since `plain` would trap. */
const unlessZero = (
  { flow, type, dst, src }: Operands,
  name: 'div_u' | 'rem_u' | 'rem_s',
  otherwise: Value,
): Value =>
  flow.result(type, [src, otherwise, dst, src], ([test, zero, a, b], set) => {
    const { b: builder } = flow.scope;
    const isZero = builder.unary(`${type}.eqz`, test as Expr);
    return [
      set(builder.choose(isZero, zero as Expr, builder.binary(`${type}.${name}`, a as Expr, b as Expr))),
    ];
  });

/** Division by zero gives 0. */
const div: Lowering = (o) => {
  const zero = constant(o.type, 0n);
  if (isConst(o.src) && o.src.constant === 0n) return zero;
  return o.isNonzero ? binary('div_u')(o) : unlessZero(o, 'div_u', zero);
};

/** By 0 and by -1 the quotient is the product: 0, and -dst, which is MIN for MIN. div_s would trap. */
const sdiv: Lowering = (o) => {
  const { flow, type, dst, src } = o;
  if (isConst(src)) {
    const isSpecial = src.constant === 0n || src.constant === constant(type, -1n).constant;
    return binary(isSpecial ? 'mul' : 'div_s')(o);
  }
  const next = flow.values.binary('add', type, src, constant(type, 1n));
  const special = flow.values.binary('le_u', type, next, constant(type, 1n));
  return flow.result(type, [special, dst, src, dst, src], ([test, a, b, c, d], set) => {
    const { b: builder } = flow.scope;
    const product = builder.binary(`${type}.mul`, a as Expr, b as Expr);
    const quotient = builder.binary(`${type}.div_s`, c as Expr, d as Expr);
    return [set(builder.choose(test as Expr, product, quotient))];
  });
};

/** Modulo by zero leaves dst; rem_s(MIN, -1) is 0 in WebAssembly too. */
const modulo =
  (name: 'rem_u' | 'rem_s'): Lowering =>
  (o) => {
    if (isConst(o.src) && o.src.constant === 0n) return o.dst;
    return o.isNonzero ? binary(name)(o) : unlessZero(o, name, o.dst);
  };

const signExtend =
  (bits: 8 | 16 | 32): Lowering =>
  ({ flow, type, src }) =>
    flow.values.unary(bits === 32 ? 'i64.extend32_s' : (`${type}.extend${bits}_s` as Unary), src);

const LOWERINGS: Readonly<Record<AluOp, Lowering>> = {
  add: binary('add'),
  sub: binary('sub'),
  mul: binary('mul'),
  div,
  sdiv,
  or: binary('or'),
  and: binary('and'),
  lsh: binary('shl'),
  rsh: binary('shr_u'),
  mod: modulo('rem_u'),
  smod: modulo('rem_s'),
  xor: binary('xor'),
  mov: ({ src }) => src,
  movsx8: signExtend(8),
  movsx16: signExtend(16),
  movsx32: signExtend(32),
  arsh: binary('shr_s'),
};

/** Reads a register in one width. */
export const readReg = (flow: Flow, register: number, width: Width): Value =>
  width === 64 ? flow.reg(register) : flow.low(register);

/** The second operand in one width; immediates are sign-extended. */
export const readOperand = (flow: Flow, { src, imm }: Operand, width: Width): Value => {
  if (src !== undefined) return readReg(flow, src, width);
  return width === 64 ? const64(BigInt(imm)) : const32(imm);
};

const write = (flow: Flow, register: number, width: Width, value: Value): void => {
  if (width === 64) flow.set(register, value);
  else flow.setLow(register, value);
};

/** Whether the proof says that the second operand is not 0 (in its low half, for 32 bits). */
function isNonzero({ src, imm, width }: AluInsn, facts: InsnFacts | undefined): boolean {
  if (src === undefined) return imm !== 0;
  const scalar = facts?.registers?.find(({ register }) => register === src)?.scalar;
  return scalar !== undefined && (width === 64 ? scalar.umin : scalar.u32min) > 0n;
}

export const lowerAlu = (flow: Flow, insn: AluInsn, facts: InsnFacts | undefined): void => {
  const { dst } = insn;
  const width = facts?.narrow === true ? 32 : insn.width;
  const value = LOWERINGS[insn.op]({
    flow,
    type: width === 64 ? 'i64' : 'i32',
    dst: readReg(flow, dst, width),
    src: readOperand(flow, insn, width),
    isNonzero: isNonzero(insn, facts),
  });
  write(flow, dst, width, value);
};

/** Pointers into arenas are addresses in linear memory: their upper half is 0 in both address spaces. */
export const lowerAddrSpaceCast = (flow: Flow, { dst, src }: AddrSpaceCastInsn): void =>
  flow.setLow(dst, flow.low(src));

export const lowerNeg = (flow: Flow, { width, dst }: NegInsn): void => {
  const type = width === 64 ? 'i64' : 'i32';
  const zero = constant(type, 0n);
  write(flow, dst, width, flow.values.binary('sub', type, zero, readReg(flow, dst, width)));
};

const swap = (flow: Flow, { dst, bits }: EndianInsn): void => {
  if (bits === 64) flow.set(dst, flow.values.unary('i64.swap', flow.reg(dst)));
  else flow.setLow(dst, flow.values.unary(bits === 32 ? 'i32.swap' : 'i32.swap16', flow.low(dst)));
};

/** Linear memory is little-endian, so that `le` only truncates. */
const truncate = (flow: Flow, { dst, bits }: EndianInsn): void => {
  if (bits === 64) return;
  const mask = const64(bits === 16 ? 0xffffn : 0xffffffffn);
  flow.set(dst, flow.values.binary('and', 'i64', flow.reg(dst), mask));
};

const ENDIAN: Readonly<Record<EndianOp, (flow: Flow, insn: EndianInsn) => void>> = {
  le: truncate,
  be: swap,
  bswap: swap,
};

export const lowerEndian = (flow: Flow, insn: EndianInsn): void => ENDIAN[insn.op](flow, insn);
