/** How the structures of objects are laid out: by BTF, or by the layouts that every kernel has (uapi). */
import type { BtfValue } from '../../frontend/btf/codec.ts';
import { StructureFields } from '../../frontend/btf/fields.ts';
import { findType } from '../../frontend/btf/lookup.ts';
import type { Btf } from '../../frontend/btf/types.ts';
import { structureOf } from '../../verifier/contexts/pointees.ts';
import type { Field, Structure } from '../../verifier/contexts/types.ts';
import { badArgument, integer, unsigned64 } from '../argument.ts';
import type { ObjectFields, ObjectKind } from './object.ts';

/** Members of a structure by name, over its bytes. */
export interface ObjectLayout {
  /** Bytes. */
  readonly size: number;
  write(bytes: Uint8Array, fields: ObjectFields): void;
  /** @param path `a.b` for a member of a structure inside */
  read(bytes: Uint8Array, path: string): BtfValue;
}

const WORD = 4;

/** A structure that programs see as plain fields: numbers of up to 4 bytes, bigints of 8, arrays of u32. */
export class PlainLayout implements ObjectLayout {
  readonly #structure: Structure;

  constructor(structure: Structure) {
    this.#structure = structure;
  }

  get size(): number {
    return this.#structure.size;
  }

  write(bytes: Uint8Array, fields: ObjectFields): void {
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined) writeField(bytes, this.#find(name), value);
    }
  }

  read(bytes: Uint8Array, path: string): BtfValue {
    const { offset, size } = this.#find(path);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (size === 8) return view.getBigUint64(offset, true);
    if (size > 8)
      return Array.from({ length: size / WORD }, (_, i) => view.getUint32(offset + i * WORD, true));
    return size === 2 ? view.getUint16(offset, true) : view.getUint32(offset, true);
  }

  #find(name: string): Field {
    const found = this.#structure.fields.find((one) => one.name === name);
    if (found !== undefined) return found;
    const names = [...new Set(this.#structure.fields.map((one) => one.name))].join(', ');
    throw badArgument(`struct ${this.#structure.name} has no member "${name}": it has ${names}`);
  }
}

function writeField(bytes: Uint8Array, { name, offset, size }: Field, value: unknown): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const most = size >= WORD ? 0xffff_ffff : 2 ** (8 * size) - 1;
  if (size === 8) view.setBigUint64(offset, unsigned64(`member ${name}`, value as bigint), true);
  else if (size <= WORD) {
    const number = integer(`member ${name}`, value as number, 0, most);
    if (size === 2) view.setUint16(offset, number, true);
    else view.setUint32(offset, number, true);
  } else writeWords(view, { name, offset, size }, value);
}

/** An address of 16 bytes: as they are, or as u32. */
function writeWords(
  view: DataView,
  { name, offset, size }: Pick<Field, 'name' | 'offset' | 'size'>,
  value: unknown,
): void {
  if (value instanceof Uint8Array && value.length === size) {
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(value, offset);
    return;
  }
  if (!Array.isArray(value) || value.length * WORD !== size)
    throw badArgument(
      `member ${name} must be ${size / WORD} numbers of 32 bits, or a Uint8Array of ${size} bytes`,
    );
  value.forEach((one, i) => {
    view.setUint32(offset + i * WORD, integer(`member ${name}[${i}]`, one as number, 0, 0xffff_ffff), true);
  });
}

/** The structures of objects whose type is not named. */
const USUAL: Readonly<Record<ObjectKind, string | undefined>> = {
  task: 'task_struct',
  cgroup: 'cgroup',
  sock: 'bpf_sock',
  inode: 'inode',
  seq: undefined,
  other: undefined,
};

/** What programs see of a socket through the registers of the verifier: the same in every kernel. */
const PLAIN: Readonly<Record<string, Structure>> = {
  bpf_sock: structureOf('sock'),
  bpf_tcp_sock: structureOf('tcp_sock'),
  bpf_xdp_sock: structureOf('xdp_sock'),
};

/**
 * @param type the structure's name; the usual one of its kind unless told
 * @param btf the host's types
 * @param addressOf the address that an object stands for as the value of a pointer
 * @returns undefined for a kind whose usual structure is not among the types
 * @throws WebpfError 'bad-argument' for a type that is named and not known
 */
export function layoutOf(
  kind: ObjectKind,
  type: string | undefined,
  btf: Btf | undefined,
  addressOf: (value: unknown) => bigint | undefined,
): ObjectLayout | undefined {
  const name = type ?? USUAL[kind];
  const plain = name === undefined ? undefined : PLAIN[name];
  if (plain !== undefined) return new PlainLayout(plain);
  const id = name === undefined || btf === undefined ? undefined : findType(btf, name, 'struct');
  if (btf !== undefined && id !== undefined) return new StructureFields(btf, id, addressOf);
  if (type === undefined) return undefined;
  const why =
    btf === undefined ? 'the engine was given no types (BTF)' : "the engine's types have no such struct";
  throw badArgument(`the structure of an object is "${type}", but ${why}`);
}
