import * as abi from '../../abi/maps.ts';
import { resolve, sizeOf, typeById } from '../btf/lookup.ts';
import { typeName } from '../btf/name.ts';
import type { Btf, BtfComposite, BtfMember } from '../btf/types.ts';
import type { MapSpec } from '../program.ts';
import { badMap } from './entry.ts';

/** Attributes as they are read; what is absent is zero, as the kernel has it. */
interface Attributes {
  type: number;
  keySize?: number;
  valueSize?: number;
  maxEntries: number;
  flags: number;
  numaNode?: number;
  mapExtra?: bigint;
  pinning?: number;
  keyTypeId?: number;
  valueTypeId?: number;
  inner?: MapSpec;
}

interface Definition {
  readonly btf: Btf;
  readonly name: string;
  readonly section: string;
  /** A definition inside a map-in-map's, which may not hold another nor be pinned. */
  readonly isInner: boolean;
  readonly into: Attributes;
}

type Attribute = (definition: Definition, member: BtfMember) => void;

/** `__uint(name, value)` declares `int (*name)[value]`: the value is the length of the array. */
function uintOf({ btf, name }: Definition, member: BtfMember): number {
  const pointer = resolve(btf, member.type);
  const array = pointer.kind === 'ptr' ? resolve(btf, pointer.type) : pointer;
  if (pointer.kind === 'ptr' && array.kind === 'array') return array.length;
  throw badMap(
    name,
    `'${member.name}' is ${typeName(btf, member.type)}; __uint(${member.name}, N) is needed`,
  );
}

/** `__ulong(name, value)` declares an enum with that value. */
function ulongOf(definition: Definition, member: BtfMember): bigint {
  const type = resolve(definition.btf, member.type);
  if (type.kind !== 'enum' && type.kind !== 'enum64') return BigInt(uintOf(definition, member));
  const [only] = type.values;
  if (only !== undefined && type.values.length === 1) return BigInt.asUintN(64, only.value);
  throw badMap(definition.name, `'${member.name}' has ${type.values.length} values; __ulong gives it one`);
}

/** `__type(name, T)` declares `typeof(T) *name`. */
function typeOf({ btf, name }: Definition, member: BtfMember): number {
  const pointer = typeById(btf, member.type);
  if (pointer.kind === 'ptr') return pointer.type;
  throw badMap(
    name,
    `'${member.name}' is ${typeName(btf, member.type)}; __type(${member.name}, T) is needed`,
  );
}

function setSize(definition: Definition, which: 'keySize' | 'valueSize', size: number): void {
  const before = definition.into[which];
  if (before !== undefined && before !== size) {
    throw badMap(definition.name, `conflicting ${which}: ${before} and ${size} bytes`);
  }
  definition.into[which] = size;
}

/** Values beyond libbpf's 0 (none) and 1 (by name) are a loader's own business (Cilium has 16, replace). */
function setPinning(definition: Definition, member: BtfMember): void {
  if (definition.isInner) throw badMap(definition.name, 'an inner map cannot be pinned');
  definition.into.pinning = uintOf(definition, member);
}

const isMapInMap = (type: number): boolean =>
  type === abi.MAP_TYPE_ARRAY_OF_MAPS || type === abi.MAP_TYPE_HASH_OF_MAPS;

/** `__array(values, T)` declares `typeof(T) *values[]`: an inner map's definition, or a function's type. */
function setValues(definition: Definition, member: BtfMember): void {
  const { btf, name, into, isInner } = definition;
  if (isInner) throw badMap(name, 'maps in maps in maps do not exist');
  setSize(definition, 'valueSize', 4);
  const array = resolve(btf, member.type);
  const pointer = array.kind === 'array' ? resolve(btf, array.type) : array;
  const target = pointer.kind === 'ptr' ? resolve(btf, pointer.type) : pointer;
  if (into.type === abi.MAP_TYPE_PROG_ARRAY && target.kind === 'funcProto') return;
  if (!isMapInMap(into.type) || target.kind !== 'struct') {
    throw badMap(
      name,
      `'values' of ${typeName(btf, member.type)}; only map-in-map and prog_array have values`,
    );
  }
  into.inner = parseDefinition({ ...definition, name: `${name}.inner`, isInner: true }, target);
}

/** The attributes libbpf knows (its `parse_btf_map_def`). */
const ATTRIBUTES: ReadonlyMap<string, Attribute> = new Map<string, Attribute>([
  ['type', (d, m) => (d.into.type = uintOf(d, m))],
  ['max_entries', (d, m) => (d.into.maxEntries = uintOf(d, m))],
  ['map_flags', (d, m) => (d.into.flags = uintOf(d, m))],
  ['numa_node', (d, m) => (d.into.numaNode = uintOf(d, m))],
  ['map_extra', (d, m) => (d.into.mapExtra = ulongOf(d, m))],
  ['key_size', (d, m) => setSize(d, 'keySize', uintOf(d, m))],
  ['value_size', (d, m) => setSize(d, 'valueSize', uintOf(d, m))],
  ['pinning', setPinning],
  ['values', setValues],
  [
    'key',
    (d, m) => {
      const id = typeOf(d, m);
      setSize(d, 'keySize', sizeOf(d.btf, id));
      d.into.keyTypeId = id;
    },
  ],
  [
    'value',
    (d, m) => {
      const id = typeOf(d, m);
      setSize(d, 'valueSize', sizeOf(d.btf, id));
      d.into.valueTypeId = id;
    },
  ],
]);

function readMembers(definition: Definition, struct: BtfComposite): void {
  const seen = new Set<string>();
  for (const member of struct.members) {
    if (seen.has(member.name)) throw badMap(definition.name, `attribute '${member.name}' stands twice`);
    seen.add(member.name);
    const read = ATTRIBUTES.get(member.name);
    if (read === undefined) {
      const known = [...ATTRIBUTES.keys()].join(', ');
      throw badMap(definition.name, `unknown attribute '${member.name}'; known are ${known}`);
    }
    read(definition, member);
  }
}

const PAGE = 4096;

/** Ring buffers are made of 2^n pages: libbpf rounds up what the source says. */
function ringEntries(entries: number): number {
  if (entries === 0) return 0;
  const rounded = PAGE * 2 ** Math.ceil(Math.log2(Math.max(1, entries / PAGE)));
  return rounded <= 0xffffffff ? rounded : entries;
}

const isRing = (type: number): boolean => type === abi.MAP_TYPE_RINGBUF || type === abi.MAP_TYPE_USER_RINGBUF;

function parseDefinition(outer: Omit<Definition, 'into'>, struct: BtfComposite): MapSpec {
  const into: Attributes = { type: 0, maxEntries: 0, flags: 0 };
  const definition = { ...outer, into };
  readMembers(definition, struct);
  if (into.type === 0) throw badMap(outer.name, 'no type; __uint(type, BPF_MAP_TYPE_…) is needed');
  return {
    ...into,
    name: outer.name,
    section: outer.section,
    btf: outer.btf,
    keySize: into.keySize ?? 0,
    valueSize: into.valueSize ?? 0,
    maxEntries: isRing(into.type) ? ringEntries(into.maxEntries) : into.maxEntries,
  };
}

/**
 * Reads a BTF-defined map (libbpf's `SEC(".maps")` with __uint, __ulong, __type and __array).
 *
 * @param typeId type of the variable
 * @throws WebpfError `bad-map` when an attribute is unknown, misused or contradicts another
 */
export function mapFromBtf(btf: Btf, name: string, typeId: number): MapSpec {
  const struct = resolve(btf, typeId);
  if (struct.kind !== 'struct') throw badMap(name, `defined as ${typeName(btf, typeId)}; a struct is needed`);
  return parseDefinition({ btf, name, section: '.maps', isInner: false }, struct);
}

/** Offset in bytes of `values` inside the definition, where the initial slots are; undefined without them. */
export function valuesOffset(btf: Btf, typeId: number): number | undefined {
  const struct = resolve(btf, typeId);
  const member = struct.kind === 'struct' ? struct.members.find(({ name }) => name === 'values') : undefined;
  return member === undefined ? undefined : member.bitOffset >>> 3;
}
