import type { KfuncTable } from '../types.ts';
import * as v from '../vocabulary.ts';

/** Sections, iterators, ends of programs. */
export const CONTROL: KfuncTable = {
  bpf_rcu_read_lock: { result: v.nothing, effect: 'rcuLock' },
  bpf_rcu_read_unlock: { result: v.nothing, effect: 'rcuUnlock' },
  bpf_preempt_disable: { result: v.nothing, effect: 'preemptDisable' },
  bpf_preempt_enable: { result: v.nothing, effect: 'preemptEnable' },
  bpf_local_irq_save: { args: [v.irqFlag('uninit', 'irq')], result: v.nothing, effect: 'irqSave' },
  bpf_local_irq_restore: {
    args: [v.irqFlag('saved', 'irq')],
    result: v.nothing,
    effect: 'irqRestore',
    checks: 'the innermost flags first',
  },
  __bpf_trap: { result: v.nothing, effect: 'trap' },

  ...v.iterator('num', 1, v.readableOrNull(4), { args: [v.scalar, v.scalar] }),
  ...v.iterator('bits', 2, v.readableOrNull(4), { args: [v.ignored, v.scalar] }),
  ...v.iterator(
    'task',
    3,
    { struct: 'task_struct', trust: 'rcu' },
    { args: [v.btfOrNull('task_struct'), v.scalar], trust: 'trusted', rcuProtected: true },
  ),
  ...v.iterator(
    'task_vma',
    1,
    { struct: 'vm_area_struct', trust: 'trusted' },
    { args: [v.btf('task_struct'), v.scalar], trust: 'rcu' },
  ),
  ...v.iterator(
    'css',
    3,
    { struct: 'cgroup_subsys_state', trust: 'rcu' },
    { args: [v.btf('cgroup_subsys_state'), v.scalar], trust: 'trusted', rcuProtected: true },
  ),
  ...v.iterator(
    'css_task',
    1,
    { struct: 'task_struct', trust: 'trusted' },
    {
      args: [v.btf('cgroup_subsys_state'), v.scalar],
      trust: 'trusted',
      checks: 'lsm, iterators and sleepable programs alone',
    },
  ),
  ...v.iterator('kmem_cache', 1, { struct: 'kmem_cache', trust: 'trusted' }, {}, { sleepable: true }),
  ...v.iterator('dmabuf', 1, { struct: 'dma_buf', trust: 'trusted' }, {}, { sleepable: true }),
};

/** Of those that are not for every type of program. */
export const EXCEPTIONS: KfuncTable = {
  bpf_throw: {
    args: [v.scalar],
    result: v.nothing,
    effect: 'throw',
    checks: 'without an exception callback, the cookie is the return value and must be in its range',
  },
};

/** Of probes that run at a function's entry and return. */
export const SESSIONS: KfuncTable = {
  bpf_session_is_return: { result: v.bool },
  bpf_session_cookie: { result: { kind: 'memory', size: 8, readOnly: false, nullable: false } },
};
