/** From bytes to instructions, with the checks of reserved fields. RFC 9669, section 3. */

import { WebpfError } from '../errors.ts';
import type { Insn } from './insn.ts';
import { LDDW } from './lddw.ts';
import { type FieldName, type Property, ROWS_BY_OPCODE, type Row } from './rows.ts';

export const SLOT_BYTES = 8;
/** Slots a program may have, as in Linux (BPF_COMPLEXITY_LIMIT_INSNS). */
export const MAX_SLOTS = 1_000_000;
/** r0 to r10. */
export const MAX_REGISTER = 10;

export interface Decoded {
  /** By slot; undefined at the second slot of a wide instruction. */
  readonly insns: readonly (Insn | undefined)[];
}

/** The fields of one slot, before any meaning is given to them. */
interface Raw {
  readonly opcode: number;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
  readonly imm: number;
}

const FIELDS: readonly FieldName[] = ['dst', 'src', 'off', 'imm', 'next'];

const hex = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`;

const fail = (slot: number, message: string): never => {
  throw new WebpfError('bad-instruction', `insn ${slot}: ${message}`, { stage: 'isa', insn: slot });
};

const readRaw = (view: DataView, slot: number): Raw => {
  const at = slot * SLOT_BYTES;
  const registers = view.getUint8(at + 1);
  return {
    opcode: view.getUint8(at),
    dst: registers & 15,
    src: registers >> 4,
    off: view.getInt16(at + 2, true),
    imm: view.getInt32(at + 4, true),
  };
};

const fieldOf = (raw: Raw, next: number, name: FieldName): number => (name === 'next' ? next : raw[name]);

const mismatches = (row: Row, raw: Raw, next: number): FieldName[] =>
  FIELDS.filter((name) => {
    const field = row.fields[name];
    return typeof field === 'number' && field !== fieldOf(raw, next, name);
  });

/** A row made ready for decoding. */
interface Pattern {
  readonly row: Row;
  /** Fields that must have one value. */
  readonly fixed: readonly (readonly [FieldName, number])[];
  /** Fields that become properties. */
  readonly free: readonly (readonly [FieldName, Property])[];
  /** An instruction of the row with all its properties, so that copies of it share one shape. */
  readonly template: Readonly<Record<string, unknown>>;
}

const patternOf = (row: Row): Pattern => {
  const fixed: [FieldName, number][] = [];
  const free: [FieldName, Property][] = [];
  for (const name of FIELDS) {
    const field = row.fields[name];
    if (typeof field === 'number') fixed.push([name, field]);
    else free.push([name, field]);
  }
  return {
    row,
    fixed,
    free,
    template: { ...row.insn, ...Object.fromEntries(free.map(([, field]) => [field, 0])) },
  };
};

const PATTERNS: readonly (readonly Pattern[] | undefined)[] = ROWS_BY_OPCODE.map((rows) =>
  rows?.map(patternOf),
);

const matches = ({ fixed }: Pattern, raw: Raw, next: number): boolean => {
  for (const [name, value] of fixed) if (fieldOf(raw, next, name) !== value) return false;
  return true;
};

/** Says which field no row of the opcode agrees with, judged by the row that disagrees least. */
const explain = (rows: readonly Row[], raw: Raw, next: number, slot: number): never => {
  const ranked = rows.map((row) => ({ row, wrong: mismatches(row, raw, next) }));
  // Of rows with equally many wrong fields, the one whose first fields agree is the one that was meant.
  const rank = ({ wrong }: (typeof ranked)[number]): number =>
    wrong.length * FIELDS.length - FIELDS.indexOf(wrong[0] ?? 'dst');
  ranked.sort((a, b) => rank(a) - rank(b));
  const best = ranked[0];
  const name = best?.wrong[0] ?? 'imm';
  const near = ranked.filter(({ wrong }) => wrong.length === best?.wrong.length && wrong[0] === name);
  const value = fieldOf(raw, next, name);
  const label = name === 'next' ? 'imm of the second slot' : name;
  const legacy =
    raw.opcode === 0x8d && name === 'imm' ? ' (LLVM before 19 put the register in imm: recompile)' : '';
  const wanted = near.map(({ row }) => `${row.fields[name]} (${row.name})`).join(' or ');
  const only = near.length === 1 && best?.row.fields[name] === 0;
  const right = only ? 'it is unused here and must be zero' : `must be ${wanted}`;
  return fail(
    slot,
    `${best?.row.name} (opcode ${hex(raw.opcode)}): ${label} is ${value}, but ${right}${legacy}`,
  );
};

const checkSecondSlot = (view: DataView, slot: number): number => {
  if ((slot + 2) * SLOT_BYTES > view.byteLength) {
    fail(slot, 'lddw takes two slots, but the program ends after the first (invalid bpf_ld_imm64 insn)');
  }
  const raw = readRaw(view, slot + 1);
  for (const name of ['opcode', 'dst', 'src', 'off'] as const) {
    if (raw[name] !== 0) fail(slot, `lddw: ${name} of the second slot is ${raw[name]}, but must be zero`);
  }
  return raw.imm;
};

const checkRegister = (register: number, name: string, slot: number): void => {
  if (register > MAX_REGISTER)
    fail(slot, `${name} is r${register}, but the last register is r${MAX_REGISTER}`);
};

const findPattern = (raw: Raw, next: number, slot: number): Pattern => {
  const patterns = PATTERNS[raw.opcode];
  if (patterns === undefined) return fail(slot, `unknown opcode ${hex(raw.opcode)}`);
  for (const pattern of patterns) if (matches(pattern, raw, next)) return pattern;
  return explain(
    patterns.map(({ row }) => row),
    raw,
    next,
    slot,
  );
};

const build = ({ free, template }: Pattern, raw: Raw, next: number, slot: number): Insn => {
  const built: Record<string, unknown> = { ...template };
  for (const [name, property] of free) {
    const value = fieldOf(raw, next, name);
    if (name === 'dst' || name === 'src') checkRegister(value, name, slot);
    built[property] = value;
  }
  // A row's template and fields are together the whole of one Insn: the identity tests over all rows hold it to that.
  return built as unknown as Insn;
};

const decodeAt = (view: DataView, slot: number): Insn => {
  const raw = readRaw(view, slot);
  const next = raw.opcode === LDDW ? checkSecondSlot(view, slot) : 0;
  return build(findPattern(raw, next, slot), raw, next, slot);
};

const viewOf = (code: Uint8Array): DataView => new DataView(code.buffer, code.byteOffset, code.byteLength);

/** Checks that bytes can be a program at all. @throws WebpfError 'bad-program' on a wrong length */
export function checkLength(code: Uint8Array): void {
  const bytes = code.byteLength;
  const bad = (message: string): never => {
    throw new WebpfError('bad-program', message, { stage: 'isa' });
  };
  if (bytes === 0) bad('the program is empty: it needs at least an exit instruction');
  if (bytes % SLOT_BYTES !== 0) bad(`the program has ${bytes} bytes: must be a multiple of ${SLOT_BYTES}`);
  if (bytes > MAX_SLOTS * SLOT_BYTES)
    bad(`the program has ${bytes / SLOT_BYTES} slots: at most ${MAX_SLOTS} are allowed`);
}

/**
 * Decodes the instruction at a slot (8-byte unit).
 *
 * @throws WebpfError 'bad-instruction' for an unknown opcode, a register above r10, a reserved field that is
 *   not zero, or a wide instruction cut short; 'bad-argument' when there is no such slot
 */
export function decodeInsn(code: Uint8Array, slot: number): Insn {
  const slots = Math.floor(code.byteLength / SLOT_BYTES);
  if (!Number.isInteger(slot) || slot < 0 || slot >= slots) {
    throw new WebpfError('bad-argument', `there is no slot ${slot}: the code has ${slots}`, { stage: 'isa' });
  }
  return decodeAt(viewOf(code), slot);
}

/**
 * Decodes a whole program.
 *
 * @throws WebpfError 'bad-program' when the length is zero, no multiple of 8 or above 1,000,000 slots;
 *   'bad-instruction' as `decodeInsn`
 */
export function decodeProgram(code: Uint8Array): Decoded {
  checkLength(code);
  const view = viewOf(code);
  const insns: (Insn | undefined)[] = [];
  for (let slot = 0; slot < code.byteLength / SLOT_BYTES; slot++) {
    const insn = decodeAt(view, slot);
    insns.push(insn);
    if (insn.kind !== 'lddw') continue;
    insns.push(undefined);
    slot++;
  }
  return { insns };
}
