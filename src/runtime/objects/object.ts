import * as layout from '../../abi/layout.ts';
import type { BtfValue } from '../../frontend/btf/codec.ts';
import { badArgument, integer, packetBytes } from '../argument.ts';
import type { LinearMemory } from '../memory.ts';
import type { Exports } from '../wasm.ts';
import type { ObjectLayout } from './layouts.ts';

/** What an object of the host is to programs: `seq` is a file that they print to ({@link SeqFile}), `other` any other structure of the host's types. */
export type ObjectKind = 'task' | 'cgroup' | 'sock' | 'inode' | 'seq' | 'other';

export const objectCodes: Readonly<Record<ObjectKind, number>> = {
  task: layout.OBJ_TASK,
  cgroup: layout.OBJ_CGROUP,
  sock: layout.OBJ_SOCK,
  inode: layout.OBJ_INODE,
  seq: layout.OBJ_SEQ,
  other: layout.OBJ_OTHER,
};

/** Values of a structure's members by name; structures inside are objects of theirs. */
export type ObjectFields = Readonly<Record<string, unknown>>;

/** What objects are made and kept with. */
export interface ObjectMemory {
  readonly memory: LinearMemory;
  readonly exports: Exports;
}

/**
 * What programs hold a pointer of the kernel's types to: a task, a cgroup, a socket. It lives in the engine's memory from
 * `engine.object()` on, until the host has disposed of it and no program or map holds a reference to it any more. Its
 * address is its identity.
 */
export class HostObject implements Disposable {
  readonly kind: ObjectKind;
  /** The engine's number of it, never 0. */
  readonly id: number;
  /** Bytes of the structure. */
  readonly size: number;
  /** Address of the structure: what programs are given. */
  readonly address: number;
  readonly #host: ObjectMemory;
  readonly #layout: ObjectLayout | undefined;
  #open = true;

  /** @param fields how the structure is laid out; undefined where nobody knows */
  constructor(host: ObjectMemory, kind: ObjectKind, address: number, fields: ObjectLayout | undefined) {
    const { memory } = host;
    this.kind = kind;
    this.address = address;
    this.#host = host;
    this.#layout = fields;
    this.id = memory.u32(this.header + layout.OBJ_ID);
    this.size = memory.u32(this.header + layout.OBJ_SIZE);
  }

  /** Address of what stands before the structure (OBJ_* of src/abi/layout.ts). */
  get header(): number {
    return this.address - layout.OBJ_HEADER;
  }

  /** References to it: the host's own, and those of programs, maps and objects. */
  get references(): number {
    this.#assertOpen();
    return this.#host.memory.u32(this.header + layout.OBJ_REFS);
  }

  /** Cookie of a socket, id of a cgroup: u64. */
  get cookie(): bigint {
    this.#assertOpen();
    return this.#host.memory.u64(this.header + layout.OBJ_COOKIE);
  }

  /** The bytes of the structure: a copy. */
  get bytes(): Uint8Array {
    this.#assertOpen();
    return this.#host.memory.read(this.address, this.size);
  }

  /**
   * Writes members by name, and leaves the others as they are.
   * @throws WebpfError 'bad-argument' for members the structure has not, or where its layout is not known; 'bad-map' for
   * values that do not fit
   */
  set(fields: ObjectFields): void {
    const bytes = this.bytes;
    this.#fields().write(bytes, fields);
    this.#host.memory.write(this.address, bytes);
  }

  /** A member by its path (`a.b`). */
  get(path: string): BtfValue {
    return this.#fields().read(this.bytes, path);
  }

  /** Overwrites bytes of the structure. */
  write(offset: number, bytes: Uint8Array): void {
    this.#assertOpen();
    integer('the offset in an object', offset, 0, this.size - packetBytes(bytes).length);
    this.#host.memory.write(this.address + offset, bytes);
  }

  /** What it belongs to: a task's cgroup, a cgroup's parent. */
  setParent(parent: HostObject | undefined): void {
    this.#assertOpen();
    this.#host.exports.objectSetParent(this.address, parent?.addressIn(this.#host.memory) ?? 0);
  }

  /**
   * Its address, for those who run programs in this memory.
   * @throws WebpfError 'bad-argument' in another engine, and once it has been disposed of
   */
  addressIn(memory: LinearMemory): number {
    this.#assertOpen();
    if (memory === this.#host.memory) return this.address;
    throw badArgument(`this ${this.kind} is an object of another engine`);
  }

  /** Gives back the host's reference. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#host.exports.objectRelease(this.address);
  }

  #fields(): ObjectLayout {
    this.#assertOpen();
    if (this.#layout !== undefined) return this.#layout;
    throw badArgument(
      `the layout of this ${this.kind} is not known: make it with a type of the engine's types, or write its bytes`,
    );
  }

  #assertOpen(): void {
    if (!this.#open) throw badArgument(`this ${this.kind} has been disposed of: make another`);
  }
}
