/** The conformance suite's dialect: mnemonics of the rows, then operands. */
import type { Insn } from '../insn.ts';
import { type Form, ROWS, type Row } from '../rows.ts';
import { parseCall } from './call.ts';
import type { Cursor } from './cursor.ts';
import { aim, type Draft, parseTarget } from './draft.ts';
import type { Names } from './names.ts';
import { wideConstant } from './rhs.ts';

type ByForm = Partial<Record<Form, Row>>;

/** Other spellings of a row's mnemonic: `swap16`, `add64`, `lock fetch xchg`. */
const spellings = ({ name, kind, insn }: Row): string[] => {
  if (name.startsWith('bswap')) return [name, name.slice(1)];
  if (name.startsWith('lock xchg') || name.startsWith('lock cmpxchg'))
    return [name, name.replace('lock', 'lock fetch')];
  const { width } = insn;
  const plain = (kind === 'alu' || kind === 'neg') && width === 64 && !name.endsWith('64');
  return plain ? [name, `${name}64`] : [name];
};

const MNEMONICS: ReadonlyMap<string, ByForm> = ROWS.reduce((map, row) => {
  for (const name of spellings(row)) map.set(name, { ...map.get(name), [row.form]: row });
  return map;
}, new Map<string, ByForm>());

/** `[%r10-8]`. */
const brackets = (cursor: Cursor): { readonly register: number; readonly off: number } => {
  cursor.expect('[');
  const address = cursor.displaced();
  cursor.expect(']');
  return address;
};

type Properties = Readonly<Record<string, unknown>>;

/** A row's template and the properties read from the text are together one Insn. */
const build = (row: Row | undefined, properties: Properties): Insn =>
  ({ ...row?.insn, ...properties }) as unknown as Insn;

const need = (cursor: Cursor, row: Row | undefined, form: string): Row =>
  row ?? cursor.fail(`this instruction has no form with ${form}`);

/** The last operand: a register or an immediate, which chooses the row. */
const second = (cursor: Cursor, rows: ByForm): { readonly row: Row; readonly properties: Properties } => {
  if (cursor.seesRegister()) {
    const row = need(cursor, rows.reg, 'a register');
    return { row, properties: { src: cursor.register64() } };
  }
  return { row: need(cursor, rows.imm, 'an immediate'), properties: { imm: cursor.imm32() } };
};

const alu = (cursor: Cursor, rows: ByForm): Draft => {
  const dst = cursor.register64();
  cursor.expect(',');
  const { row, properties } = second(cursor, rows);
  return { insn: build(row, { dst, ...properties }) };
};

const unary = (cursor: Cursor, { none }: ByForm): Draft => ({
  insn: build(none, { dst: cursor.register64() }),
});

const jump = (cursor: Cursor, rows: ByForm): Draft => {
  const dst = cursor.register64();
  cursor.expect(',');
  const { row, properties } = second(cursor, rows);
  cursor.expect(',');
  return aim(parseTarget(cursor, 16), 'off', 16, (off) => build(row, { dst, off, ...properties }));
};

const load = (cursor: Cursor, { reg }: ByForm): Draft => {
  const dst = cursor.register64();
  cursor.expect(',');
  const { register: src, off } = brackets(cursor);
  return { insn: build(reg, { dst, src, off }) };
};

const store = (cursor: Cursor, rows: ByForm): Draft => {
  const { register: dst, off } = brackets(cursor);
  cursor.expect(',');
  const { row, properties } = second(cursor, rows);
  return { insn: build(row, { dst, off, ...properties }) };
};

const lddw = (cursor: Cursor): Draft => {
  const dst = cursor.register64();
  cursor.expect(',');
  return { insn: wideConstant(dst, cursor.integer(64, 'a 64-bit constant')) };
};

const packet = (cursor: Cursor, { imm, reg }: ByForm): Draft => {
  if (reg === undefined) return { insn: build(imm, { imm: cursor.imm32('a packet offset') }) };
  const src = cursor.register64();
  const offset = cursor.accept(',') ? cursor.imm32('a packet offset') : 0;
  return { insn: build(reg, { src, imm: offset }) };
};

const ja = (cursor: Cursor, { none }: ByForm): Draft => {
  const bits = none?.fields.imm === 'off' ? 32 : 16;
  return aim(parseTarget(cursor, bits), 'off', bits, (off) => build(none, { off }));
};

const cast = (cursor: Cursor, { reg }: ByForm): Draft => {
  const dst = cursor.register64();
  cursor.expect(',');
  return { insn: build(reg, { dst, src: cursor.register64() }) };
};

const PARSERS: Readonly<Record<Row['kind'], (cursor: Cursor, rows: ByForm, names: Names) => Draft>> = {
  alu,
  neg: unary,
  endian: unary,
  lddw,
  load,
  store,
  atomic: store,
  loadAcquire: load,
  storeRelease: store,
  packet,
  jump,
  ja,
  mayGoto: ja,
  gotox: unary,
  call: (cursor, _, names) => parseCall(cursor, names),
  callx: unary,
  exit: (_, { none }) => ({ insn: build(none, {}) }),
  addrSpaceCast: cast,
};

/** Mnemonics of several words are tried longest first. */
const mnemonic = (cursor: Cursor): ByForm | undefined => {
  for (const words of [3, 2, 1]) {
    const texts = Array.from({ length: words }, (_, ahead) => cursor.peek(ahead).text);
    const rows = MNEMONICS.get(texts.join(' '));
    if (rows === undefined) continue;
    const calls = rows.imm?.kind === 'call';
    for (let word = 0; word < (calls ? 1 : words); word++) cursor.next();
    return rows;
  }
  return undefined;
};

/** Parses one instruction. */
export function parseSuite(cursor: Cursor, names: Names): Draft {
  const rows = mnemonic(cursor);
  const row = rows?.none ?? rows?.reg ?? rows?.imm;
  if (rows === undefined || row === undefined) return cursor.fail('expected an instruction');
  return PARSERS[row.kind](cursor, rows, names);
}
