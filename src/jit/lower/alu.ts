/** Arithmetic. RFC 9669, section 4.1; shift counts are masked by WebAssembly as by eBPF. */
import type { AluInsn, AluOp, EndianInsn, EndianOp, NegInsn, Operand, Width } from '../../isa/insn.ts';
import type { BinaryName, Expr, UnaryOp, ValueType } from '../builder.ts';
import type { Scope } from '../scope.ts';

/** An operation in one width: operands are read through functions, since each use needs an expression of its own. */
interface Operands {
  readonly scope: Scope;
  readonly type: ValueType;
  readonly dst: () => Expr;
  readonly src: () => Expr;
  /** The immediate, when the second operand is one. */
  readonly imm: number | undefined;
}
type Lowering = (operands: Operands) => Expr;

const constant = (scope: Scope, type: ValueType, value: number): Expr =>
  type === 'i64' ? scope.b.const64(BigInt(value)) : scope.b.const32(value);

const simple =
  (name: BinaryName): Lowering =>
  ({ scope, type, dst, src }) =>
    scope.b.binary(`${type}.${name}`, dst(), src());

const isZero = ({ scope, type, src }: Operands): Expr => scope.b.unary(`${type}.eqz`, src());

/** Division by zero gives 0. */
const div: Lowering = (o) => {
  const { scope, type, imm } = o;
  if (imm === 0) return constant(scope, type, 0);
  const quotient = simple('div_u')(o);
  return imm === undefined ? scope.b.choose(isZero(o), constant(scope, type, 0), quotient) : quotient;
};

/** By 0 and by -1 the quotient is the product: 0, and -dst, which is MIN for MIN. div_s would trap. */
const sdiv: Lowering = (o) => {
  const { scope, type, src, imm } = o;
  if (imm !== undefined) return simple(imm === 0 || imm === -1 ? 'mul' : 'div_s')(o);
  const { b } = scope;
  const next = b.binary(`${type}.add`, src(), constant(scope, type, 1));
  const special = b.binary(`${type}.le_u`, next, constant(scope, type, 1));
  return b.choose(special, simple('mul')(o), simple('div_s')(o));
};

/** Modulo by zero leaves dst; rem_s(MIN, -1) is 0 in WebAssembly too. */
const modulo =
  (name: 'rem_u' | 'rem_s'): Lowering =>
  (o) => {
    if (o.imm === 0) return o.dst();
    const rest = simple(name)(o);
    return o.imm === undefined ? o.scope.b.choose(isZero(o), o.dst(), rest) : rest;
  };

const signExtend =
  (bits: 8 | 16 | 32): Lowering =>
  ({ scope, type, src }) =>
    bits === 32
      ? scope.b.unary('i64.extend32_s', src())
      : scope.b.unary(`${type}.extend${bits}_s` as UnaryOp, src());

const LOWERINGS: Readonly<Record<AluOp, Lowering>> = {
  add: simple('add'),
  sub: simple('sub'),
  mul: simple('mul'),
  div,
  sdiv,
  or: simple('or'),
  and: simple('and'),
  lsh: simple('shl'),
  rsh: simple('shr_u'),
  mod: modulo('rem_u'),
  smod: modulo('rem_s'),
  xor: simple('xor'),
  mov: ({ src }) => src(),
  movsx8: signExtend(8),
  movsx16: signExtend(16),
  movsx32: signExtend(32),
  arsh: simple('shr_s'),
};

/** Reads a register in one width. */
export const readReg = (scope: Scope, register: number, width: Width): Expr =>
  width === 64 ? scope.reg(register) : scope.low(register);

/** The second operand in one width; immediates are sign-extended. */
export const readOperand = (scope: Scope, operand: Operand, width: Width): Expr =>
  operand.src === undefined
    ? constant(scope, width === 64 ? 'i64' : 'i32', operand.imm)
    : readReg(scope, operand.src, width);

const write = (scope: Scope, register: number, width: Width, value: Expr): Expr =>
  width === 64 ? scope.setReg(register, value) : scope.setLow(register, value);

export const lowerAlu = (scope: Scope, insn: AluInsn): Expr[] => {
  const { width, dst } = insn;
  const value = LOWERINGS[insn.op]({
    scope,
    type: width === 64 ? 'i64' : 'i32',
    dst: () => readReg(scope, dst, width),
    src: () => readOperand(scope, insn, width),
    imm: insn.imm,
  });
  return [write(scope, dst, width, value)];
};

export const lowerNeg = (scope: Scope, { width, dst }: NegInsn): Expr[] => {
  const type = width === 64 ? 'i64' : 'i32';
  const value = scope.b.binary(`${type}.sub`, constant(scope, type, 0), readReg(scope, dst, width));
  return [write(scope, dst, width, value)];
};

/** Exchanges the bytes of an i32: outer and inner pairs by two rotations. */
const swap32 = ({ b }: Scope, value: () => Expr): Expr => {
  const rotated = (name: 'rotl' | 'rotr', mask: number): Expr =>
    b.binary('i32.and', b.binary(`i32.${name}`, value(), b.const32(8)), b.const32(mask));
  return b.binary('i32.or', rotated('rotl', 0x00ff00ff), rotated('rotr', 0xff00ff00));
};

const swap16 = (scope: Scope, dst: number): Expr => {
  const { b } = scope;
  const high = b.binary('i32.and', b.binary('i32.shr_u', scope.low(dst), b.const32(8)), b.const32(0xff));
  const low = b.binary('i32.shl', b.binary('i32.and', scope.low(dst), b.const32(0xff)), b.const32(8));
  return b.binary('i32.or', high, low);
};

/** Two statements: each step needs the value of the one before twice. */
const swap64 = (scope: Scope, dst: number): Expr[] => {
  const { b } = scope;
  const step = (mask: bigint, count: bigint): Expr => {
    const low = b.binary('i64.and', scope.reg(dst), b.const64(mask));
    const high = b.binary(
      'i64.and',
      b.binary('i64.shr_u', scope.reg(dst), b.const64(count)),
      b.const64(mask),
    );
    return b.binary('i64.or', b.binary('i64.shl', low, b.const64(count)), high);
  };
  const bytes = scope.setReg(dst, step(0x00ff00ff00ff00ffn, 8n));
  const halves = step(0x0000ffff0000ffffn, 16n);
  return [bytes, scope.setReg(dst, b.binary('i64.rotl', halves, b.const64(32n)))];
};

const swap = (scope: Scope, { dst, bits }: EndianInsn): Expr[] => {
  if (bits === 64) return swap64(scope, dst);
  return [scope.setLow(dst, bits === 32 ? swap32(scope, () => scope.low(dst)) : swap16(scope, dst))];
};

/** Linear memory is little-endian, so that `le` only truncates. */
const truncate = (scope: Scope, { dst, bits }: EndianInsn): Expr[] => {
  if (bits === 64) return [];
  const mask = scope.b.const64(bits === 16 ? 0xffffn : 0xffffffffn);
  return [scope.setReg(dst, scope.b.binary('i64.and', scope.reg(dst), mask))];
};

const ENDIAN: Readonly<Record<EndianOp, (scope: Scope, insn: EndianInsn) => Expr[]>> = {
  le: truncate,
  be: swap,
  bswap: swap,
};

export const lowerEndian = (scope: Scope, insn: EndianInsn): Expr[] => ENDIAN[insn.op](scope, insn);
