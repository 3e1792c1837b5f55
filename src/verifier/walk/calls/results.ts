/** What calls of helpers give back in r0. */

import { MAP_TYPE_SOCKHASH, MAP_TYPE_SOCKMAP } from '../../../abi/maps.ts';
import * as abi from '../../../abi/state.ts';
import { JUMP_SGE, JUMP_SLE } from '../../../abi/verifier.ts';
import type { Result } from '../../helpers/types.ts';
import { hasSpinLock } from '../fields.ts';
import { SOCKET_KINDS } from '../memory/access.ts';
import { isFixedArray } from '../memory/mapValues.ts';
import { refuse } from '../refusal.ts';
import type { Walk } from '../walk.ts';
import type { CallState } from './arguments.ts';
import { acquire } from './references.ts';

/** Helpers that turn one kind of socket into another: the result lives as long as the argument. */
const CASTS: ReadonlySet<string> = new Set([
  'bpf_tcp_sock',
  'bpf_sk_fullsock',
  'bpf_skc_to_tcp_sock',
  'bpf_skc_to_tcp6_sock',
  'bpf_skc_to_udp6_sock',
  'bpf_skc_to_mptcp_sock',
  'bpf_skc_to_tcp_timewait_sock',
  'bpf_skc_to_tcp_request_sock',
]);

/** MAX_ERRNO. */
const MOST_ERROR = 4095;

function point(walk: Walk, type: number, nullable: boolean, aux = 0, aux2 = 0): void {
  const r0 = walk.reg(0);
  walk.memory.setPointer(r0, nullable ? type | abi.FLAG_NULL : type, aux, aux2);
  if (nullable) walk.memory.setId(r0, walk.newId());
}

/** r0 and its null check stand for a reference that must be given back. */
function acquired(walk: Walk): void {
  const id = acquire(walk);
  walk.memory.setId(walk.reg(0), id);
  walk.memory.setRef(walk.reg(0), id);
}

function mapValue(walk: Walk, nullable: boolean, call: CallState): void {
  const map = call.map ?? refuse('kernel subsystem misconfigured verifier');
  const spec = walk.map(map);
  const { key, helper } = call;
  const isThere = key !== undefined && key >= 0 && key < spec.maxEntries && isFixedArray(spec);
  const isLookup = helper.name === 'bpf_map_lookup_elem';
  const mayFail = nullable && !(isLookup && isThere);
  point(walk, abi.KIND_MAP_VALUE, mayFail, map, call.mapUid);
  if (!mayFail && hasSpinLock(spec)) walk.memory.setId(walk.reg(0), walk.newId());
  if (isLookup && (spec.type === MAP_TYPE_SOCKMAP || spec.type === MAP_TYPE_SOCKHASH)) acquired(walk);
}

/** Narrows r0 to [least, most], as signed numbers. */
function between(walk: Walk, least: number, most: number): void {
  const { ops } = walk;
  const r0 = walk.reg(0);
  ops.refineImm(JUMP_SGE, 64, 1, r0, least);
  ops.refineImm(JUMP_SLE, 64, 1, r0, most);
  ops.refineImm(JUMP_SGE, 32, 1, r0, least);
  ops.refineImm(JUMP_SLE, 32, 1, r0, most);
}

function integer(walk: Walk, result: Extract<Result, { kind: 'integer' }>, call: CallState): void {
  walk.setUnknown(walk.reg(0));
  if (result.range === 'size') between(walk, -MOST_ERROR, Math.min(call.maxSize, 2 ** 31 - 1));
  if (result.range === 'cpu') between(walk, 0, walk.rules.cpus - 1);
}

function set(walk: Walk, result: Result, call: CallState): void {
  const { memory } = walk;
  switch (result.kind) {
    case 'integer':
      integer(walk, result, call);
      return;
    case 'void':
      return;
    case 'mapValue':
      mapValue(walk, result.nullable, call);
      return;
    case 'socket':
      point(walk, SOCKET_KINDS[result.of], result.nullable);
      if (result.acquire) acquired(walk);
      return;
    case 'ringRecord':
      point(walk, abi.KIND_MEM | abi.FLAG_RINGBUF, true, call.allocated);
      acquired(walk);
      return;
    case 'dynptrData':
      point(walk, abi.KIND_MEM, true, call.allocated, call.dynptr?.id ?? 0);
      memory.setRef(walk.reg(0), call.dynptr?.reference ?? 0);
      return;
    case 'btf':
      point(
        walk,
        abi.KIND_BTF | (result.trusted ? abi.FLAG_TRUSTED : 0),
        result.nullable,
        walk.names.number(result.struct),
      );
      return;
    case 'perCpuVariable':
    case 'kptr':
      refuse(`${call.helper.name} is not supported`, { verdict: 'unsupported' });
      return;
  }
}

/** Sets r0, after r1 to r5 have been lost. */
export function setResult(walk: Walk, result: Result, call: CallState): void {
  set(walk, result, call);
  if (CASTS.has(call.helper.name)) walk.memory.setRef(walk.reg(0), call.reference);
}
