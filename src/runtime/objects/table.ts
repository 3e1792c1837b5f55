import * as layout from '../../abi/layout.ts';
import type { Btf } from '../../frontend/btf/types.ts';
import { badArgument, integer, oneOf, packetBytes, unsigned64 } from '../argument.ts';
import { align8 } from '../bytes.ts';
import { outOfMemory } from '../memory.ts';
import { layoutOf, type ObjectLayout } from './layouts.ts';
import { HostObject, type ObjectFields, type ObjectKind, type ObjectMemory, objectCodes } from './object.ts';

/** An object as the host describes it. */
export interface ObjectDefinition {
  readonly kind: Exclude<ObjectKind, 'seq'>;
  /**
   * Name of the structure in `types`: `task_struct`, `cgroup`, `inode` unless told. Sockets are a `bpf_sock`, which is
   * known without types, as are `bpf_tcp_sock` and `bpf_xdp_sock`.
   */
  readonly type?: string;
  /** The types that the structure is laid out by. Default: those of the engine. */
  readonly types?: Btf;
  /** Members by name; the others are zeros. Pointers take other objects. */
  readonly fields?: ObjectFields;
  /** The structure as bytes, where no type is known; `fields` go on top. */
  readonly bytes?: Uint8Array;
  /** What it belongs to: a task's cgroup, a cgroup's parent. It is kept for as long as this object is. */
  readonly parent?: HostObject;
  /** Cookie of a socket, id of a cgroup, number of an inode, pid of a task: u64. Default: the object's id. */
  readonly cookie?: bigint;
  /** A variable that each CPU has for itself: a structure for each, 8 bytes aligned, all with these contents at first. */
  readonly perCpu?: boolean;
}

const kinds = Object.keys(objectCodes).filter((kind) => kind !== 'seq') as ObjectDefinition['kind'][];
const MAX_SIZE = 1 << 24;

function repeated(bytes: Uint8Array, stride: number, count: number): Uint8Array {
  const all = new Uint8Array(stride * count);
  for (let i = 0; i < count; i++) all.set(bytes, i * stride);
  return all;
}

/** The objects of the host in one memory. */
export class ObjectTable {
  readonly #host: ObjectMemory;
  readonly #layouts = new Map<string, ObjectLayout | undefined>();
  /** By address of the structure: as long as anybody in the host holds the object. */
  readonly #objects = new Map<number, WeakRef<HostObject>>();
  readonly #types: Btf | undefined;
  readonly #cpus: number;

  constructor(host: ObjectMemory, types: Btf | undefined, cpus: number) {
    this.#host = host;
    this.#cpus = cpus;
    this.#types = types;
  }

  /**
   * Makes an object.
   * @throws WebpfError 'bad-argument' for members or a type that are not known; 'bad-map' for values that do not fit;
   * 'out-of-memory'
   */
  create(definition: ObjectDefinition): HostObject {
    const kind = oneOf('the kind of an object', definition.kind, kinds);
    const fields = this.#layout(kind, definition);
    const one = this.#contents(definition, fields);
    const stride = definition.perCpu === true ? align8(one.length) : 0;
    const contents = stride === 0 ? one : repeated(one, stride, this.#cpus);
    const { memory, exports } = this.#host;
    const parent = definition.parent?.addressIn(memory) ?? 0;
    const address = exports.objectCreate(objectCodes[kind], contents.length, parent) >>> 0;
    if (address === 0) throw outOfMemory(contents.length);
    memory.write(address, contents);
    const object = new HostObject(this.#host, kind, address, fields);
    memory.setU32(object.header + layout.OBJ_CPU_STRIDE, stride);
    const cookie = unsigned64('the cookie of an object', definition.cookie ?? BigInt(object.id));
    memory.setU64(object.header + layout.OBJ_COOKIE, cookie);
    this.#objects.set(address, new WeakRef(object));
    return object;
  }

  /** The object whose structure is at this address, while the host holds it. */
  at(address: number): HostObject | undefined {
    return this.#objects.get(address)?.deref();
  }

  #layout(kind: ObjectKind, { type, types }: ObjectDefinition): ObjectLayout | undefined {
    const addressOf = (value: unknown): bigint | undefined =>
      value instanceof HostObject ? BigInt(value.addressIn(this.#host.memory)) : undefined;
    if (types !== undefined && types !== this.#types) return layoutOf(kind, type, types, addressOf);
    const key = `${kind} ${type ?? ''}`;
    if (!this.#layouts.has(key)) this.#layouts.set(key, layoutOf(kind, type, this.#types, addressOf));
    return this.#layouts.get(key);
  }

  #contents({ kind, fields = {}, bytes }: ObjectDefinition, known: ObjectLayout | undefined): Uint8Array {
    const given = bytes === undefined ? undefined : packetBytes(bytes);
    const size = Math.max(given?.length ?? 0, known?.size ?? 0);
    integer(`the size of a ${kind}`, size, 0, MAX_SIZE);
    const contents = new Uint8Array(size);
    if (given !== undefined) contents.set(given);
    if (known !== undefined) known.write(contents, fields);
    else if (Object.keys(fields).length > 0)
      throw badArgument(
        `a ${kind} has members by name only where its structure is known: give the engine types (BTF), or the object "bytes"`,
      );
    return contents;
  }
}
