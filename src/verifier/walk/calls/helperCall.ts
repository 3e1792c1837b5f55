/** Calls of helpers (check_helper_call of kernel/bpf/verifier.c). */

import { MAP_TYPE_PROG_ARRAY } from '../../../abi/maps.ts';
import * as abi from '../../../abi/state.ts';
import { mapTypeRefusal } from '../../helpers/mapTypes.ts';
import type { Helper } from '../../helpers/types.ts';
import { isReadOnly } from '../memory/mapValues.ts';
import { markPrecise } from '../paths/precision.ts';
import { refuse, unsupported } from '../refusal.ts';
import { DYNPTR_LOCAL, DYNPTR_RINGBUF, DYNPTR_SKB } from '../special.ts';
import type { Walk } from '../walk.ts';
import { type CallState, checkArguments, newCallState } from './arguments.ts';
import {
  callBack,
  callLater,
  GO_ON_OR_STOP,
  NOTHING,
  withDynptr,
  withElement,
  withIndex,
} from './callbacks.ts';
import { makeDynptr, releaseDynptr } from './dynptrs.ts';
import { refuseUnderLock, releaseLock, takeLock } from './locks.ts';
import { checkLeaks, heldFlags, releaseReference } from './references.ts';
import { setResult } from './results.ts';
import { checkFormat, constantString } from './strings.ts';

/** Helpers that may be called while a lock is held. */
const UNDER_LOCK: ReadonlySet<string> = new Set(['bpf_spin_unlock', 'bpf_kptr_xchg']);

/** r0 to r5 of the current function are gone. */
export function clearCallerSaved(walk: Walk): void {
  for (let register = 0; register < 6; register++) walk.ops.setNone(walk.reg(register));
}

/** Sleeping helpers have no place where nothing may wait. */
export function refuseSleeping(walk: Walk, what: string): void {
  const { holdings } = walk;
  if (holdings.rcu > 0) refuse(`sleepable ${what} in rcu_read_lock region`);
  if (holdings.preempt > 0) refuse(`sleepable ${what} in non-preemptible region`);
  if (heldFlags(walk) !== undefined) refuse(`sleepable ${what} in IRQ-disabled region`);
}

function release(walk: Walk, { helper, released, reference }: CallState): void {
  if (released === undefined) return;
  const r = walk.reg(released);
  if (helper.args[released - 1]?.kind === 'dynptr') {
    releaseDynptr(walk, released);
    return;
  }
  if (walk.memory.isZero(r)) return;
  if (!releaseReference(walk, reference)) {
    refuse(`func ${helper.name}#${helper.id} reference has not been acquired before`, {
      hint: 'it was given back already, or belongs to somebody else',
    });
  }
}

/** Flags that must be a constant 0. */
function refuseFlags(walk: Walk, register: number, message: string): void {
  if (!walk.memory.isZero(walk.reg(register))) refuse(message);
}

function loop(walk: Walk, call: CallState): void {
  // A pointer has no bounds that would say how often the function is called.
  if (walk.memory.type(walk.reg(1)) !== abi.KIND_SCALAR) refuse('R1 is not a scalar');
  markPrecise(walk, 1);
  const rounds = walk.ops.umaxOf(walk.reg(1));
  if (walk.top.callbackDepth < rounds) {
    callBack(walk, call.callback ?? 0, GO_ON_OR_STOP, withIndex(walk));
    return;
  }
  walk.setTop({ callbackDepth: 0 });
  walk.log?.line(`frame${walk.frame} bpf_loop iteration limit reached`);
}

/** Helpers that change a map's elements. */
const CHANGING: ReadonlySet<string> = new Set([
  'bpf_map_update_elem',
  'bpf_map_delete_elem',
  'bpf_map_push_elem',
  'bpf_map_pop_elem',
]);

/** Maps made read-only for programs (record_func_map). */
function checkWritable(walk: Walk, { helper, map }: CallState): void {
  if (map === undefined || !CHANGING.has(helper.name)) return;
  if (isReadOnly(walk.map(map))) refuse('write into map forbidden');
}

function checkIterable(walk: Walk, { map = 0, helper }: CallState): void {
  if (mapTypeRefusal(helper.id, walk.map(map).type, walk.env.site) !== undefined) {
    refuse('callback function not allowed for map');
  }
}

/** Without CAP_PERFMON a tail call has one map, whichever way leads to it. */
function checkOneMap(walk: Walk, map: number): void {
  const before = walk.tailCallMaps.get(walk.insn) ?? map;
  if (before !== map && !walk.rules.leaks) refuse('tail_call abusing map_ptr');
  walk.tailCallMaps.set(walk.insn, map);
}

function tailCall(walk: Walk, { map = 0 }: CallState): void {
  const spec = walk.map(map);
  checkOneMap(walk, map);
  if (spec.type !== MAP_TYPE_PROG_ARRAY) refuse('expected prog array map for tail call');
  if (walk.frames.some(({ callback }) => callback?.sync === true)) {
    refuse('tail calls are not allowed in callbacks', { hint: 'the helper would not be returned to' });
  }
  const index = walk.reg(3);
  const isKnown = walk.memory.isConst(index) && walk.ops.umaxOf(index) < spec.maxEntries;
  if (isKnown) markPrecise(walk, 3);
  checkLeaks(walk, 'tail_call', true, true);
}

/** What only these helpers do, by name. */
const SPECIAL: Readonly<Record<string, (walk: Walk, call: CallState) => void>> = {
  bpf_spin_lock: (walk) => takeLock(walk, 1),
  bpf_spin_unlock: (walk) => releaseLock(walk, 1),
  bpf_tail_call: tailCall,
  bpf_get_local_storage: (walk) => {
    refuseFlags(walk, 2, "get_local_storage() doesn't support non-zero flags");
  },
  bpf_for_each_map_elem: (walk, call) => {
    checkIterable(walk, call);
    const { callback = 0, map = 0, mapUid } = call;
    callBack(walk, callback, GO_ON_OR_STOP, withElement(walk, map, mapUid, 3));
  },
  bpf_timer_set_callback: (walk, { callback = 0, map = 0, mapUid }) => {
    callLater(walk, callback, NOTHING, withElement(walk, map, mapUid));
  },
  bpf_loop: loop,
  bpf_user_ringbuf_drain: (walk, { callback = 0 }) => {
    callBack(walk, callback, GO_ON_OR_STOP, withDynptr(walk));
  },
  bpf_find_vma: () => unsupported('bpf_find_vma needs the types of the kernel (BTF)'),
  bpf_snprintf: (walk) => checkFormat(walk, constantString(walk, 3), 5),
  bpf_dynptr_from_mem: (walk) => makeDynptr(walk, 4, DYNPTR_LOCAL),
  bpf_ringbuf_reserve_dynptr: (walk) => makeDynptr(walk, 4, DYNPTR_RINGBUF),
};

/** What must be known before the dynptr is made. */
function checkDynptrMemory(walk: Walk, { helper }: CallState): void {
  if (helper.name !== 'bpf_dynptr_from_mem') return;
  const type = walk.memory.type(walk.reg(1));
  if (type !== abi.KIND_MAP_VALUE)
    refuse(
      `Unsupported reg type ${walk.memory.kind(walk.reg(1)) === abi.KIND_STACK ? 'fp' : 'mem'} for bpf_dynptr_from_mem data`,
    );
}

function checkMap(walk: Walk, { helper, map }: CallState): void {
  if (map === undefined || !helper.args.some(({ kind }) => kind === 'map')) return;
  const { type } = walk.map(map);
  const refusal = mapTypeRefusal(helper.id, type, walk.env.site);
  if (refusal !== undefined) refuse(refusal);
  if (type === MAP_TYPE_PROG_ARRAY && walk.frame > 0 && walk.code.program.btf === undefined) {
    refuse('tail_calls are not allowed in non-JITed programs with bpf-to-bpf calls', {
      verdict: 'unsupported',
    });
  }
}

/** The packet may have moved, in this call or by what it writes to an skb. */
function changesPacket({ helper, dynptr }: CallState): boolean {
  return helper.changesPacket || (helper.name === 'bpf_dynptr_write' && dynptr?.kind === DYNPTR_SKB);
}

function findHelper(walk: Walk, id: number): Helper {
  const refusal = walk.env.refusal(id);
  if (refusal !== undefined) refuse(refusal, { hint: `see which program types may call the helper` });
  return walk.env.helper(id) ?? refuse(`invalid func unknown#${id}`);
}

export function callHelper(walk: Walk, id: number): void {
  const helper = findHelper(walk, id);
  if (!UNDER_LOCK.has(helper.name)) refuseUnderLock(walk);
  if (helper.mightSleep) refuseSleeping(walk, `helper ${helper.name}#${id}`);
  const prototype = walk.env.prototype(id) ?? helper;
  const call = newCallState(helper);
  checkArguments(walk, prototype, call);
  if (call.map !== undefined) walk.facts.mapCall(walk.insn, call.map, call.key);
  for (const write of call.writes) write();
  checkWritable(walk, call);
  checkDynptrMemory(walk, call);
  release(walk, call);
  SPECIAL[helper.name]?.(walk, call);
  clearCallerSaved(walk);
  setResult(walk, prototype.result, call);
  checkMap(walk, call);
  if (changesPacket(call)) walk.ops.forgetPackets(walk.rules.leaks ? 1 : 0);
}
