import type { HelperTable } from '../types.ts';
import * as v from '../vocabulary.ts';

const FIXED_KEYS = 'not on a prog_array or an array map that holds pointers to objects';

/** Maps: elements, queues, iteration, and what values may hold beside plain data. */
export const MAPS: HelperTable = {
  map_lookup_elem: {
    args: [v.map, v.key],
    result: v.mapValueOrNull,
    packetAccess: true,
    checks:
      'of a map-in-map the result is a map; of a sockmap or sockhash a sock_common that must be released; of an ' +
      'xskmap an xdp_sock',
  },
  map_update_elem: {
    args: [v.map, v.key, v.value, v.any],
    packetAccess: true,
    checks: 'into a sockmap or sockhash goes a socket (`btf_sock_common`) instead of memory',
  },
  map_delete_elem: { args: [v.map, v.key], packetAccess: true, checks: FIXED_KEYS },
  map_push_elem: { args: [v.map, v.value, v.any], packetAccess: true },
  map_pop_elem: { args: [v.map, v.valueOutput] },
  map_peek_elem: {
    args: [v.map, v.valueOutput],
    checks: 'reads the value of a bloom filter, and writes that of a queue or stack',
  },
  map_lookup_percpu_elem: { args: [v.map, v.key, v.any], result: v.mapValueOrNull, packetAccess: true },
  for_each_map_elem: {
    args: [v.map, v.callback, v.stackOrNull, v.any],
    checks: 'callback(map, key, value, context) returns 0 or 1; flags are a constant 0',
  },
  spin_lock: {
    args: [v.spinLock],
    result: v.nothing,
    checks: 'one lock at a time; no call but spin_unlock while it is held; not in tracing or socket filters',
  },
  spin_unlock: { args: [v.spinLock], result: v.nothing, checks: 'the lock that is held' },
  timer_init: {
    args: [v.timer, v.map, v.any],
    gplOnly: true,
    checks: 'the map is the one that holds the timer',
  },
  timer_set_callback: {
    args: [v.timer, v.callback],
    gplOnly: true,
    checks: 'callback(map, key, value) returns 0 and is verified as an asynchronous program',
  },
  timer_start: { args: [v.timer, v.any, v.any], gplOnly: true },
  timer_cancel: { args: [v.timer], gplOnly: true },
  kptr_xchg: {
    args: [v.kptr, v.kptrValue],
    result: v.kptrOrNull,
    checks: 'the new pointer is NULL or a referenced pointer of the type that the field has',
  },
  tail_call: {
    args: [v.context, v.map, v.any],
    result: v.nothing,
    checks:
      'no references or locks are held; the stack of callers is at most 256 bytes deep; in a subprogram, whose ' +
      'caller loses its packet pointers, only with BTF',
  },
  ringbuf_output: { args: [v.map, v.input, v.sizeOrZero, v.any] },
  ringbuf_reserve: { args: [v.map, v.allocationSize, v.any], result: v.ringRecordOrNull },
  ringbuf_submit: { args: [v.ringRecord, v.any], result: v.nothing },
  ringbuf_discard: { args: [v.ringRecord, v.any], result: v.nothing },
  ringbuf_query: { args: [v.map, v.any] },
  ringbuf_reserve_dynptr: {
    args: [v.map, v.any, v.any, v.newDynptr('ringbuf')],
    checks: 'the dynptr is submitted or discarded on every path, even when the call fails',
  },
  ringbuf_submit_dynptr: { args: [v.releasedRingDynptr, v.any], result: v.nothing },
  ringbuf_discard_dynptr: { args: [v.releasedRingDynptr, v.any], result: v.nothing },
  user_ringbuf_drain: {
    args: [v.map, v.callback, v.stackOrNull, v.any],
    checks: 'callback(dynptr, context) returns 0 or 1',
  },
  dynptr_from_mem: {
    args: [v.inOut, v.sizeOrZero, v.any, v.newDynptr('local')],
    checks: 'the memory is a map value',
  },
  dynptr_read: { args: [v.output, v.sizeOrZero, v.readableDynptr, v.any, v.any] },
  dynptr_write: {
    args: [v.dynptr, v.any, v.input, v.sizeOrZero, v.any],
    checks: 'of an skb or xdp dynptr: packet pointers and data slices are lost',
  },
  dynptr_data: {
    args: [v.dynptr, v.any, v.allocationSize],
    result: v.dynptrDataOrNull,
    checks: 'not of skb and xdp dynptrs; the slice is lost with its dynptr',
  },
};
