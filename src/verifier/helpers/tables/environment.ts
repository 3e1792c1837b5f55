import type { HelperTable } from '../types.ts';
import * as v from '../vocabulary.ts';

const SCHED = ['sched_cls', 'sched_act', 'lwt_in', 'lwt_out', 'lwt_xmit', 'lwt_seg6local'] as const;

/** Clocks, CPUs, tasks, cgroups, random numbers, control flow, text. */
export const ENVIRONMENT: HelperTable = {
  ktime_get_ns: { args: [] },
  ktime_get_boot_ns: { args: [] },
  ktime_get_coarse_ns: { args: [] },
  ktime_get_tai_ns: { args: [] },
  jiffies64: { args: [] },
  get_prandom_u32: { args: [] },
  get_smp_processor_id: { args: [], result: v.cpu, fastcall: true },
  get_numa_node_id: { args: [] },
  get_current_pid_tgid: { args: [] },
  get_current_uid_gid: { args: [] },
  get_current_comm: { args: [v.output, v.size] },
  get_current_task: { args: [], gplOnly: true },
  get_current_task_btf: { args: [], result: v.trustedBtfResult('task_struct'), gplOnly: true },
  get_ns_current_pid_tgid: { args: [v.any, v.any, v.output, v.size] },
  task_pt_regs: {
    args: [v.btf('task_struct')],
    result: { kind: 'btf', struct: 'pt_regs', nullable: false, trusted: false },
    gplOnly: true,
  },
  find_vma: {
    args: [v.btf('task_struct'), v.any, v.callback, v.stackOrNull, v.any],
    checks: 'callback(task, vma, context) returns 0 or 1; flags are a constant 0',
  },
  send_signal: { args: [v.any] },
  send_signal_thread: { args: [v.any] },
  get_cgroup_classid: { args: [], variants: [{ where: { types: SCHED }, args: [v.context] }] },
  get_current_cgroup_id: { args: [] },
  get_current_ancestor_cgroup_id: { args: [v.any] },
  current_task_under_cgroup: { args: [v.map, v.any], checks: 'a cgroup_array map' },
  get_retval: { args: [] },
  set_retval: {
    args: [v.any],
    checks: 'in lsm_cgroup: -4095 to 0, and not on hooks that return nothing',
  },
  per_cpu_ptr: { args: [v.perCpuBtf, v.any], result: v.perCpuVariableOrNull },
  this_cpu_ptr: { args: [v.perCpuBtf], result: v.perCpuVariable },
  loop: {
    args: [v.any, v.callback, v.stackOrNull, v.any],
    checks: 'callback(index, context) returns 0 or 1; at most 8,388,608 turns; flags are a constant 0',
  },
  strtol: { args: [v.input, v.size, v.any, v.integer(8)] },
  strtoul: { args: [v.input, v.size, v.any, v.integer(8)] },
  strncmp: { args: [v.input, v.size, v.constantString] },
  snprintf: {
    args: [v.outputOrNull, v.sizeOrZero, v.constantString, v.inputOrNull, v.sizeOrZero],
    gplOnly: true,
    checks: 'the format is checked; the data holds 8 bytes a conversion',
  },
  snprintf_btf: { args: [v.output, v.size, v.input, v.size, v.any] },
  sys_bpf: { args: [v.any, v.input, v.size] },
  sys_close: { args: [v.any] },
  btf_find_by_name_kind: { args: [v.input, v.size, v.any, v.any] },
  kallsyms_lookup_name: { args: [v.input, v.sizeOrZero, v.any, v.integer(8)] },
  sysctl_get_name: { args: [v.context, v.inOut, v.size, v.any] },
  sysctl_get_current_value: { args: [v.context, v.output, v.size] },
  sysctl_get_new_value: { args: [v.context, v.output, v.size] },
  sysctl_set_new_value: { args: [v.context, v.input, v.size] },
  rc_repeat: { args: [v.context], gplOnly: true, refusedByConfig: 'CONFIG_BPF_LIRC_MODE2' },
  rc_keydown: {
    args: [v.context, v.any, v.any, v.any],
    gplOnly: true,
    refusedByConfig: 'CONFIG_BPF_LIRC_MODE2',
  },
  rc_pointer_rel: {
    args: [v.context, v.any, v.any],
    gplOnly: true,
    refusedByConfig: 'CONFIG_BPF_LIRC_MODE2',
  },
};
