/** What an object file's data must look like, where it is not we who have just read it from ELF. */
import { ARENA_PAGE, MAP_TYPE_ARENA } from '../../abi/maps.ts';
import type {
  Callback,
  LineInfo,
  MapSlot,
  MapSpec,
  ObjectFile,
  Program,
  Subprogram,
} from '../../frontend/program.ts';
import {
  type Check,
  isBig,
  isBytes,
  isCount,
  isFlag,
  isInteger,
  isRecord,
  isText,
  listOf,
  oneOf,
  optional,
  recordOf,
  type Shape,
} from '../../jit/shape.ts';

const MEMBER = recordOf({ name: isText, type: isCount, bitOffset: isCount, bitSize: isCount });
const NAMED = recordOf({ name: isText, type: isCount });
const PLACED = recordOf({ type: isCount, offset: isCount, size: isCount });

/** What the types of each kind have beside kind and name. */
const KINDS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  void: {},
  int: { size: isCount, encoding: isText, bits: isCount, bitOffset: isCount },
  float: { size: isCount },
  ptr: { type: isCount },
  typedef: { type: isCount },
  volatile: { type: isCount },
  const: { type: isCount },
  restrict: { type: isCount },
  typeTag: { type: isCount },
  array: { type: isCount, indexType: isCount, length: isCount },
  struct: { size: isCount, members: listOf(MEMBER) },
  union: { size: isCount, members: listOf(MEMBER) },
  enum: { size: isCount, signed: isFlag, values: listOf(recordOf({ name: isText, value: isBig })) },
  enum64: { size: isCount, signed: isFlag, values: listOf(recordOf({ name: isText, value: isBig })) },
  fwd: { of: isText },
  funcProto: { type: isCount, parameters: listOf(NAMED) },
  func: { type: isCount, linkage: isText },
  var: { type: isCount, linkage: isText },
  datasec: { size: isCount, variables: listOf(PLACED) },
  declTag: { type: isCount, component: isInteger },
};

const isType: Check = (value) => {
  if (!isRecord(value)) return false;
  const { kind, name } = value;
  return (
    isText(name) &&
    typeof kind === 'string' &&
    Object.hasOwn(KINDS, kind) &&
    recordOf(KINDS[kind] ?? {})(value)
  );
};
const isBtf = recordOf({ types: listOf(isType) });

const SLOT: Shape<MapSlot> = { index: isCount, kind: oneOf('map', 'program'), name: isText };
const INNER: Shape<Omit<MapSpec, 'inner'>> = {
  name: isText,
  type: isCount,
  keySize: isCount,
  valueSize: isCount,
  maxEntries: isCount,
  flags: isCount,
  mapExtra: optional(isBig),
  numaNode: optional(isInteger),
  pinning: optional(isInteger),
  keyTypeId: optional(isCount),
  valueTypeId: optional(isCount),
  btf: optional(isBtf),
  slots: optional(listOf(recordOf(SLOT))),
  data: optional(isBytes),
  frozen: optional(isFlag),
  section: isText,
};
/** What a section holds is no longer than its map's value; an arena has pages. */
const fits: Check = (value) => {
  const { data, valueSize, type, maxEntries } = isRecord(value) ? value : {};
  const room = type === MAP_TYPE_ARENA ? Number(maxEntries) * ARENA_PAGE : Number(valueSize);
  return !(data instanceof Uint8Array) || data.length <= room;
};
const isInner = recordOf(INNER);
const hasShape = recordOf<MapSpec>({ ...INNER, inner: optional((value) => isInner(value) && fits(value)) });
const isMap: Check = (value) => hasShape(value) && fits(value);

const LINE: Shape<LineInfo> = { insn: isCount, file: isText, line: isCount, column: isCount, text: isText };
const FUNCTION: Shape<Subprogram> = {
  name: isText,
  start: isCount,
  length: isCount,
  linkage: oneOf('main', 'static', 'global'),
  btfTypeId: optional(isCount),
};
/** Texts by slot. */
const isNoted: Check = (value) =>
  value instanceof Map && [...value].every(([slot, reason]) => isCount(slot) && isText(reason));
const isCode: Check = (value) => value instanceof Uint8Array && value.length > 0 && value.length % 8 === 0;

const PARAMETERS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  scalar: {},
  memory: { size: isCount, type: isCount, writable: isFlag, nullable: isFlag },
  object: { struct: isText, nullable: isFlag },
};
const isParameter: Check = (value) => {
  if (!isRecord(value)) return false;
  const { kind, name } = value;
  if (!isText(name) || typeof kind !== 'string' || !Object.hasOwn(PARAMETERS, kind)) return false;
  return recordOf(PARAMETERS[kind] ?? {})(value);
};
const CALLBACK: Shape<Callback> = {
  struct: isText,
  member: isText,
  parameters: listOf(isParameter),
  result: optional(isCount),
};

const PROGRAM: Shape<Program> = {
  name: isText,
  section: isText,
  type: isText,
  typeGuessed: isFlag,
  attachTo: isText,
  attachType: optional(isText),
  sleepable: isFlag,
  frags: isFlag,
  autoload: isFlag,
  code: isCode,
  subprograms: listOf(recordOf(FUNCTION)),
  maps: listOf(isMap),
  kfuncs: optional(listOf(isText)),
  kfuncAddresses: optional(isNoted),
  poisoned: optional(isNoted),
  classic: optional(oneOf('socket', 'seccomp')),
  callback: optional(recordOf(CALLBACK)),
  lines: listOf(recordOf(LINE)),
  license: isText,
  btf: optional(isBtf),
};

export const OBJECT: Shape<Omit<ObjectFile, 'name' | 'refused'>> = {
  programs: listOf(recordOf(PROGRAM)),
  maps: listOf(isMap),
  license: isText,
  btf: optional(isBtf),
};
