/** What a nullable pointer is once it is known not to be NULL (mark_ptr_not_null_reg of kernel/bpf/verifier.c). */

import { MAP_TYPE_SOCKHASH, MAP_TYPE_SOCKMAP, MAP_TYPE_XSKMAP } from '../../../abi/maps.ts';
import * as abi from '../../../abi/state.ts';
import { fieldNamed, hasSpinLock } from '../fields.ts';
import { MAX_STACK } from '../memory/stack.ts';
import type { Walk } from '../walk.ts';

export interface NotNull {
  readonly type: number;
  readonly aux: number;
  readonly uid: number;
  /** The id still matters: of values with a lock in them, it tells whose lock is taken. */
  readonly keepsId: boolean;
}

const TIMERS = ['bpf_timer', 'bpf_wq', 'bpf_task_work'];

function mapValue(walk: Walk, type: number, map: number, uid: number, id: number): NotNull {
  const inner = walk.env.innerOf.get(map);
  if (inner !== undefined) {
    // Which inner map it is only matters where a timer must be started with its own.
    const hasTimer = TIMERS.some((name) => fieldNamed(walk.map(inner), name) !== undefined);
    return { type: abi.KIND_MAP, aux: inner, uid: hasTimer ? id : 0, keepsId: false };
  }
  const spec = walk.map(map);
  if (spec.type === MAP_TYPE_XSKMAP) return { type: abi.KIND_XDP_SOCK, aux: 0, uid: 0, keepsId: false };
  if (spec.type === MAP_TYPE_SOCKMAP || spec.type === MAP_TYPE_SOCKHASH) {
    return { type: abi.KIND_SOCK, aux: 0, uid: 0, keepsId: false };
  }
  return { type, aux: map, uid, keepsId: hasSpinLock(spec) };
}

export function notNullType(walk: Walk, r: number): NotNull {
  const { memory } = walk;
  const type = memory.type(r) & ~abi.FLAG_NULL;
  const [aux, uid] = [memory.aux(r), memory.aux2(r)];
  if (type === abi.KIND_MAP_VALUE) return mapValue(walk, type, aux, uid, memory.id(r));
  return { type, aux, uid, keepsId: false };
}

export function markNotNullAs(walk: Walk, id: number, { type, aux, uid, keepsId }: NotNull): void {
  walk.ops.markNotNull(id, type, aux, uid, keepsId ? 1 : 0);
}

/**
 * Whether the pointer is where its memory is, or behind. The kernel takes no address for 0 however far it was moved;
 * in linear memory, which begins at 0, one moved down far enough is.
 */
export function staysAboveZero({ memory, ops }: Walk, r: number): boolean {
  const reach = memory.kind(r) === abi.KIND_STACK ? MAX_STACK : 0;
  return memory.off(r) + ops.sminOf(r) >= -reach;
}
