/** Memory that calls read and write. */
import * as abi from '../../../abi/state.ts';
import type { MemoryAccess } from '../../helpers/types.ts';
import { kindOf, mayBeNull } from '../../state/kinds.ts';
import { MAX_OFFSET } from '../arithmetic/pointers.ts';
import { nameOfType } from '../describe.ts';
import { checkMapType, refuseSpecialField } from '../memory/mapValues.ts';
import { checkPacket, checkRegion } from '../memory/regions.ts';
import { checkStackBounds, fillRange, frameOf, lend, readRange, slotOf } from '../memory/stack.ts';
import { refuse, unsupported } from '../refusal.ts';
import { kindOfSlot } from '../special.ts';
import type { Walk } from '../walk.ts';

/** Work left until all arguments are checked: what the call writes. */
export type Writes = (() => void)[];

/** Memory that a call uses. */
export interface MemoryUse {
  readonly register: number;
  /** Bytes at most. */
  readonly size: number;
  readonly access: MemoryAccess;
  /** No bytes at all are fine. Default false. */
  readonly zeroAllowed?: boolean;
}

/** A call must not write to a dynptr that it may use itself. */
function refuseDynptrBytes(walk: Walk, frame: number, low: number, size: number): void {
  for (let off = low; off < low + size; off++) {
    if (kindOfSlot(walk, frame, slotOf(off)) === abi.BYTE_DYNPTR) {
      refuse(`potential write to dynptr at off=${off} disallowed`);
    }
  }
}

function stackMemory(walk: Walk, use: MemoryUse, writes: Writes): void {
  const { memory } = walk;
  const { register, size, access, zeroAllowed = false } = use;
  const r = walk.reg(register);
  if (size === 0 && !zeroAllowed) refuse('invalid zero-sized read');
  const frame = frameOf(walk, r);
  const range = checkStackBounds(walk, register, memory.off(r), size, access !== 'read');
  lend(walk, frame, range.low, range.high + size);
  const fills = access === 'uninit' && memory.isConst(r);
  if (fills) refuseDynptrBytes(walk, frame, range.low, size);
  if (fills) writes.push(() => fillRange(walk, frame, range.low, size));
  else readRange(walk, register, frame, range, size, access !== 'read');
}

/**
 * `size` bytes that the call reads or writes (check_helper_mem_access).
 *
 * @param writes takes what the call is to write, where nothing needs to have been written before
 */
export function checkMemory(walk: Walk, use: MemoryUse, writes: Writes): void {
  const { memory } = walk;
  const { register, size, access, zeroAllowed = false } = use;
  const r = walk.reg(register);
  const type = memory.type(r);
  const at = { register, off: memory.off(r), size };
  const write = access !== 'read';
  const refuseWrite = (): never => refuse(`R${register} cannot write into ${nameOfType(walk, r)}`);
  switch (mayBeNull(type) ? abi.KIND_NONE : kindOf(type)) {
    case abi.KIND_PACKET:
    case abi.KIND_PACKET_META:
      checkPacket(walk, at, zeroAllowed);
      return;
    case abi.KIND_MAP_KEY:
      if (write) refuseWrite();
      checkRegion(walk, at, walk.map(memory.aux(r)).keySize);
      return;
    case abi.KIND_MAP_VALUE: {
      const spec = walk.map(memory.aux(r));
      checkMapType(walk, memory.aux(r), { write }, at);
      checkRegion(walk, at, spec.valueSize, zeroAllowed);
      refuseSpecialField(walk, register, at.off, size, spec, 'helper');
      return;
    }
    case abi.KIND_MEM:
      if (write && (type & abi.FLAG_READ_ONLY) !== 0) refuseWrite();
      checkRegion(walk, at, memory.aux(r), zeroAllowed);
      return;
    case abi.KIND_STACK:
      stackMemory(walk, use, writes);
      return;
    case abi.KIND_BTF:
      unsupported(`R${register}: memory of ${nameOfType(walk, r)} as an argument needs the kernel's types`);
      return;
    default:
      if (zeroAllowed && size === 0 && memory.isZero(r)) {
        return;
      }
      refuse(`R${register} type=${nameOfType(walk, r)} expected=fp`, {
        registers: [register],
        hint: mayBeNull(type) ? `compare r${register} with 0 first` : '',
      });
      return;
  }
}

/** Memory that a function reads and writes. */
export function checkReadWrite(walk: Walk, register: number, size: number): void {
  for (const access of ['read', 'write'] as const) {
    checkMemory(walk, { register, size, access, zeroAllowed: true }, []);
  }
}

/** The greatest size that a register may hold, in bytes. */
export function boundedSize(walk: Walk, register: number, zeroAllowed: boolean): number {
  const { memory, ops } = walk;
  const r = walk.reg(register);
  if (ops.sminOf(r) < 0) {
    refuse(`R${register} min value is negative, either use unsigned or 'var &= const'`, {
      registers: [register],
      hint: `compare r${register} with 0 first, or make it unsigned`,
    });
  }
  if (ops.uminOf(r) === 0 && !zeroAllowed) {
    const { umin, umax } = memory.scalar(r);
    refuse(`R${register} invalid zero-sized read: u64=[${umin},${umax}]`, {
      registers: [register],
      hint: `r${register} is a size, and may be 0: make sure that it is not`,
    });
  }
  const most = ops.umaxOf(r);
  if (most < MAX_OFFSET) return most;
  return refuse(`R${register} unbounded memory access, use 'var &= const' or 'if (var < const)'`, {
    registers: [register],
    hint: `bound the size in r${register}`,
  });
}
