/** Calls, in the spellings of both dialects. */
import { helperId } from '../helpers.ts';
import type { Insn } from '../insn.ts';
import type { Cursor } from './cursor.ts';
import { aim, type Draft, parseTarget } from './draft.ts';
import { kfuncIndex, type Names } from './names.ts';

type CallTarget = 'helper' | 'local' | 'kfunc';

const call = (target: CallTarget, imm: number, off = 0): Insn => ({ kind: 'call', target, imm, off });

const localCall = (cursor: Cursor): Draft =>
  aim(parseTarget(cursor, 32), 'imm', 32, (distance) => call('local', distance));

/** A kernel function by number, with an optional `off 1` (index into the fd array). */
const numberedKfunc = (cursor: Cursor): Draft => {
  const imm = cursor.imm32('a BTF id');
  const off = cursor.accept('off') ? cursor.off16('an index into the fd array') : 0;
  return { insn: call('kfunc', imm, off) };
};

/** `kfunc 123`, or `kfunc bpf_rcu_read_lock`. */
const kfuncCall = (cursor: Cursor, names: Names): Draft => {
  if (cursor.seesNumber()) return numberedKfunc(cursor);
  const token = cursor.next();
  if (token.kind !== 'word') return cursor.fail('expected the name of a kernel function, or a BTF id', token);
  return { insn: call('kfunc', kfuncIndex(names, token.text)) };
};

const helperByName = (cursor: Cursor): Draft | undefined => {
  const id = helperId(cursor.peek().text);
  if (id === undefined) return undefined;
  cursor.next();
  if (!cursor.accept('#')) return { insn: call('helper', id) };
  const token = cursor.peek();
  if (cursor.imm32('a helper id') !== id) cursor.fail(`helper ${id} goes by this name`, token);
  return { insn: call('helper', id) };
};

/** The kernel prints ids it has no name for as `unknown#id`. */
const unnamed = (cursor: Cursor, name: string, make: () => Draft): Draft | undefined => {
  if (!cursor.sees(name, '#')) return undefined;
  cursor.next();
  cursor.next();
  return make();
};

const callHelper = (cursor: Cursor): Draft => {
  if (cursor.seesRegister()) return { insn: { kind: 'callx', dst: cursor.register64() } };
  return helperByName(cursor) ?? { insn: call('helper', cursor.imm32('a helper id')) };
};

/** After `call`: a helper by id or name, a register (callx), `local LABEL`, `runtime ID`, `kfunc ID or NAME`, `+N`, or a label. */
export function parseCall(cursor: Cursor, names: Names): Draft {
  if (cursor.accept('helper')) return callHelper(cursor);
  if (cursor.accept('local')) return localCall(cursor);
  if (cursor.accept('runtime') || cursor.accept('kfunc')) return kfuncCall(cursor, names);
  const special =
    unnamed(cursor, 'unknown', () => callHelper(cursor)) ??
    unnamed(cursor, 'bpf_unspec', () => callHelper(cursor)) ??
    unnamed(cursor, 'kernel-function', () => numberedKfunc(cursor)) ??
    helperByName(cursor);
  if (special !== undefined) return special;
  const signed = cursor.sees('+') || cursor.sees('pc', '+') || cursor.sees('pc', '-');
  const label = cursor.peek().kind === 'word' && !cursor.seesRegister();
  return signed || label ? localCall(cursor) : callHelper(cursor);
}
