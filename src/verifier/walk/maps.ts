/** Maps that programs of some types may not use (check_map_prog_compatibility of kernel/bpf/verifier.c). */
import * as abi from '../../abi/maps.ts';
import type { MapSpec, Program } from '../../frontend/program.ts';
import type { Environment } from './environment.ts';
import { fieldNamed } from './fields.ts';
import { refuse } from './refusal.ts';

/** is_tracing_prog_type. */
const TRACING: ReadonlySet<string> = new Set([
  'kprobe',
  'tracepoint',
  'perf_event',
  'raw_tracepoint',
  'raw_tracepoint_writable',
]);

/** What sleepable programs may use. */
const FOR_SLEEPABLE: ReadonlySet<number> = new Set([
  abi.MAP_TYPE_HASH,
  abi.MAP_TYPE_LRU_HASH,
  abi.MAP_TYPE_ARRAY,
  abi.MAP_TYPE_PERCPU_HASH,
  abi.MAP_TYPE_PERCPU_ARRAY,
  abi.MAP_TYPE_LRU_PERCPU_HASH,
  abi.MAP_TYPE_ARRAY_OF_MAPS,
  abi.MAP_TYPE_HASH_OF_MAPS,
  abi.MAP_TYPE_RINGBUF,
  abi.MAP_TYPE_USER_RINGBUF,
  abi.MAP_TYPE_INODE_STORAGE,
  abi.MAP_TYPE_SK_STORAGE,
  abi.MAP_TYPE_TASK_STORAGE,
  abi.MAP_TYPE_CGRP_STORAGE,
  abi.MAP_TYPE_QUEUE,
  abi.MAP_TYPE_STACK,
  abi.MAP_TYPE_ARENA,
]);

function checkMap(map: MapSpec, { type, sleepable }: Environment): void {
  const isTracing = TRACING.has(type);
  if (fieldNamed(map, 'bpf_spin_lock') !== undefined) {
    if (type === 'socket_filter') refuse('socket filter progs cannot use bpf_spin_lock yet');
    if (isTracing) refuse('tracing progs cannot use bpf_spin_lock yet');
  }
  if (isTracing && fieldNamed(map, 'bpf_timer') !== undefined)
    refuse('tracing progs cannot use bpf_timer yet');
  if (isTracing && fieldNamed(map, 'bpf_wq') !== undefined) refuse('tracing progs cannot use bpf_wq yet');
  if (sleepable && !FOR_SLEEPABLE.has(map.type)) {
    refuse('Sleepable programs can only use array, hash, ringbuf and local storage maps');
  }
}

export function checkMaps({ maps }: Program, env: Environment): void {
  for (const map of maps) checkMap(map, env);
  if (maps.filter(({ type }) => type === abi.MAP_TYPE_ARENA).length > 1) refuse('Only one arena per program');
}
