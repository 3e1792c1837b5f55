/** Loads and stores through pointers (check_mem_access of kernel/bpf/verifier.c). */
import {
  MAP_TYPE_HASH,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
  MAP_TYPE_PERCPU_HASH,
} from '../../../abi/maps.ts';
import * as abi from '../../../abi/state.ts';
import {
  accessContext,
  accessPointee,
  type Granted,
  type Pointee,
  type Refused,
  structureOf,
  type Yield,
} from '../../contexts/index.ts';
import type { ContextPointer } from '../../proof.ts';
import { kindOf, mayBeNull } from '../../state/kinds.ts';
import { extendLoaded } from '../arithmetic/scalars.ts';
import { nameOfType, tnumText } from '../describe.ts';
import { refuse, unsupported } from '../refusal.ts';
import type { Walk } from '../walk.ts';
import { checkAlignment } from './alignment.ts';
import { checkMapType, isFixedArray, mapBytes, refuseSpecialField } from './mapValues.ts';
import { type Access, checkPacket, checkRegion } from './regions.ts';
import { loadStack, type Stored, storeStack } from './stack.ts';

/** A load or store of an instruction. */
export interface MemoryAccess {
  /** Register that holds the address. */
  readonly register: number;
  /** Bytes, as in the instruction. */
  readonly off: number;
  /** Bytes. */
  readonly size: number;
  readonly write: boolean;
  /** Where a load goes; undefined for one whose value nobody gets. */
  readonly dst?: number | undefined;
  readonly signed?: boolean;
  /** What a store stores. */
  readonly stored?: Stored;
  /** Aligned to its size, whatever the memory: atomics. */
  readonly aligned?: boolean;
}

const NOTHING: Stored = {};

function refuseLeak(walk: Walk, { write, register, stored }: MemoryAccess, into: string): void {
  const value = stored?.register;
  if (write && value !== undefined && walk.isSecret(walk.reg(value))) {
    refuse(`R${value} leaks addr into ${into}`, { registers: [value, register] });
  }
}

/** A load of memory whose content is not known. */
function loadUnknown(walk: Walk, { write, dst }: MemoryAccess): void {
  if (!write && dst !== undefined) walk.setUnknown(walk.reg(dst));
}

/** The pointer must be as it was handed out (check_ptr_off_reg). */
export function checkUnmoved(walk: Walk, register: number, fixedAllowed = false): void {
  const { memory } = walk;
  const r = walk.reg(register);
  const name = nameOfType(walk, r);
  if (memory.off(r) < 0) {
    refuse(`negative offset ${name} ptr R${register} off=${memory.off(r)} disallowed`);
  }
  if (!fixedAllowed && memory.off(r) !== 0) {
    refuse(`dereference of modified ${name} ptr R${register} off=${memory.off(r)} disallowed`);
  }
  if (!memory.isConst(r) || memory.constant(r) !== 0) {
    refuse(`variable ${name} access var_off=${tnumText(walk, r)} disallowed`);
  }
}

function mapValue(walk: Walk, access: MemoryAccess, at: Access): void {
  refuseLeak(walk, access, 'map');
  const { memory } = walk;
  const r = walk.reg(access.register);
  const map = memory.aux(r);
  const spec = walk.map(map);
  checkMapType(walk, map, access, at);
  checkRegion(walk, at, spec.valueSize);
  refuseSpecialField(walk, access.register, at.off, at.size, spec, 'direct');
  if (access.write || access.dst === undefined) return;
  const known = memory.isConst(r) ? mapBytes(spec, at.off + memory.constant(r), at.size) : undefined;
  if (known === undefined) {
    walk.setUnknown(walk.reg(access.dst));
    return;
  }
  walk.memory.setConstant(walk.reg(access.dst), known);
}

function mapKey(walk: Walk, access: MemoryAccess, at: Access): void {
  if (access.write) refuse(`write to change key R${access.register} not allowed`);
  checkRegion(walk, at, walk.map(walk.memory.aux(walk.reg(access.register))).keySize);
  loadUnknown(walk, access);
}

function plainMemory(walk: Walk, access: MemoryAccess, at: Access): void {
  const r = walk.reg(access.register);
  const type = walk.memory.type(r);
  const isReadOnly = (type & abi.FLAG_READ_ONLY) !== 0;
  if (access.write && isReadOnly) refuse(`R${access.register} cannot write into ${nameOfType(walk, r)}`);
  refuseLeak(walk, access, 'mem');
  if (!(isReadOnly && (type & abi.FLAG_UNTRUSTED) !== 0)) checkRegion(walk, at, walk.memory.aux(r));
  loadUnknown(walk, access);
}

const isGranted = (answer: Granted | Refused): answer is Granted => 'field' in answer;

/** Puts what a field yields into a register. */
function yieldInto(walk: Walk, r: number, yields: Yield): void {
  const { memory } = walk;
  const nullable = (type: number, isNullable: boolean): void => {
    if (!isNullable) return;
    memory.setType(r, type | abi.FLAG_NULL);
    memory.setId(r, walk.newId());
  };
  const point = (type: number, isNullable = false, aux = 0): void => {
    memory.setPointer(r, type, aux);
    nullable(type, isNullable);
  };
  switch (yields.kind) {
    case 'scalar':
      walk.setUnknown(r);
      return;
    case 'packet':
      point(abi.KIND_PACKET);
      return;
    case 'packetMeta':
      point(abi.KIND_PACKET_META);
      return;
    case 'packetEnd':
      point(abi.KIND_PACKET_END);
      return;
    case 'socket':
      point(SOCKET_KINDS[yields.of], yields.nullable);
      return;
    case 'flowKeys':
      point(abi.KIND_FLOW_KEYS);
      return;
    case 'tracepointBuffer':
      point(abi.KIND_TP_BUFFER);
      return;
    case 'btf':
      point(
        abi.KIND_BTF | (yields.trusted ? abi.FLAG_TRUSTED : 0),
        yields.nullable,
        walk.names.number(yields.struct),
      );
      return;
    case 'memory':
      point(abi.KIND_MEM | (yields.writable ? 0 : abi.FLAG_READ_ONLY), yields.nullable, yields.size);
      return;
  }
}

export const SOCKET_KINDS = {
  sock: abi.KIND_SOCK,
  sock_common: abi.KIND_SOCK_COMMON,
  tcp_sock: abi.KIND_TCP_SOCK,
  xdp_sock: abi.KIND_XDP_SOCK,
} as const;

/** What a program must be run with, where what it loads of its context is a pointer. */
function pointerOf({ field: { name, offset, size }, yields }: Granted): ContextPointer | undefined {
  const at = { offset, name, width: size, bytes: 0, nullable: false };
  switch (yields.kind) {
    case 'scalar':
      return undefined;
    case 'packet':
    case 'packetMeta':
    case 'packetEnd':
      return { ...at, to: yields.kind };
    case 'socket':
      return { ...at, to: 'object', bytes: structureOf(yields.of).size, nullable: yields.nullable };
    case 'flowKeys':
      return { ...at, to: 'memory', bytes: structureOf('flow_keys').size };
    case 'tracepointBuffer':
      return { ...at, to: 'memory' };
    case 'btf':
      return { ...at, to: 'object', nullable: yields.nullable };
    case 'memory':
      return { ...at, to: 'memory', bytes: yields.size, nullable: yields.nullable };
  }
}

function context(walk: Walk, access: MemoryAccess, at: Access): void {
  refuseLeak(walk, access, 'ctx');
  checkUnmoved(walk, access.register);
  const { type, attachType } = walk.env;
  if (walk.env.context.isOpaque === true) {
    const what = attachType ? `${type} (${attachType})` : type;
    unsupported(`the context of programs of type ${what} is described by the kernel's BTF alone`);
  }
  const { size, write, dst, signed = false } = access;
  const answer = accessContext(walk.env.context, { offset: at.off, size, write, signed });
  if (!isGranted(answer)) refuse(answer.refused, { hint: answer.hint, registers: [access.register] });
  walk.facts.context(at.off + size, write ? undefined : pointerOf(answer));
  if (!write && dst !== undefined) yieldInto(walk, walk.reg(dst), answer.yields);
}

function packet(walk: Walk, access: MemoryAccess, at: Access): void {
  if (access.write && walk.env.context.packet !== 'write') refuse('cannot write into packet');
  refuseLeak(walk, access, 'packet');
  checkPacket(walk, at);
  loadUnknown(walk, access);
}

const POINTEES: ReadonlyMap<number, Pointee> = new Map([
  [abi.KIND_SOCK, 'sock'],
  [abi.KIND_SOCK_COMMON, 'sock_common'],
  [abi.KIND_TCP_SOCK, 'tcp_sock'],
  [abi.KIND_XDP_SOCK, 'xdp_sock'],
  [abi.KIND_FLOW_KEYS, 'flow_keys'],
]);

/** Structures of fixed layout behind sockets and flow keys. */
function pointee(walk: Walk, access: MemoryAccess, at: Access): void {
  const { memory, ops } = walk;
  const r = walk.reg(access.register);
  const what = POINTEES.get(memory.kind(r)) ?? 'sock';
  if (what === 'flow_keys') refuseLeak(walk, access, 'flow keys');
  if (access.write && what !== 'flow_keys') {
    refuse(`R${access.register} cannot write into ${nameOfType(walk, r)}`);
  }
  if (ops.sminOf(r) < 0) {
    refuse(
      `R${access.register} min value is negative, either use unsigned index or do a if (index >=0) check.`,
    );
  }
  if (!memory.isConst(r)) refuse(`R${access.register} invalid ${what} access off=${at.off} size=${at.size}`);
  const { size, write, signed = false } = access;
  const answer = accessPointee(what, { offset: at.off, size, write, signed }, access.register);
  if (!isGranted(answer)) refuse(answer.refused, { hint: answer.hint, registers: [access.register] });
  if (write || access.dst === undefined) return;
  yieldInto(walk, walk.reg(access.dst), answer.yields);
}

/** The buffer's size is known where the program is attached: any constant offset goes (check_tp_buffer_access). */
function buffer(walk: Walk, access: MemoryAccess, at: Access): void {
  const { memory } = walk;
  const r = walk.reg(access.register);
  const isTracepoint = memory.kind(r) === abi.KIND_TP_BUFFER;
  const name = isTracepoint ? 'tracepoint' : nameOfType(walk, r);
  if (access.write && (memory.type(r) & abi.FLAG_READ_ONLY) !== 0) {
    refuse(`R${access.register} cannot write into ${nameOfType(walk, r)}`);
  }
  if (at.off < 0) {
    refuse(`R${access.register} invalid ${name} buffer access: off=${at.off}, size=${at.size}`);
  }
  if (!memory.isConst(r) || memory.constant(r) !== 0) {
    refuse(`R${access.register} invalid variable buffer offset: off=${at.off}, var_off=${tnumText(walk, r)}`);
  }
  if (isTracepoint) walk.facts.bufferSize(at.off + at.size);
  loadUnknown(walk, access);
}

function structure(walk: Walk, access: MemoryAccess): void {
  const r = walk.reg(access.register);
  const name = nameOfType(walk, r);
  if (access.write) refuse(`only read is supported through ${name}`);
  unsupported(
    `R${access.register}: loads through ${name} need the types of the kernel (BTF)`,
    'the types of a kernel (its BTF) are not known to webpf',
  );
}

/** The kernel shows programs its own struct bpf_map; webpf's maps look otherwise. */
function mapItself(walk: Walk, { register, write }: MemoryAccess): never {
  if (write) refuse(`only read from ${mapStructure(walk, register)} is supported`);
  return unsupported(
    `R${register}: reading ${mapStructure(walk, register)}, the kernel's own structure of a map`,
  );
}

const HASHES: ReadonlySet<number> = new Set([
  MAP_TYPE_HASH,
  MAP_TYPE_PERCPU_HASH,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
]);

function mapStructure(walk: Walk, register: number): string {
  const spec = walk.map(walk.memory.aux(walk.reg(register)));
  if (isFixedArray(spec)) return 'bpf_array';
  return HASHES.has(spec.type) ? 'bpf_htab' : 'bpf_map';
}

function refuseKind(walk: Walk, { register, off }: MemoryAccess): never {
  const r = walk.reg(register);
  const hint = mayBeNull(walk.memory.type(r))
    ? `compare r${register} with 0 first, and leave where it is`
    : `r${register} holds no address that may be accessed (at offset ${off})`;
  refuse(`R${register} invalid mem access '${nameOfType(walk, r)}'`, { hint, registers: [register] });
}

type Handler = (walk: Walk, access: MemoryAccess, at: Access) => void;

const HANDLERS: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [abi.KIND_MAP_VALUE, mapValue],
  [abi.KIND_MAP_KEY, mapKey],
  [abi.KIND_MAP, mapItself],
  [abi.KIND_MEM, plainMemory],
  [abi.KIND_CTX, context],
  [abi.KIND_PACKET, packet],
  [abi.KIND_PACKET_META, packet],
  [abi.KIND_FLOW_KEYS, pointee],
  [abi.KIND_SOCK, pointee],
  [abi.KIND_SOCK_COMMON, pointee],
  [abi.KIND_TCP_SOCK, pointee],
  [abi.KIND_XDP_SOCK, pointee],
  [abi.KIND_TP_BUFFER, buffer],
  [abi.KIND_BUF, buffer],
  [abi.KIND_BTF, structure],
  // Where no page is, loads give 0 and stores are lost.
  [abi.KIND_ARENA, loadUnknown],
]);

function stack(walk: Walk, access: MemoryAccess, off: number): void {
  const { register, size, write, dst, stored = NOTHING } = access;
  if (write) storeStack(walk, register, off, size, stored);
  else loadStack(walk, register, off, size, dst);
}

export function accessMemory(walk: Walk, access: MemoryAccess): void {
  const { memory } = walk;
  const r = walk.reg(access.register);
  checkAlignment(walk, access);
  const off = access.off + memory.off(r);
  if (memory.type(r) === abi.KIND_STACK) stack(walk, access, off);
  else {
    const handler = mayBeNull(memory.type(r)) ? undefined : HANDLERS.get(kindOf(memory.type(r)));
    if (handler === undefined) refuseKind(walk, access);
    handler(walk, access, { register: access.register, off, size: access.size });
  }
  if (!access.write && access.dst !== undefined) {
    extendLoaded(walk, walk.reg(access.dst), access.size, access.signed ?? false);
  }
}
