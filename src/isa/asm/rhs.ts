/** What stands to the right of `rN =` in the C-like dialect. */
import { ATOMICS, ENDIAN, ENDIAN_BITS } from '../families.ts';
import type { AluOp, AtomicOp, EndianOp, Insn, LddwPseudo, Size } from '../insn.ts';
import type { Cursor, Register } from './cursor.ts';
import { aim, type Draft, parseTarget } from './draft.ts';
import type { Names } from './names.ts';

type Rhs = (cursor: Cursor, dst: Register, names: Names) => Draft;

const need64 = (cursor: Cursor, { number, width }: Register): number =>
  width === 64 ? number : cursor.fail('expected an operation that 32-bit registers have');

/** `(u32 *)`. */
export function parseCast(cursor: Cursor): { readonly size: Size; readonly signed: boolean } {
  cursor.expect('(');
  const type = cursor.memoryType();
  cursor.expect('*');
  cursor.expect(')');
  return type;
}

const packet = (cursor: Cursor, size: Size): Insn => {
  if (size === 8) return cursor.fail('expected skb[...] with u8, u16 or u32 only');
  cursor.expect('skb');
  cursor.expect('[');
  const src = cursor.seesRegister() ? cursor.register64() : undefined;
  const more = src === undefined || cursor.accept('+') || cursor.sees('-');
  const imm = more ? cursor.imm32('a packet offset') : 0;
  cursor.expect(']');
  return { kind: 'packet', size, src, imm };
};

/** `(rN + off)`. */
export function parseAddress(cursor: Cursor): { readonly register: number; readonly off: number } {
  cursor.expect('(');
  const address = cursor.displaced();
  cursor.expect(')');
  return address;
}

const load: Rhs = (cursor, dst) => {
  const start = cursor.peek();
  cursor.expect('*');
  const { size, signed } = parseCast(cursor);
  if (cursor.sees('skb')) {
    if (dst.number !== 0) cursor.fail('expected r0: packet loads write r0', start);
    return { insn: packet(cursor, size) };
  }
  if (signed && size === 8) cursor.fail('expected s8, s16 or s32: 64 bits need no sign extension', start);
  const { register, off } = parseAddress(cursor);
  return {
    insn: { kind: 'load', size, signed, dst: signed ? need64(cursor, dst) : dst.number, src: register, off },
  };
};

const MOVSX: Readonly<Record<string, AluOp>> = { s8: 'movsx8', s16: 'movsx16', s32: 'movsx32' };

/** `(s8)r2`. */
const extend: Rhs = (cursor, dst) => {
  cursor.expect('(');
  const cast = cursor.next();
  const op = MOVSX[cast.text];
  if (op === undefined || (op === 'movsx32' && dst.width === 32)) {
    return cursor.fail(`expected a cast to s8, s16${dst.width === 64 ? ' or s32' : ''}`, cast);
  }
  cursor.expect(')');
  return { insn: { kind: 'alu', op, width: dst.width, dst: dst.number, src: sameWidth(cursor, dst) } };
};

/** A register as wide as the destination. */
export function sameWidth(cursor: Cursor, dst: Register): number {
  const token = cursor.peek();
  const { number, width } = cursor.register();
  return width === dst.width
    ? number
    : cursor.fail(`expected a ${dst.width}-bit register like the destination`, token);
}

/** The register that was assigned to, again. */
const again = (cursor: Cursor, dst: Register): void => {
  const token = cursor.peek();
  if (sameWidth(cursor, dst) !== dst.number) cursor.fail(`expected register ${dst.number} again`, token);
};

const negate: Rhs = (cursor, dst) => {
  cursor.expect('-');
  again(cursor, dst);
  return { insn: { kind: 'neg', width: dst.width, dst: dst.number } };
};

const endian =
  (op: EndianOp, bits: 16 | 32 | 64): Rhs =>
  (cursor, dst) => {
    cursor.next();
    again(cursor, { number: need64(cursor, dst), width: 64 });
    return { insn: { kind: 'endian', op, bits, dst: dst.number } };
  };

/** `((u64 *)(r1 + 0)`, or `(r1 + 0` in the spellings whose name gives the size. */
const operandAddress = (cursor: Cursor, named: 4 | 8 | undefined) => {
  cursor.expect('(');
  if (named !== undefined && !cursor.sees('(')) return { size: named, ...cursor.displaced() };
  const start = cursor.peek();
  const { size } = parseCast(cursor);
  return { size, start, ...parseAddress(cursor) };
};

const atomicSize = (cursor: Cursor, size: Size): 4 | 8 =>
  size === 4 || size === 8 ? size : cursor.fail('expected an atomic operation on u32 or u64');

/** `atomic_fetch_add((u64 *)(r1 + 0), r2)`, `xchg_64(r1 + 0, r2)`, `cmpxchg_64(r1 + 0, r0, r2)`. */
const atomic =
  (op: AtomicOp, named?: 4 | 8): Rhs =>
  (cursor, dst) => {
    cursor.next();
    const { size, register, off } = operandAddress(cursor, named);
    cursor.expect(',');
    if (op === 'cmpxchg') {
      again(cursor, { number: 0, width: cursor.sees('w0') ? 32 : 64 });
      cursor.expect(',');
    }
    const token = cursor.peek();
    const src = cursor.register().number;
    const result = op === 'cmpxchg' ? 0 : src;
    if (dst.number !== result)
      cursor.fail(`expected the old value to go to r${result}, not r${dst.number}`, token);
    cursor.expect(')');
    return {
      insn: { kind: 'atomic', op, fetch: true, size: atomicSize(cursor, size), dst: register, src, off },
    };
  };

const loadAcquire: Rhs = (cursor, dst) => {
  cursor.next();
  const { size, register, off } = operandAddress(cursor, undefined);
  cursor.expect(')');
  return { insn: { kind: 'loadAcquire', size, dst: dst.number, src: register, off } };
};

const addrSpaceCast: Rhs = (cursor, dst) => {
  cursor.next();
  cursor.expect('(');
  const src = cursor.register64();
  cursor.expect(',');
  const to = Number(cursor.integer(32, 'an address space'));
  cursor.expect(',');
  const from = Number(cursor.integer(32, 'an address space'));
  if (to + from !== 1 || to * from !== 0) cursor.fail('expected a cast between address spaces 0 and 1');
  cursor.expect(')');
  return { insn: { kind: 'addrSpaceCast', dst: need64(cursor, dst), src, imm: (to << 16) | from } };
};

/** Index of a map by number or name. */
const mapNumber = (cursor: Cursor, { maps }: Names): number => {
  if (cursor.seesNumber()) return cursor.imm32('a map number');
  const token = cursor.next();
  const index = token.kind === 'word' ? maps.indexOf(token.text) : -1;
  return index >= 0
    ? index
    : cursor.fail(`expected a map number or one of the names [${maps.join(', ')}]`, token);
};

/** `map[0]` and `map[idx:0]` by index, `map[fd:3]` by descriptor; with `[0]+16` (or `+16`) an address in the value. */
const mapReference: Rhs = (cursor, dst, names) => {
  cursor.next();
  cursor.expect('[');
  const byFd = cursor.sees('fd', ':');
  if (byFd || cursor.sees('idx', ':')) {
    cursor.next();
    cursor.next();
  }
  const lo = byFd ? cursor.imm32('a map descriptor') : mapNumber(cursor, names);
  cursor.expect(']');
  const element = cursor.accept('[');
  if (element && cursor.imm32('element 0') !== 0)
    cursor.fail('expected element 0: only its address can be loaded');
  if (element) cursor.expect(']');
  const value = element || cursor.sees('+') || cursor.sees('-');
  const hi = cursor.seesNumber() ? cursor.imm32('an offset in the value') : 0;
  const pseudo: LddwPseudo = byFd ? (value ? 2 : 1) : value ? 6 : 5;
  return { insn: { kind: 'lddw', dst: need64(cursor, dst), pseudo, lo, hi } };
};

/** `btf[12]`, `btf[12][fd:3]`. */
const variable: Rhs = (cursor, dst) => {
  cursor.next();
  cursor.expect('[');
  const lo = cursor.imm32('a BTF id');
  cursor.expect(']');
  let hi = 0;
  if (cursor.accept('[')) {
    cursor.expect('fd');
    cursor.expect(':');
    hi = cursor.imm32('a BTF descriptor');
    cursor.expect(']');
  }
  return { insn: { kind: 'lddw', dst: need64(cursor, dst), pseudo: 3, lo, hi } };
};

/** The address of a function by label or distance. */
const functionAddress = (cursor: Cursor, dst: Register): Draft => {
  const number = need64(cursor, dst);
  return aim(parseTarget(cursor, 32), 'lo', 32, (lo) => ({
    kind: 'lddw',
    dst: number,
    pseudo: 4,
    lo,
    hi: 0,
  }));
};

/** `subprog[+5]`, `subprog[label]`. */
const subprogram: Rhs = (cursor, dst) => {
  cursor.next();
  cursor.expect('[');
  const draft = functionAddress(cursor, dst);
  cursor.expect(']');
  return draft;
};

/** A 64-bit constant as lddw. */
export function wideConstant(dst: number, value: bigint): Insn {
  const lo = Number(BigInt.asIntN(32, value));
  return { kind: 'lddw', dst, pseudo: 0, lo, hi: Number(BigInt.asIntN(32, value >> 32n)) };
}

const number: Rhs = (cursor, dst) => {
  let ahead = 0;
  while (cursor.peek(ahead).kind !== 'end') ahead++;
  // Only the `ll` at the end tells lddw from mov.
  if (cursor.peek(ahead - 1).text === 'll') {
    const value = cursor.integer(64, 'a 64-bit constant');
    return { insn: wideConstant(need64(cursor, dst), value) };
  }
  return { insn: { kind: 'alu', op: 'mov', width: dst.width, dst: dst.number, imm: cursor.imm32() } };
};

const copy: Rhs = (cursor, dst) => ({
  insn: { kind: 'alu', op: 'mov', width: dst.width, dst: dst.number, src: sameWidth(cursor, dst) },
});

/** Right sides that begin with a name. */
const NAMED: Readonly<Record<string, Rhs>> = {
  ...Object.fromEntries(
    ENDIAN.flatMap(({ op }) => ENDIAN_BITS.map((bits) => [`${op}${bits}`, endian(op, bits)])),
  ),
  ...Object.fromEntries(
    ATOMICS.flatMap(({ op, sign }) =>
      ['atomic', 'atomic64'].map((prefix) => [`${prefix}_${sign === '' ? '' : 'fetch_'}${op}`, atomic(op)]),
    ),
  ),
  xchg_64: atomic('xchg', 8),
  xchg32_32: atomic('xchg', 4),
  cmpxchg_64: atomic('cmpxchg', 8),
  cmpxchg32_32: atomic('cmpxchg', 4),
  load_acquire: loadAcquire,
  addr_space_cast: addrSpaceCast,
  map: mapReference,
  btf: variable,
  subprog: subprogram,
};

/** Parses the right side of an assignment. */
export function parseRhs(cursor: Cursor, dst: Register, names: Names): Draft {
  const named = cursor.peek(1).kind === 'end' ? undefined : NAMED[cursor.peek().text];
  const draft = choose(cursor, named)(cursor, dst, names);
  cursor.accept('ll');
  return draft;
}

const choose = (cursor: Cursor, named: Rhs | undefined): Rhs => {
  if (named !== undefined) return named;
  if (cursor.seesRegister()) return copy;
  if (cursor.seesNumber()) return number;
  if (cursor.sees('*')) return load;
  if (cursor.sees('(')) return extend;
  if (cursor.sees('-')) return negate;
  if (cursor.peek().kind === 'word') return functionAddress;
  return cursor.fail('expected a register, a number, a load, or an operation');
};
