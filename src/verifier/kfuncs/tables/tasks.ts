import type { KfuncTable } from '../types.ts';
import * as v from '../vocabulary.ts';

const fromTask = (struct: string, ...more: NonNullable<KfuncTable[string]['args']>): KfuncTable[string] => ({
  args: [v.btf('task_struct'), ...more],
  result: v.acquiredOrNull(struct),
  trust: 'rcu',
});
const fromCgroup = (...more: NonNullable<KfuncTable[string]['args']>): KfuncTable[string] => ({
  args: [v.btf('cgroup'), ...more],
  result: v.acquiredOrNull('cgroup'),
  trust: 'rcu',
});
const byNumber = (struct: string): KfuncTable[string] => ({
  args: [v.scalar],
  result: v.acquiredOrNull(struct),
});
const put = (struct: string): KfuncTable[string] => ({ args: [v.released(struct)], result: v.nothing });

/** Tasks, cgroups, keys. */
export const TASKS: KfuncTable = {
  bpf_task_acquire: fromTask('task_struct'),
  bpf_task_release: put('task_struct'),
  bpf_task_from_pid: byNumber('task_struct'),
  bpf_task_from_vpid: byNumber('task_struct'),
  bpf_task_get_cgroup1: fromTask('cgroup', v.scalar),
  bpf_task_under_cgroup: { args: [v.btf('task_struct'), v.btf('cgroup')], result: v.s64, trust: 'rcu' },
  bpf_send_signal_task: {
    args: [v.btf('task_struct'), v.scalar, v.scalar, v.scalar],
    trust: 'trusted',
  },
  bpf_cgroup_acquire: fromCgroup(),
  bpf_cgroup_release: put('cgroup'),
  bpf_cgroup_ancestor: fromCgroup(v.scalar),
  bpf_cgroup_from_id: byNumber('cgroup'),
  bpf_lookup_user_key: {
    args: [v.scalar, v.scalar],
    result: v.acquiredOrNull('bpf_key'),
    sleepable: true,
  },
  bpf_lookup_system_key: byNumber('bpf_key'),
  bpf_key_put: put('bpf_key'),
};

export const CGROUP_ATTRIBUTES: KfuncTable = {
  bpf_cgroup_read_xattr: { args: [v.btf('cgroup'), v.string, v.dynptr], trust: 'rcu' },
};

/** Files and their attributes, of LSM programs. */
export const FILES: KfuncTable = {
  bpf_get_task_exe_file: {
    args: [v.btf('task_struct')],
    result: v.acquiredOrNull('file'),
    trust: 'trusted',
  },
  bpf_put_file: put('file'),
  bpf_path_d_path: { args: [v.btf('path'), v.memory, v.size], trust: 'trusted' },
  bpf_get_file_xattr: {
    args: [v.btf('file'), v.string, v.dynptr],
    trust: 'trusted',
    sleepable: true,
  },
  bpf_get_dentry_xattr: {
    args: [v.btf('dentry'), v.string, v.dynptr],
    trust: 'trusted',
    sleepable: true,
  },
  bpf_set_dentry_xattr: {
    args: [v.btf('dentry'), v.string, v.dynptr, v.scalar],
    trust: 'trusted',
    sleepable: true,
  },
  bpf_remove_dentry_xattr: { args: [v.btf('dentry'), v.string], trust: 'trusted', sleepable: true },
};
