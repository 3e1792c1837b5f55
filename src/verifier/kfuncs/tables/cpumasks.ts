import type { KfuncResult, KfuncRow, KfuncTable, RowArgument } from '../types.ts';
import * as v from '../vocabulary.ts';

/** A mask that the program may write, and one that it may read: the first begins with the second. */
const own = v.btf('bpf_cpumask');
const mask = v.btf('cpumask');
const row = (args: readonly RowArgument[], result: KfuncResult): KfuncRow => ({ args, result, trust: 'rcu' });

export const CPUMASKS: KfuncTable = {
  bpf_cpumask_create: { result: v.acquiredOrNull('bpf_cpumask') },
  bpf_cpumask_acquire: { args: [own], result: v.acquired('bpf_cpumask'), trust: 'trusted' },
  bpf_cpumask_release: { args: [v.released('bpf_cpumask')], result: v.nothing },
  bpf_cpumask_first: row([mask], v.u32),
  bpf_cpumask_first_zero: row([mask], v.u32),
  bpf_cpumask_first_and: row([mask, mask], v.u32),
  bpf_cpumask_set_cpu: row([v.scalar, own], v.nothing),
  bpf_cpumask_clear_cpu: row([v.scalar, own], v.nothing),
  bpf_cpumask_test_cpu: row([v.scalar, mask], v.bool),
  bpf_cpumask_test_and_set_cpu: row([v.scalar, own], v.bool),
  bpf_cpumask_test_and_clear_cpu: row([v.scalar, own], v.bool),
  bpf_cpumask_setall: row([own], v.nothing),
  bpf_cpumask_clear: row([own], v.nothing),
  bpf_cpumask_and: row([own, mask, mask], v.bool),
  bpf_cpumask_or: row([own, mask, mask], v.nothing),
  bpf_cpumask_xor: row([own, mask, mask], v.nothing),
  bpf_cpumask_equal: row([mask, mask], v.bool),
  bpf_cpumask_intersects: row([mask, mask], v.bool),
  bpf_cpumask_subset: row([mask, mask], v.bool),
  bpf_cpumask_empty: row([mask], v.bool),
  bpf_cpumask_full: row([mask], v.bool),
  bpf_cpumask_copy: row([own, mask], v.nothing),
  bpf_cpumask_any_distribute: row([mask], v.u32),
  bpf_cpumask_any_and_distribute: row([mask, mask], v.u32),
  bpf_cpumask_weight: row([mask], v.u32),
  bpf_cpumask_populate: row([mask, v.memory, v.size], v.int),
};
