import type { KfuncTable } from '../types.ts';
import * as v from '../vocabulary.ts';

/** Casts, maps, caches, user memory, work for later. */
export const MEMORY: KfuncTable = {
  bpf_cast_to_kern_ctx: { args: [v.context], result: { kind: 'kernelContext' }, fastcall: true },
  bpf_rdonly_cast: {
    args: [v.ignored, v.constant],
    result: { kind: 'readOnlyCast' },
    fastcall: true,
    checks: "the constant is the id of a structure of the kernel's BTF, or 0",
  },
  bpf_get_kmem_cache: { args: [v.scalar], result: v.untrusted('kmem_cache') },
  bpf_map_sum_elem_count: { args: [v.btf('bpf_map')], result: v.s64, trust: 'trusted' },
  bpf_copy_from_user_str: { args: [v.memory, v.size, v.ignored, v.scalar], sleepable: true },
  bpf_copy_from_user_task_str: {
    args: [v.memory, v.size, v.ignored, v.btf('task_struct'), v.scalar],
    sleepable: true,
  },
  bpf_wq_init: {
    args: [v.workqueue, v.map, v.scalar],
    checks: 'the map is that of the work queue',
  },
  bpf_wq_set_callback_impl: {
    args: [v.workqueue, v.callback, v.scalar, v.programAux],
    checks: 'callback(map, key, value) returns 0 and runs later, where it may sleep',
  },
  bpf_wq_start: { args: [v.workqueue, v.scalar] },
  ...Object.fromEntries(
    ['signal', 'resume'].map((when) => [
      `bpf_task_work_schedule_${when}_impl`,
      {
        args: [v.btf('task_struct'), v.taskWork, v.map, v.callback, v.programAux],
        trust: 'trusted',
        checks: 'callback(map, key, value) returns 0 and runs later, where it may sleep',
      } as const,
    ]),
  ),
};
