/** The C-like dialect, as clang reads it and as the kernel and llvm-objdump print it. */
import { ALU, ATOMICS, JUMPS } from '../families.ts';
import type { AluOp, AtomicOp, Insn, JumpOp, Operand } from '../insn.ts';
import { parseCall } from './call.ts';
import type { Cursor, Register } from './cursor.ts';
import { aim, type Draft, parseTarget } from './draft.ts';
import type { Names } from './names.ts';
import { parseAddress, parseCast, parseRhs, sameWidth, wideConstant } from './rhs.ts';

const ASSIGN: ReadonlyMap<string, AluOp> = new Map(
  ALU.filter(({ immediate }) => immediate).map(({ sign, op }) => [sign, op]),
);
const COMPARE: ReadonlyMap<string, JumpOp> = new Map(JUMPS.map(({ sign, op }) => [sign, op]));
const UPDATE: ReadonlyMap<string, AtomicOp> = new Map(
  ATOMICS.filter(({ sign }) => sign !== '').map(({ sign, op }) => [sign, op]),
);

const find = <T>(cursor: Cursor, table: ReadonlyMap<string, T>): T => {
  const token = cursor.next();
  return table.get(token.text) ?? cursor.fail(`expected one of ${[...table.keys()].join(' ')}`, token);
};

const operand = (cursor: Cursor, dst: Register): Operand =>
  cursor.seesRegister() ? { src: sameWidth(cursor, dst) } : { imm: cursor.imm32() };

const assignment = (cursor: Cursor, names: Names): Draft => {
  const dst = cursor.register();
  if (cursor.accept('=')) return parseRhs(cursor, dst, names);
  const op = find(cursor, ASSIGN);
  return { insn: { kind: 'alu', op, width: dst.width, dst: dst.number, ...operand(cursor, dst) } };
};

const conditional = (cursor: Cursor): Draft => {
  cursor.expect('if');
  const dst = cursor.register();
  const op = find(cursor, COMPARE);
  const second = operand(cursor, dst);
  cursor.expect('goto');
  const make = (off: number): Insn => ({
    kind: 'jump',
    op,
    width: dst.width,
    dst: dst.number,
    off,
    ...second,
  });
  return aim(parseTarget(cursor, 16), 'off', 16, make);
};

const store = (cursor: Cursor): Draft => {
  const start = cursor.peek();
  cursor.expect('*');
  const { size, signed } = parseCast(cursor);
  if (signed) cursor.fail('expected an unsigned type (u8 to u64) to store', start);
  const { register, off } = parseAddress(cursor);
  cursor.expect('=');
  const value: Operand = cursor.seesRegister() ? { src: cursor.register().number } : { imm: cursor.imm32() };
  return { insn: { kind: 'store', size, dst: register, off, ...value } };
};

/** `lock *(u64 *)(r1 + 0) += r2`. */
const update = (cursor: Cursor): Draft => {
  cursor.expect('lock');
  cursor.expect('*');
  const start = cursor.peek(1);
  const { size } = parseCast(cursor);
  if (size !== 4 && size !== 8) return cursor.fail('expected an atomic operation on u32 or u64', start);
  const { register, off } = parseAddress(cursor);
  const op = find(cursor, UPDATE);
  return {
    insn: { kind: 'atomic', op, fetch: false, size, dst: register, src: cursor.register().number, off },
  };
};

/** `store_release((u64 *)(r1 + 0), r2)`. */
const storeRelease = (cursor: Cursor): Draft => {
  cursor.expect('store_release');
  cursor.expect('(');
  const { size } = parseCast(cursor);
  const { register, off } = parseAddress(cursor);
  cursor.expect(',');
  const src = cursor.register().number;
  cursor.expect(')');
  return { insn: { kind: 'storeRelease', size, dst: register, src, off } };
};

/** `ld_pseudo r1, 1, 5`, as llvm-objdump prints an lddw that is no plain constant. */
const pseudoLoad = (cursor: Cursor): Draft => {
  cursor.expect('ld_pseudo');
  const dst = cursor.register64();
  cursor.expect(',');
  const token = cursor.peek();
  const pseudo = cursor.imm32('a pseudo source');
  if (
    pseudo !== 0 &&
    pseudo !== 1 &&
    pseudo !== 2 &&
    pseudo !== 3 &&
    pseudo !== 4 &&
    pseudo !== 5 &&
    pseudo !== 6
  ) {
    return cursor.fail('expected a pseudo source from 0 to 6', token);
  }
  cursor.expect(',');
  const wide = wideConstant(dst, cursor.integer(64, 'a 64-bit constant'));
  // LLVM shows one number, which for all sources but 0 is the first imm alone.
  return { insn: pseudo === 0 ? wide : ({ ...wide, pseudo, hi: 0 } as Insn) };
};

const jump =
  (keyword: string, bits: 16 | 32, make: (distance: number) => Insn) =>
  (cursor: Cursor): Draft => {
    cursor.expect(keyword);
    return aim(parseTarget(cursor, bits), 'off', bits, make);
  };

const registerInsn =
  (kind: 'callx' | 'gotox') =>
  (cursor: Cursor): Draft => {
    cursor.expect(kind);
    return { insn: { kind, dst: cursor.register64() } };
  };

/** Statements by their first word. */
const STATEMENTS: Readonly<Record<string, (cursor: Cursor, names: Names) => Draft>> = {
  if: conditional,
  '*': store,
  goto: jump('goto', 16, (off) => ({ kind: 'ja', long: false, off })),
  gotol: jump('gotol', 32, (off) => ({ kind: 'ja', long: true, off })),
  may_goto: jump('may_goto', 16, (off) => ({ kind: 'mayGoto', off })),
  gotox: registerInsn('gotox'),
  callx: registerInsn('callx'),
  store_release: storeRelease,
  ld_pseudo: pseudoLoad,
  call: (cursor, names) => {
    cursor.expect('call');
    return parseCall(cursor, names);
  },
  exit: (cursor) => {
    cursor.expect('exit');
    return { insn: { kind: 'exit' } };
  },
};

/** True when the line at the cursor begins as a statement of this dialect. */
export function isClike(cursor: Cursor): boolean {
  const { kind, text } = cursor.peek();
  return (
    cursor.seesRegister() || Object.hasOwn(STATEMENTS, text) || cursor.sees('lock', '*') || kind === 'opcode'
  );
}

/** The kernel prints lddw as a bare hexadecimal number. */
const kernelWide = (cursor: Cursor): Draft => {
  const dst = cursor.register64();
  cursor.expect('=');
  const draft: Draft = { insn: wideConstant(dst, cursor.integer(64, 'a 64-bit constant')) };
  cursor.accept('ll');
  return draft;
};

/** Parses one instruction. */
export function parseClike(cursor: Cursor, names: Names): Draft {
  // The opcode that the kernel prints tells lddw from mov, which look alike there.
  const opcode = cursor.peek().kind === 'opcode' ? cursor.next().text : undefined;
  if (opcode === '18' && cursor.peek(2).kind === 'number') return kernelWide(cursor);
  if (cursor.sees('lock', '*')) return update(cursor);
  const statement = Object.hasOwn(STATEMENTS, cursor.peek().text)
    ? STATEMENTS[cursor.peek().text]
    : undefined;
  if (statement !== undefined) return statement(cursor, names);
  return cursor.seesRegister() ? assignment(cursor, names) : cursor.fail('expected an instruction');
}
