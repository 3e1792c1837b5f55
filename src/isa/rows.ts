/**
 * The instruction set, stated once: a row for each instruction and operand form. Decoder, encoder, both
 * assembler dialects, the disassembler, the reserved-field checks and the tests derive from these rows.
 * Source: RFC 9669 and its IANA registry of conformance groups; `callx` and the rows with cpu 'post-rfc'
 * are newer, or never were in the RFC.
 */
import {
  ALU,
  type AluFamily,
  ATOMICS,
  type AtomicFamily,
  CLASS,
  type Cpu,
  ENDIAN,
  ENDIAN_BITS,
  FETCH,
  JUMPS,
  type JumpFamily,
  LOAD_ACQUIRE,
  MODE,
  NEG_CODE,
  PSEUDOS,
  SIZES,
  type SizeFamily,
  SOURCE_REGISTER,
  STORE_RELEASE,
} from './families.ts';
import type { Insn, InsnKind, Width } from './insn.ts';

export type Group =
  | 'base32'
  | 'base64'
  | 'atomic32'
  | 'atomic64'
  | 'divmul32'
  | 'divmul64'
  | 'packet'
  | 'callx'
  | 'none'; // newer than the registry

/** Properties of an `Insn` that come from an encoded field. */
export type Property = 'dst' | 'src' | 'off' | 'imm' | 'lo' | 'hi';
/** Fields of an encoded instruction; `next` is the imm of a wide instruction's second slot. */
export type FieldName = 'dst' | 'src' | 'off' | 'imm' | 'next';
/** What a field holds: a property of the instruction, or the one value it must have. */
export type Field = Property | number;
export type Fields = Readonly<Record<FieldName, Field>>;
/** Second operand: immediate, register, or neither. */
export type Form = 'imm' | 'reg' | 'none';

export interface Row {
  /** Mnemonic as in the conformance suite (`add32`, `ldxw`, `lock fetch add`); with `form` it is unique. */
  readonly name: string;
  readonly kind: InsnKind;
  readonly form: Form;
  readonly opcode: number;
  readonly fields: Fields;
  /** The properties that every instruction of this row has in common. */
  readonly insn: Readonly<Record<string, unknown>> & { readonly kind: InsnKind };
  readonly group: Group;
  readonly cpu: Cpu;
  /** First Linux release that has it, for cpu 'post-rfc'. */
  readonly linux?: string;
}

const NONE: Fields = { dst: 0, src: 0, off: 0, imm: 0, next: 0 };
const base = (width: Width): Group => (width === 64 ? 'base64' : 'base32');
const suffix = (width: Width): string => (width === 64 ? '' : '32');

const aluRow = (family: AluFamily, width: Width, form: 'imm' | 'reg'): Row => {
  const { op, off } = family;
  const operand: Partial<Fields> = form === 'imm' ? { imm: 'imm' } : { src: 'src' };
  const source = form === 'imm' ? 0 : SOURCE_REGISTER;
  return {
    name: family.cast === '' ? `${op}${suffix(width)}` : `${op}${width}`,
    kind: 'alu',
    form,
    opcode: family.code | source | (width === 64 ? CLASS.alu64 : CLASS.alu),
    fields: { ...NONE, dst: 'dst', off, ...operand },
    insn: { kind: 'alu', op, width },
    group: `${family.group}${width}`,
    cpu: family.cpu,
  };
};

const aluRows = (family: AluFamily): Row[] =>
  family.widths.flatMap((width) => [
    ...(family.immediate ? [aluRow(family, width, 'imm')] : []),
    aluRow(family, width, 'reg'),
  ]);

const negRow = (width: Width): Row => ({
  name: `neg${suffix(width)}`,
  kind: 'neg',
  form: 'none',
  opcode: NEG_CODE | (width === 64 ? CLASS.alu64 : CLASS.alu),
  fields: { ...NONE, dst: 'dst' },
  insn: { kind: 'neg', width },
  group: base(width),
  cpu: 'v1',
});

const endianRows: Row[] = ENDIAN.flatMap(({ op, opcode, cpu }) =>
  ENDIAN_BITS.map((bits) => ({
    name: `${op}${bits}`,
    kind: 'endian',
    form: 'none',
    opcode,
    fields: { ...NONE, dst: 'dst', imm: bits },
    insn: { kind: 'endian', op, bits },
    group: base(bits === 64 ? 64 : 32),
    cpu,
  })),
);

const jumpRow = (family: JumpFamily, width: Width, form: 'imm' | 'reg'): Row => {
  const operand: Partial<Fields> = form === 'imm' ? { imm: 'imm' } : { src: 'src' };
  const source = form === 'imm' ? 0 : SOURCE_REGISTER;
  return {
    name: `${family.op}${suffix(width)}`,
    kind: 'jump',
    form,
    opcode: family.code | source | (width === 64 ? CLASS.jmp : CLASS.jmp32),
    fields: { ...NONE, dst: 'dst', off: 'off', ...operand },
    insn: { kind: 'jump', op: family.op, width },
    group: base(width),
    cpu: width === 64 ? family.cpu : 'v3',
  };
};

const jumpRows = (family: JumpFamily): Row[] => [
  jumpRow(family, 64, 'imm'),
  jumpRow(family, 64, 'reg'),
  jumpRow(family, 32, 'imm'),
  jumpRow(family, 32, 'reg'),
];

const loadRow = ({ size, code, suffix }: SizeFamily, signed: boolean): Row => ({
  name: `ldx${signed ? 's' : ''}${suffix}`,
  kind: 'load',
  form: 'reg',
  opcode: CLASS.ldx | (signed ? MODE.memsx : MODE.mem) | code,
  fields: { ...NONE, dst: 'dst', src: 'src', off: 'off' },
  insn: { kind: 'load', size, signed },
  group: base(size === 8 ? 64 : 32),
  cpu: signed ? 'v4' : 'v1',
});

const storeRow = ({ size, code, suffix }: SizeFamily, form: 'imm' | 'reg'): Row => ({
  name: form === 'imm' ? `st${suffix}` : `stx${suffix}`,
  kind: 'store',
  form,
  opcode: (form === 'imm' ? CLASS.st : CLASS.stx) | MODE.mem | code,
  fields: { ...NONE, dst: 'dst', off: 'off', ...(form === 'imm' ? { imm: 'imm' } : { src: 'src' }) },
  insn: { kind: 'store', size },
  group: base(size === 8 ? 64 : 32),
  cpu: 'v1',
});

const memoryRows = (family: SizeFamily): Row[] => [
  loadRow(family, false),
  ...(family.size === 8 ? [] : [loadRow(family, true)]),
  storeRow(family, 'imm'),
  storeRow(family, 'reg'),
];

const packetRow = ({ size, code, suffix }: SizeFamily, form: 'imm' | 'reg'): Row => ({
  name: `ld${form === 'imm' ? 'abs' : 'ind'}${suffix}`,
  kind: 'packet',
  form,
  opcode: CLASS.ld | (form === 'imm' ? MODE.abs : MODE.ind) | code,
  fields: { ...NONE, imm: 'imm', ...(form === 'imm' ? {} : { src: 'src' }) },
  insn: { kind: 'packet', size, src: undefined },
  group: 'packet',
  cpu: 'v1',
});

const atomicFields = (imm: number): Fields => ({ ...NONE, dst: 'dst', src: 'src', off: 'off', imm });
const atomicOpcode = (family: SizeFamily): number => CLASS.stx | MODE.atomic | family.code;

const atomicRow = ({ op, code, sign }: AtomicFamily, family: SizeFamily, fetch: boolean): Row => {
  const width = family.size === 8 ? 64 : 32;
  return {
    name: `lock ${fetch && sign !== '' ? 'fetch ' : ''}${op}${suffix(width)}`,
    kind: 'atomic',
    form: 'reg',
    opcode: atomicOpcode(family),
    fields: atomicFields(fetch ? code | FETCH : code),
    insn: { kind: 'atomic', op, fetch, size: family.size },
    group: `atomic${width}`,
    cpu: op === 'add' && !fetch ? 'v1' : 'v3',
  };
};

const atomicRows = (family: SizeFamily): Row[] =>
  ATOMICS.flatMap((atomic) => [
    ...(atomic.sign === '' ? [] : [atomicRow(atomic, family, false)]),
    atomicRow(atomic, family, true),
  ]);

const orderedRow = (family: SizeFamily, kind: 'loadAcquire' | 'storeRelease'): Row => ({
  name: `${kind === 'loadAcquire' ? 'ldacq' : 'strel'}${family.suffix}`,
  kind,
  form: 'reg',
  opcode: atomicOpcode(family),
  fields: atomicFields(kind === 'loadAcquire' ? LOAD_ACQUIRE : STORE_RELEASE),
  insn: { kind, size: family.size },
  group: 'none',
  cpu: 'post-rfc',
  linux: '6.15',
});

const lddwRows: Row[] = PSEUDOS.map(({ pseudo, hi }) => ({
  name: pseudo === 0 ? 'lddw' : `lddw pseudo ${pseudo}`,
  kind: 'lddw',
  form: 'imm',
  opcode: 0x18,
  fields: { dst: 'dst', src: pseudo, off: 0, imm: 'lo', next: hi ? 'hi' : 0 },
  insn: { kind: 'lddw', pseudo, hi: 0 },
  group: 'base64',
  cpu: 'v1',
}));

const callRow = (name: string, target: string, src: number, off: Field): Row => ({
  name,
  kind: 'call',
  form: 'imm',
  opcode: 0x85,
  fields: { ...NONE, src, off, imm: 'imm' },
  insn: { kind: 'call', target, off: 0 },
  group: 'base32',
  cpu: 'v1',
});

type Single = Pick<Row, 'name' | 'kind' | 'opcode' | 'cpu'> &
  Partial<Pick<Row, 'group' | 'linux' | 'form'>> & { fields: Partial<Fields>; insn?: object };

const single = ({ fields, insn, ...row }: Single): Row => ({
  form: 'none',
  group: 'base32',
  ...row,
  fields: { ...NONE, ...fields },
  insn: { kind: row.kind, ...insn },
});

/** Instructions that belong to no family. */
const singles: Row[] = [
  single({ name: 'ja', kind: 'ja', opcode: 0x05, fields: { off: 'off' }, insn: { long: false }, cpu: 'v1' }),
  // The only jump whose distance is in imm (section 4.3).
  single({ name: 'ja32', kind: 'ja', opcode: 0x06, fields: { imm: 'off' }, insn: { long: true }, cpu: 'v4' }),
  callRow('call', 'helper', 0, 0),
  callRow('call local', 'local', 1, 0),
  callRow('call runtime', 'kfunc', 2, 'off'),
  // The register is in dst, as LLVM 19 and the conformance suite have it; earlier LLVM had it in imm.
  single({ name: 'callx', kind: 'callx', opcode: 0x8d, fields: { dst: 'dst' }, group: 'callx', cpu: 'v1' }),
  single({ name: 'exit', kind: 'exit', opcode: 0x95, fields: {}, cpu: 'v1' }),
];

const later = (row: Omit<Single, 'cpu' | 'group'>): Row => single({ ...row, cpu: 'post-rfc', group: 'none' });

const castRow = (name: string, imm: number): Row =>
  later({
    name,
    kind: 'addrSpaceCast',
    form: 'reg',
    opcode: 0xbf,
    fields: { dst: 'dst', src: 'src', off: 1, imm },
    insn: { imm },
    linux: '6.9',
  });

const postRfc: Row[] = [
  later({ name: 'may_goto', kind: 'mayGoto', opcode: 0xe5, fields: { off: 'off' }, linux: '6.9' }),
  later({ name: 'gotox', kind: 'gotox', opcode: 0x0d, fields: { dst: 'dst' }, linux: '6.19' }),
  // Linux knows casts between address spaces 1 (user) and 0 (kernel) only: imm is (to << 16) | from.
  castRow('addr_space_cast 0 1', 0x1),
  castRow('addr_space_cast 1 0', 0x10000),
  ...SIZES.flatMap((family) => [orderedRow(family, 'loadAcquire'), orderedRow(family, 'storeRelease')]),
];

const wide = SIZES.filter(({ size }) => size >= 4);
const narrow = SIZES.filter(({ size }) => size <= 4);

/** Every instruction of the set, one row for each operand form. */
export const ROWS: readonly Row[] = [
  ...ALU.flatMap(aluRows),
  negRow(64),
  negRow(32),
  ...endianRows,
  ...JUMPS.flatMap(jumpRows),
  ...SIZES.flatMap(memoryRows),
  ...narrow.flatMap((family) => [packetRow(family, 'imm'), packetRow(family, 'reg')]),
  ...wide.flatMap(atomicRows),
  ...lddwRows,
  ...singles,
  ...postRfc,
];

/** Rows by opcode byte; undefined where the set has no such opcode. */
export const ROWS_BY_OPCODE: readonly (readonly Row[] | undefined)[] = Array.from(
  { length: 256 },
  (_, opcode) => {
    const rows = ROWS.filter((row) => row.opcode === opcode);
    return rows.length === 0 ? undefined : rows;
  },
);

/** Properties that tell the rows of one kind apart, besides whether there is a source register. */
const TRAITS = [
  'kind',
  'op',
  'width',
  'bits',
  'size',
  'signed',
  'fetch',
  'long',
  'target',
  'pseudo',
] as const;

const rowKey = (insn: Readonly<Record<string, unknown>>, hasSource: boolean): string => {
  const { kind, imm } = insn;
  const cast = kind === 'addrSpaceCast' ? imm : '';
  return `${TRAITS.map((trait) => insn[trait]).join(' ')} ${hasSource} ${cast}`;
};

const ROW_BY_KEY = new Map(ROWS.map((row) => [rowKey(row.insn, row.fields.src === 'src'), row]));

/** The row of an instruction; undefined when its properties name no instruction of the set. */
export function rowOf(insn: Insn): Row | undefined {
  const hasSource = 'src' in insn && insn.src !== undefined;
  return ROW_BY_KEY.get(rowKey({ ...insn }, hasSource));
}
