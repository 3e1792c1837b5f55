/** Tables of callbacks: the variables of .struct_ops sections, whose members programs implement. */
import { BPF_F_LINK, MAP_TYPE_STRUCT_OPS } from '../abi/maps.ts';
import { resolve, resolveId, sizeOf, typeById } from './btf/lookup.ts';
import type { Btf, BtfComposite, BtfFunctionProto, BtfMember, BtfSectionVariable } from './btf/types.ts';
import type { ElfFile, ElfRelocation, ElfSection } from './elf/types.ts';
import type { FunctionDef, FunctionTable } from './functions.ts';
import { badMap, definitionOf, type MapEntry } from './maps/entry.ts';
import type { Callback, CallbackParameter, MapSlot, MapSpec } from './program.ts';
import { within } from './range.ts';

const SECTION = /^\??\.struct_ops(\.link)?$/;
const POINTER_SIZE = 8;

/** Structures of the kernel's that helpers and kernel functions take pointers to: the host's objects. */
const OBJECTS: ReadonlySet<string> = new Set(['task_struct', 'cgroup', 'inode']);
/** Only pointers that say so may be NULL: by a btf_type_tag, or as in the kernel's stubs by the parameter's name. */
const NULLABLE_TAG = 'nullable';
const NULLABLE_NAME = '__nullable';

function isNullable(btf: Btf, name: string, pointee: number): boolean {
  const type = typeById(btf, pointee);
  return name.endsWith(NULLABLE_NAME) || (type.kind === 'typeTag' && type.name === NULLABLE_TAG);
}

/** What a callback is given in place of a pointer to this type. */
function pointeeOf(btf: Btf, name: string, id: number): CallbackParameter {
  const nullable = isNullable(btf, name, id);
  const type = resolve(btf, id);
  if (type.kind === 'struct' && OBJECTS.has(type.name))
    return { kind: 'object', name, struct: type.name, nullable };
  const isSized = type.kind !== 'void' && type.kind !== 'fwd' && type.kind !== 'funcProto';
  const size = isSized ? sizeOf(btf, id) : 0;
  // A pointer to what nobody knows is a number: it can be handed on, and not followed.
  if (size === 0) return { kind: 'scalar', name };
  return { kind: 'memory', name, size, type: id, writable: !isConst(btf, id), nullable };
}

function isConst(btf: Btf, id: number): boolean {
  let type = typeById(btf, id);
  while (type.kind === 'typedef' || type.kind === 'volatile' || type.kind === 'typeTag')
    type = typeById(btf, type.type);
  return type.kind === 'const';
}

function parameterOf(btf: Btf, name: string, id: number): CallbackParameter {
  const type = resolve(btf, id);
  if (type.kind === 'ptr') return pointeeOf(btf, name, type.type);
  if (type.kind === 'int' || type.kind === 'enum' || type.kind === 'enum64') {
    if (type.size <= POINTER_SIZE) return { kind: 'scalar', name };
  }
  throw badMap(name, `callbacks take integers and pointers, not ${type.kind} '${type.name}'`);
}

function resultOf(btf: Btf, proto: BtfFunctionProto): number | undefined {
  const type = resolve(btf, proto.type);
  if (type.kind === 'void') return undefined;
  if (type.kind === 'int' || type.kind === 'enum' || type.kind === 'enum64') return proto.type;
  throw badMap('', `callbacks return integers or nothing, not ${type.kind} '${type.name}'`);
}

/** The member's function type; undefined for members that are no callbacks. */
function protoOf(btf: Btf, { type }: BtfMember): BtfFunctionProto | undefined {
  const pointer = resolve(btf, type);
  const target = pointer.kind === 'ptr' ? resolve(btf, pointer.type) : pointer;
  return target.kind === 'funcProto' ? target : undefined;
}

function callbackOf(btf: Btf, table: BtfComposite, member: BtfMember): Callback {
  const proto = protoOf(btf, member);
  if (proto === undefined)
    throw badMap(table.name, `member '${member.name}' holds a program, but is no pointer to a function`);
  return {
    struct: table.name,
    member: member.name,
    parameters: proto.parameters.map(({ name, type }) => parameterOf(btf, name, type)),
    result: resultOf(btf, proto),
  };
}

/** Members that are callbacks, whether or not a program implements them. */
export const callbackMembers = (btf: Btf, table: BtfComposite): readonly BtfMember[] =>
  table.members.filter((member) => protoOf(btf, member) !== undefined);

interface Source {
  readonly elf: ElfFile;
  readonly btf: Btf;
  readonly functions: FunctionTable;
}

/** The function that a word of the table points to; the addend stands in the place, where the symbol is a section's. */
function functionOf(
  { functions }: Source,
  section: ElfSection,
  relocation: ElfRelocation,
): FunctionDef | undefined {
  const { symbol, offset, addend } = relocation;
  const view = new DataView(section.data.buffer, section.data.byteOffset, section.data.length);
  const inPlace = offset + POINTER_SIZE <= section.data.length ? Number(view.getBigUint64(offset, true)) : 0;
  return functions.at(symbol.section, symbol.value + addend + inPlace);
}

/** The tables of an object, and what each program that implements a member is called with. */
export class StructOpsTables {
  readonly entries: readonly MapEntry[];
  readonly #callbacks = new Map<FunctionDef, Callback>();

  constructor(elf: ElfFile, btf: Btf | undefined, functions: FunctionTable) {
    const sections = elf.sections.filter(({ name }) => SECTION.test(name));
    this.entries =
      btf === undefined ? [] : sections.flatMap((section) => this.#read({ elf, btf, functions }, section));
  }

  /** Undefined for programs that no table refers to. */
  callbackOf(program: FunctionDef): Callback | undefined {
    return this.#callbacks.get(program);
  }

  #read(source: Source, section: ElfSection): MapEntry[] {
    const { btf } = source;
    const found = btf.types.find((type) => type.kind === 'datasec' && type.name === section.name);
    if (found?.kind !== 'datasec') return [];
    return found.variables.map((variable) => {
      const { name } = typeById(btf, variable.type);
      const spec = definitionOf(() => this.#table(source, section, variable, name));
      return { name, section: section.index, offset: variable.offset, size: variable.size, spec };
    });
  }

  #table(
    source: Source,
    section: ElfSection,
    { type, offset, size }: BtfSectionVariable,
    name: string,
  ): MapSpec {
    const { btf, elf } = source;
    const variable = typeById(btf, type);
    const valueTypeId = variable.kind === 'var' ? resolveId(btf, variable.type) : 0;
    const table = typeById(btf, valueTypeId);
    if (table.kind !== 'struct') throw badMap(name, 'a struct_ops table must be a struct');
    const data = section.data.slice(offset, offset + size);
    const relocations = within(elf.relocations.get(section.index) ?? [], offset, size);
    const slots = relocations.map((relocation) => {
      const at = relocation.offset - offset;
      const member = table.members.find(({ bitOffset }) => bitOffset === at * 8);
      const program = functionOf(source, section, relocation);
      if (member === undefined || program === undefined)
        throw badMap(name, `the word at offset ${at} of struct ${table.name} does not point to a program`);
      const callback = callbackOf(btf, table, member);
      const other = this.#callbacks.get(program);
      if (other !== undefined && (other.struct !== callback.struct || other.member !== callback.member))
        throw badMap(name, `program '${program.name}' implements ${other.struct}::${other.member} already`);
      this.#callbacks.set(program, callback);
      data.fill(0, at, at + POINTER_SIZE);
      return { index: at, kind: 'program', name: program.name } satisfies MapSlot;
    });
    const flags = section.name.endsWith('.link') ? BPF_F_LINK : 0;
    return {
      name,
      type: MAP_TYPE_STRUCT_OPS,
      keySize: 4,
      valueSize: size,
      maxEntries: 1,
      flags,
      valueTypeId,
      btf,
      slots,
      data,
      section: section.name,
    };
  }
}
