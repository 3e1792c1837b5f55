/** Arguments of helpers (check_func_arg of kernel/bpf/verifier.c). */

import { MAP_TYPE_SOCKHASH, MAP_TYPE_SOCKMAP } from '../../../abi/maps.ts';
import * as abi from '../../../abi/state.ts';
import { expectedText, registersFor } from '../../helpers/registers.ts';
import type { Argument, Helper, Prototype } from '../../helpers/types.ts';
import { kindOf, mayBeNull, typeNamed } from '../../state/kinds.ts';
import { nameOfType } from '../describe.ts';
import { checkUnmoved } from '../memory/access.ts';
import { checkAlignment } from '../memory/alignment.ts';
import { isFixedArray } from '../memory/mapValues.ts';
import { frameOf, lend } from '../memory/stack.ts';
import { markPrecise } from '../paths/precision.ts';
import { refuse, unsupported } from '../refusal.ts';
import { DYNPTR_LOCAL, DYNPTR_RINGBUF } from '../special.ts';
import { pointsTo, structOf } from '../structures.ts';
import type { Walk } from '../walk.ts';
import { checkUninitialised, dynptrReference, useDynptr } from './dynptrs.ts';
import { constantKey } from './keys.ts';
import { checkField } from './locks.ts';
import { boundedSize, checkMemory, type Writes } from './memoryArguments.ts';
import { constantString } from './strings.ts';

/** What the arguments of a call have told. */
export interface CallState {
  readonly helper: Helper;
  map: number | undefined;
  mapUid: number;
  /** Key of the element, where it is one number. */
  key: number | undefined;
  /** Greatest size of the memory argument. */
  maxSize: number;
  /** Constant that `allocationSize` takes. */
  allocated: number;
  reference: number;
  /** Register whose reference (or dynptr) the call takes. */
  released: number | undefined;
  callback: number | undefined;
  dynptr: { readonly id: number; readonly reference: number; readonly kind: number } | undefined;
  readonly writes: Writes;
}

export const newCallState = (helper: Helper): CallState => ({
  helper,
  map: undefined,
  mapUid: 0,
  key: undefined,
  maxSize: 0,
  allocated: 0,
  reference: 0,
  released: undefined,
  callback: undefined,
  dynptr: undefined,
  writes: [],
});

const isNullable = (argument: Argument): boolean => 'nullable' in argument && argument.nullable === true;

const accepted = new WeakMap<Argument, ReadonlySet<number>>();

/** Types of registers that an argument takes as they are. */
function typesFor(argument: Argument): ReadonlySet<number> {
  let types = accepted.get(argument);
  if (types === undefined) {
    types = new Set(registersFor(argument).map((name) => typeNamed(name.replace(/^alloc_/, ''))));
    accepted.set(argument, types);
  }
  return types;
}

const isReadable = (argument: Argument): boolean =>
  (argument.kind === 'memory' || argument.kind === 'mapValue') && argument.access === 'read';

function checkType(walk: Walk, argument: Argument, register: number): void {
  const { memory } = walk;
  const r = walk.reg(register);
  let type = memory.type(r) & ~abi.FLAG_PACKET_SLICE;
  if (isNullable(argument)) type &= ~abi.FLAG_NULL;
  if (isReadable(argument) || argument.kind === 'mapKey') type &= ~abi.FLAG_READ_ONLY;
  const types = typesFor(argument);
  if (types.size === 0 || types.has(type)) {
    if (argument.kind !== 'btf' || kindOf(type) !== abi.KIND_BTF || pointsTo(walk, r, argument.struct))
      return;
    refuse(`R${register} is of type ${structOf(walk, r)} but ${argument.struct} is expected`);
  }
  const hint = mayBeNull(memory.type(r)) ? `compare r${register} with 0 first` : '';
  refuse(`R${register} type=${nameOfType(walk, r)} expected=${expectedText(argument)}`, {
    registers: [register],
    hint,
  });
}

const FREELY_MOVED: ReadonlySet<number> = new Set([
  abi.KIND_STACK,
  abi.KIND_PACKET,
  abi.KIND_PACKET_META,
  abi.KIND_MAP_KEY,
  abi.KIND_MAP_VALUE,
  abi.KIND_MEM,
  abi.KIND_BUF,
  abi.KIND_SCALAR,
]);

const isRelease = (argument: Argument): boolean =>
  argument.kind === 'ringRecord' ||
  argument.kind === 'kptrValue' ||
  ('release' in argument && argument.release === true);

function checkOffset(walk: Walk, argument: Argument, register: number): void {
  const { memory } = walk;
  const r = walk.reg(register);
  const kind = memory.kind(r);
  if (isRelease(argument)) {
    if (argument.kind === 'dynptr' && kind === abi.KIND_STACK) return;
    if (memory.off(r) !== 0) {
      refuse(`R${register} must have zero offset when passed to release func or trusted arg to kfunc`);
    }
    checkUnmoved(walk, register);
    return;
  }
  if (!FREELY_MOVED.has(kind)) checkUnmoved(walk, register, kind === abi.KIND_BTF);
}

function checkReference(walk: Walk, argument: Argument, register: number, call: CallState): void {
  const { memory } = walk;
  const r = walk.reg(register);
  const reference = memory.ref(r);
  if (isRelease(argument)) {
    if (argument.kind === 'dynptr') {
      if (memory.kind(r) !== abi.KIND_STACK) refuse('cannot release unowned const bpf_dynptr');
      if (dynptrReference(walk, register) === 0) refuse(`arg ${register} is an unacquired reference`);
    } else if (reference === 0 && !memory.isZero(r)) {
      refuse(`R${register} must be referenced when passed to release function`, {
        hint: 'only what a call handed out can be given back, and only once',
      });
    }
    call.released = register;
  }
  if (reference !== 0) call.reference = reference;
}

// ---- memory ------------------------------------------------------------------------------------------------

type MemoryArgument = Extract<Argument, { kind: 'memory' }>;

function sizeOf(walk: Walk, zeroAllowed: boolean, register: number, before: Argument, call: CallState): void {
  call.maxSize = boundedSize(walk, register, zeroAllowed);
  const declared = before.kind === 'memory' ? before.access : 'read';
  // Of an unknown size nobody knows which bytes are written: they must have been before.
  const access = declared === 'uninit' && !walk.memory.isConst(walk.reg(register)) ? 'write' : declared;
  checkMemory(walk, { register: register - 1, size: call.maxSize, access, zeroAllowed }, call.writes);
  markPrecise(walk, register);
}

function fixedMemory(walk: Walk, argument: MemoryArgument, register: number, call: CallState): void {
  if (argument.size === undefined) return;
  checkMemory(walk, { register, size: argument.size, access: argument.access }, call.writes);
  if (argument.aligned) {
    checkAlignment(walk, { register, off: 0, size: argument.size, aligned: true });
  }
}

// ---- maps --------------------------------------------------------------------------------------------------

function mapArgument(walk: Walk, register: number, call: CallState): void {
  const { memory } = walk;
  const r = walk.reg(register);
  const [map, uid] = [memory.aux(r), memory.aux2(r)];
  if (call.map !== undefined && (call.map !== map || call.mapUid !== uid)) {
    refuse(`timer pointer in R1 map_uid=${call.mapUid} doesn't match map pointer in R2 map_uid=${uid}`, {
      hint: 'give the map that holds the timer',
    });
  }
  call.map = map;
  call.mapUid = uid;
}

const knownMap = (walk: Walk, call: CallState, what: string) =>
  call.map === undefined ? refuse(`invalid map_ptr to access map->${what}`) : walk.map(call.map);

function keyArgument(walk: Walk, register: number, call: CallState): void {
  const spec = knownMap(walk, call, 'key');
  checkMemory(walk, { register, size: spec.keySize, access: 'read' }, call.writes);
  call.key = constantKey(walk, register, spec.keySize, isFixedArray(spec));
}

function isSockmap(walk: Walk, { map }: CallState): boolean {
  if (map === undefined) return false;
  const { type } = walk.map(map);
  return type === MAP_TYPE_SOCKMAP || type === MAP_TYPE_SOCKHASH;
}

/** Into a sockmap goes a socket instead of memory (resolve_map_arg_type). */
function resolveArgument(walk: Walk, argument: Argument, call: CallState): Argument {
  if (argument.kind !== 'mapValue' || !isSockmap(walk, call)) return argument;
  if (call.helper.name === 'bpf_map_update_elem' || call.helper.name === 'bpf_sock_map_update') {
    return { kind: 'socket', of: 'btf_sock_common', nullable: false, release: false };
  }
  return argument;
}

function valueArgument(
  walk: Walk,
  argument: Extract<Argument, { kind: 'mapValue' }>,
  register: number,
  call: CallState,
): void {
  const { valueSize } = knownMap(walk, call, 'value');
  checkMemory(walk, { register, size: valueSize, access: argument.access }, call.writes);
}

// ---- the rest ------------------------------------------------------------------------------------------------

function constantArgument(walk: Walk, register: number): number {
  const r = walk.reg(register);
  if (!walk.memory.isConst(r)) {
    refuse(`R${register} is not a known constant'`, {
      registers: [register],
      hint: `r${register} must be the same number on every run`,
    });
  }
  markPrecise(walk, register);
  return walk.memory.constant(r);
}

function dynptrArgument(
  walk: Walk,
  argument: Extract<Argument, { kind: 'dynptr' }>,
  register: number,
  call: CallState,
): void {
  const wanted =
    argument.of === 'local' ? DYNPTR_LOCAL : argument.of === 'ringbuf' ? DYNPTR_RINGBUF : undefined;
  if (argument.state === 'uninit') {
    checkUninitialised(walk, register);
    return;
  }
  const { kind, id, reference } = useDynptr(walk, register, wanted);
  call.dynptr = { kind, id, reference };
}

function checkPlace(
  walk: Walk,
  argument: Argument,
  register: number,
  before: Argument | undefined,
  call: CallState,
): void {
  const { memory } = walk;
  switch (argument.kind) {
    case 'map':
      mapArgument(walk, register, call);
      return;
    case 'mapKey':
      keyArgument(walk, register, call);
      return;
    case 'mapValue':
      valueArgument(walk, argument, register, call);
      return;
    case 'memory':
      fixedMemory(walk, argument, register, call);
      return;
    case 'size':
      sizeOf(walk, argument.zeroAllowed, register, before ?? argument, call);
      return;
    case 'allocationSize':
      call.allocated = constantArgument(walk, register);
      return;
    case 'callback':
      call.callback = memory.aux(walk.reg(register));
      return;
    case 'dynptr':
      dynptrArgument(walk, argument, register, call);
      return;
    case 'constantString':
      constantString(walk, register);
      return;
    case 'timer':
      call.map = checkField(walk, register, 'bpf_timer');
      call.mapUid = memory.aux2(walk.reg(register));
      return;
    case 'stack':
      lendStack(walk, register);
      return;
    case 'kptr':
    case 'kptrValue':
    case 'perCpuBtf':
      unsupported(
        `${call.helper.name}: pointers to objects of the kernel in maps (${argument.kind}) are not supported`,
      );
      return;
    case 'anything':
    case 'context':
    case 'socket':
    case 'btf':
    case 'ringRecord':
    case 'spinLock':
      return;
  }
}

/** Whoever is given the address may do anything with the stack it is of. */
export function lendStack(walk: Walk, register: number): void {
  const r = walk.reg(register);
  if (walk.memory.kind(r) === abi.KIND_STACK) lend(walk, frameOf(walk, r), -512, 0);
}

function checkArgument(
  walk: Walk,
  declared: Argument,
  register: number,
  before: Argument | undefined,
  call: CallState,
): void {
  const { memory } = walk;
  const r = walk.readable(register);
  if (declared.kind === 'anything') {
    if (walk.isSecret(r)) refuse(`R${register} leaks addr into helper function`);
    return;
  }
  const kind = memory.kind(r);
  if (kind === abi.KIND_PACKET || kind === abi.KIND_PACKET_META) refusePacket(walk, call);
  const argument = resolveArgument(walk, declared, call);
  const isNull = memory.isZero(r) && isNullable(argument);
  if (!isNull) {
    checkType(walk, argument, register);
    checkOffset(walk, argument, register);
  }
  checkReference(walk, argument, register, call);
  // NULL in place of optional memory: its size argument says if that is right.
  if (!isNull) checkPlace(walk, argument, register, before, call);
}

function refusePacket(walk: Walk, { helper }: CallState): void {
  const { packet } = walk.env.context;
  if (helper.packetAccess && packet !== 'none' && packet !== 'loads') return;
  refuse('helper access to the packet is not allowed', {
    hint: `copy the bytes to the stack first: ${helper.name} does not take packet data here`,
  });
}

/** Checks r1 and on against what the helper takes. */
export function checkArguments(walk: Walk, { args }: Prototype, call: CallState): void {
  args.forEach((argument, index) => {
    checkArgument(walk, argument, index + 1, args[index - 1], call);
  });
}
