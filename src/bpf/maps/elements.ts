/** The commands on single elements, in the kernel's order of checks (kernel/bpf/syscall.c). */
import * as layout from '../../abi/layout.ts';
import * as abi from '../../abi/maps.ts';
import { u32Bytes } from '../../runtime/bytes.ts';
import { isMapOfMaps, isProgramArray, isQueue } from '../../runtime/maps/kinds.ts';
import { asCommand, refuse } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import { ProgObject } from '../programs/prog.ts';
import type { MapObject, Target } from './map.ts';

/** What the commands on elements take. Values of per-CPU maps are those of all CPUs, each rounded up to 8 bytes. */
export interface MapElem {
  readonly mapFd: number;
  /** Absent for queues, stacks and bloom filters. */
  readonly key?: Uint8Array | undefined;
  /** BPF_F_LOCK for lookups; BPF_ANY, BPF_NOEXIST, BPF_EXIST and BPF_F_LOCK for updates. */
  readonly flags?: number;
}

export interface MapUpdate extends MapElem {
  /** Of prog_arrays and maps of maps: the descriptor of a program or map, 4 bytes little-endian. */
  readonly value: Uint8Array;
}

export interface MapLookup extends MapElem {
  /** What bloom filters are asked for. */
  readonly value?: Uint8Array | undefined;
}

const isBloom = (type: number): boolean => type === abi.MAP_TYPE_BLOOM_FILTER;
const isKeyless = (type: number): boolean => isQueue(type) || isBloom(type);
/** Their values are not for the host. */
const UNREADABLE: ReadonlySet<number> = new Set([
  abi.MAP_TYPE_PERF_EVENT_ARRAY,
  abi.MAP_TYPE_CGROUP_ARRAY,
  abi.MAP_TYPE_RINGBUF,
  abi.MAP_TYPE_USER_RINGBUF,
]);
const TAKEN_BY_KEY: ReadonlySet<number> = new Set([
  abi.MAP_TYPE_HASH,
  abi.MAP_TYPE_PERCPU_HASH,
  abi.MAP_TYPE_LRU_HASH,
  abi.MAP_TYPE_LRU_PERCPU_HASH,
]);

type Way = 'read' | 'write';

const mayNot = { read: 'read (BPF_F_WRONLY)', write: 'write (BPF_F_RDONLY, or the map is frozen)' } as const;

/** The map, if its descriptor may be used so. */
export function mapFor(kernel: Kernel, command: string, fd: number, ...ways: readonly Way[]): MapObject {
  const { object, access } = kernel.fds.get(command, fd, 'map');
  const map = object as MapObject;
  for (const way of ways) {
    if (!access[way] || (way === 'write' && map.frozen))
      refuse(command, abi.EPERM, `descriptor ${fd} of map "${map.spec.name}" is not one to ${mayNot[way]}`);
  }
  return map;
}

const hasLock = ({ engine }: Kernel, { raw }: MapObject): boolean =>
  engine.memory.u32(raw.address + layout.MAP_SPIN_LOCK) !== 0;

export function checkLock(kernel: Kernel, command: string, map: MapObject, flags: number): void {
  if ((flags & abi.BPF_F_LOCK) !== 0 && !hasLock(kernel, map))
    refuse(
      command,
      abi.EINVAL,
      `BPF_F_LOCK, but values of map "${map.spec.name}" have no struct bpf_spin_lock`,
    );
}

export function checkReadFlags(command: string, flags: number): void {
  if ((flags & ~abi.BPF_F_LOCK) !== 0)
    refuse(command, abi.EINVAL, `flags 0x${flags.toString(16)}: none but BPF_F_LOCK is known here`);
}

const sized = (command: string, map: MapObject, what: string, bytes: Uint8Array, size: number): Uint8Array =>
  bytes.length === size
    ? bytes
    : refuse(
        command,
        abi.EINVAL,
        `the ${what} has ${bytes.length} bytes, but those of map "${map.spec.name}" have ${size}`,
      );

/** Keys of maps that have none are absent. */
function keyOf(command: string, map: MapObject, key: Uint8Array | undefined): Uint8Array {
  if (map.spec.keySize === 0 && key !== undefined)
    return refuse(command, abi.EINVAL, `map "${map.spec.name}" has no keys: leave the key out`);
  if (map.spec.keySize !== 0 && key === undefined)
    return refuse(command, abi.EFAULT, `there is no key, but map "${map.spec.name}" has keys`);
  return sized(command, map, 'key', key ?? new Uint8Array(), map.spec.keySize);
}

const noElement = (command: string, { spec }: MapObject): never =>
  refuse(command, abi.ENOENT, `map "${spec.name}" has no such element`);

/** Of prog_arrays and maps of maps the id of what is there. */
function idOf(command: string, map: MapObject, key: Uint8Array): Uint8Array {
  const target = map.entryAt(key) ?? noElement(command, map);
  return u32Bytes(target.id);
}

/** @param flags BPF_F_LOCK: the copy is made under the value's lock */
export function valueAt(command: string, map: MapObject, key: Uint8Array, flags: number): Uint8Array {
  if (map.entries !== undefined) return idOf(command, map, key);
  const value = asCommand(command, () => map.raw.lookup(key, flags));
  return value ?? noElement(command, map);
}

/** MAP_LOOKUP_ELEM: a copy of the value. */
export function mapLookupElem(kernel: Kernel, attr: MapLookup): Uint8Array {
  const command = 'MAP_LOOKUP_ELEM';
  const { flags = 0 } = attr;
  checkReadFlags(command, flags);
  const map = mapFor(kernel, command, attr.mapFd, 'read');
  checkLock(kernel, command, map, flags);
  const key = keyOf(command, map, attr.key);
  const { type, name } = map.spec;
  if (UNREADABLE.has(type)) return refuse(command, abi.ENOTSUPP, `elements of map "${name}" cannot be read`);
  if (isQueue(type)) return asCommand(command, () => map.raw.peek()) ?? noElement(command, map);
  if (isBloom(type)) return bloomLookup(command, map, attr.value);
  return valueAt(command, map, key, flags);
}

/** A bloom filter says whether it may have the value; there is nothing to give back but the value itself. */
function bloomLookup(command: string, map: MapObject, value: Uint8Array | undefined): Uint8Array {
  const wanted = sized(command, map, 'value', value ?? new Uint8Array(), map.spec.valueSize);
  return asCommand(command, () => map.raw.mayHave(wanted)) ? wanted : noElement(command, map);
}

/** MAP_UPDATE_ELEM. */
export function mapUpdateElem(kernel: Kernel, attr: MapUpdate): void {
  const command = 'MAP_UPDATE_ELEM';
  const { flags = 0 } = attr;
  const map = mapFor(kernel, command, attr.mapFd, 'write');
  checkLock(kernel, command, map, flags);
  const key = keyOf(command, map, attr.key);
  updateAt(kernel, command, map, { key, value: attr.value, flags });
}

/** What MAP_UPDATE_ELEM does once it may. */
export function updateAt(
  kernel: Kernel,
  command: string,
  map: MapObject,
  { key, value, flags }: { readonly key: Uint8Array; readonly value: Uint8Array; readonly flags: number },
): void {
  const bytes = sized(command, map, 'value', value, map.raw.valueBytes);
  if (map.entries !== undefined) setTarget(kernel, command, map, key, bytes, flags);
  else if (isKeyless(map.spec.type)) asCommand(command, () => map.raw.push(bytes, flags));
  else asCommand(command, () => map.raw.update(key, bytes, flags));
}

const u32 = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);

/** In the order of bpf_fd_array_map_update_elem and bpf_fd_htab_map_update_elem. */
function setTarget(
  kernel: Kernel,
  command: string,
  map: MapObject,
  key: Uint8Array,
  value: Uint8Array,
  flags: number,
): void {
  const isHash = map.spec.type === abi.MAP_TYPE_HASH_OF_MAPS;
  if (!isHash && flags !== abi.BPF_ANY) refuse(command, abi.EINVAL, 'entries of arrays take no flags');
  if (!isHash && u32(key) >= map.spec.maxEntries)
    refuse(command, abi.E2BIG, `index ${u32(key)} is beyond max_entries of map "${map.spec.name}"`);
  const kind = isProgramArray(map.spec.type) ? 'prog' : 'map';
  const target = kernel.fds.get(command, u32(value), kind).object as Target;
  putTarget(command, map, key, target, flags);
}

/** Puts a program or map where it may be put; programs that are not in linear memory get there when they are. */
export function putTarget(command: string, map: MapObject, key: Uint8Array, target: Target, flags = 0): void {
  const address =
    target instanceof ProgObject ? progAddress(command, map, target) : mapAddress(command, map, target);
  if (address !== undefined) asCommand(command, () => map.raw.update(key, u32Bytes(address), flags));
  map.setEntry(key, target);
}

/** @see bpf_prog_map_compatible */
function progAddress(command: string, map: MapObject, prog: ProgObject): number | undefined {
  const own = prog.asOwner;
  const owner = map.owner ?? own;
  const fits = owner.type === own.type && owner.attachType === own.attachType && owner.frags === own.frags;
  if (!fits)
    refuse(command, abi.EINVAL, `prog_array "${map.spec.name}" is for programs of type ${owner.type} alone`);
  map.owner = owner;
  return prog.connect(map);
}

/** @see bpf_map_meta_equal */
function mapAddress(command: string, map: MapObject, inner: MapObject): number {
  const template = map.spec.inner;
  const { spec } = inner;
  if (isMapOfMaps(spec.type)) refuse(command, abi.EINVAL, 'a map of maps cannot be in another');
  if (template !== undefined && template.flags !== spec.flags)
    refuse(command, abi.EINVAL, `map "${spec.name}" has other flags than inner maps of "${map.spec.name}"`);
  return inner.raw.address;
}

/** MAP_DELETE_ELEM. */
export function mapDeleteElem(kernel: Kernel, attr: MapElem): void {
  const command = 'MAP_DELETE_ELEM';
  const map = mapFor(kernel, command, attr.mapFd, 'write');
  deleteAt(command, map, keyOf(command, map, attr.key));
}

export function deleteAt(command: string, map: MapObject, key: Uint8Array): void {
  if (isKeyless(map.spec.type))
    refuse(
      command,
      map.spec.type === abi.MAP_TYPE_BLOOM_FILTER ? abi.EOPNOTSUPP : abi.EINVAL,
      'take elements with MAP_LOOKUP_AND_DELETE_ELEM',
    );
  const target = map.entryAt(key);
  // A program that is not in linear memory has left no trace there.
  const found = asCommand(command, () => map.raw.delete(key));
  if (!found && target === undefined) noElement(command, map);
  map.setEntry(key, undefined);
}

/** MAP_LOOKUP_AND_DELETE_ELEM. */
export function mapLookupAndDeleteElem(kernel: Kernel, attr: MapElem): Uint8Array {
  const command = 'MAP_LOOKUP_AND_DELETE_ELEM';
  const { flags = 0 } = attr;
  checkReadFlags(command, flags);
  const map = mapFor(kernel, command, attr.mapFd, 'read', 'write');
  const { type, name } = map.spec;
  if (flags !== 0 && isQueue(type)) refuse(command, abi.EINVAL, 'queues and stacks take no flags');
  checkLock(kernel, command, map, flags);
  const key = keyOf(command, map, attr.key);
  if (isQueue(type)) return asCommand(command, () => map.raw.pop()) ?? noElement(command, map);
  if (!TAKEN_BY_KEY.has(type))
    return refuse(command, abi.ENOTSUPP, `elements of map "${name}" cannot be taken: look up, then delete`);
  return asCommand(command, () => map.raw.take(key, flags)) ?? noElement(command, map);
}

/** MAP_GET_NEXT_KEY: the key after `key`, the first without one, or after one that is not there. */
export function mapGetNextKey(kernel: Kernel, attr: Omit<MapElem, 'flags'>): Uint8Array {
  const command = 'MAP_GET_NEXT_KEY';
  const map = mapFor(kernel, command, attr.mapFd, 'read');
  const key = attr.key === undefined ? undefined : keyOf(command, map, attr.key);
  return nextKey(kernel, command, map, key);
}

export function nextKey(
  { engine: { memory, exports } }: Kernel,
  command: string,
  map: MapObject,
  key: Uint8Array | undefined,
): Uint8Array {
  const { keySize, name } = map.spec;
  const out = memory.alloc(2 * keySize + 8);
  try {
    if (key !== undefined) memory.write(out + keySize, key);
    const result = exports.mapNextKey(map.raw.address, key === undefined ? 0 : out + keySize, out);
    if (result < 0) return refuse(command, -result, `map "${name}" has no further key`);
    return memory.read(out, keySize);
  } finally {
    memory.free(out);
  }
}

/** MAP_FREEZE: from now on no descriptor writes to it; programs may. */
export function mapFreeze(kernel: Kernel, { mapFd }: { readonly mapFd: number }): void {
  mapFor(kernel, 'MAP_FREEZE', mapFd, 'write').frozen = true;
}
