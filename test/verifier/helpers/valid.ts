import type { Argument } from '../../../src/verifier/helpers/types.ts';
import { type MapIds, mapFor } from './maps.ts';
import type { Place } from './places.ts';
import * as s from './specimens.ts';

/** A register that the helper must take; undefined where no program of this place can have one. */
export function validFor(
  argument: Argument,
  helper: string,
  place: Place,
  maps: MapIds,
): s.Specimen | undefined {
  switch (argument.kind) {
    case 'anything':
      return s.scalar(0);
    case 'map':
      return s.mapPointer(maps, mapFor(helper));
    case 'mapKey':
    case 'mapValue':
      return s.stack();
    case 'memory':
      return helper === 'dynptr_from_mem' ? s.mapValue(maps, 'array') : s.stack();
    case 'size':
    case 'allocationSize':
      return s.scalar(8);
    case 'context':
      return s.context;
    case 'socket':
      return socketFor(argument.of, argument.release, place, argument.nullable);
    case 'btf':
      return objectFor(argument.struct, place, argument.nullable);
    case 'perCpuBtf':
      return undefined; // kernels without CONFIG_KALLSYMS_ALL find no variable
    case 'ringRecord':
      return s.ringRecord(maps);
    case 'callback':
      return s.callback;
    case 'stack':
      return s.stack();
    case 'constantString':
      return s.mapValue(maps, 'text');
    case 'spinLock':
      return s.lock(maps);
    case 'timer':
      return s.timer(maps);
    case 'kptr':
      return s.kptr(maps);
    case 'kptrValue':
      return s.scalar(0);
    case 'dynptr':
      if (argument.state === 'uninit') return s.newDynptr;
      return argument.of === 'ringbuf' ? s.ringDynptr(maps) : s.dynptr(maps);
  }
}

function socketFor(of: string, release: boolean, place: Place, nullable: boolean): s.Specimen | undefined {
  if (s.hasSkb(place)) return release ? s.lookedUpSocket : of === 'sock' ? s.fullSocket : s.sockCommon;
  if (place.type === 'cgroup_sockopt') return s.contextWord('sock', 0);
  if (place.type === 'struct_ops') return s.contextWord('trusted_ptr_', 0);
  return nullable ? s.NULL : undefined;
}

function objectFor(struct: string, { target, type }: Place, nullable: boolean): s.Specimen | undefined {
  if (struct === 'task_struct') return s.task;
  if (struct === 'tcp_sock' && type === 'struct_ops') return s.contextWord('trusted_ptr_', 0);
  if (struct === 'seq_file' && target?.[1].startsWith('bpf_iter')) return s.sequence;
  if (struct === 'file' && target?.[1] === 'bpf_iter_task_file') return s.contextWord('ptr_', 24);
  if (struct === 'path' && target?.[1] === 'bpf_iter_task_file') return s.filePath;
  if (struct === 'sk_buff' && target?.[1] === 'btf_trace_kfree_skb') return s.contextWord('trusted_ptr_', 0);
  return nullable ? s.NULL : undefined;
}
