import type { Argument, HelperTable } from '../types.ts';
import * as v from '../vocabulary.ts';

const PROBE: readonly Argument[] = [v.output, v.sizeOrZero, v.any];
const OUTPUT: readonly Argument[] = [v.map, v.any, v.input, v.sizeOrZero];
const MULTI = ['trace_kprobe_multi', 'trace_kprobe_session', 'trace_uprobe_multi', 'trace_uprobe_session'];
const SLEEPS = 'sleepable programs only';

/** Memory of the kernel and of tasks, stacks, perf events, arguments of traced functions, print-outs. */
export const TRACING: HelperTable = {
  probe_read: { args: PROBE, gplOnly: true },
  probe_read_str: { args: PROBE, result: v.upToSize, gplOnly: true },
  probe_read_user: { args: PROBE, gplOnly: true },
  probe_read_kernel: { args: PROBE, gplOnly: true },
  probe_read_user_str: { args: PROBE, result: v.upToSize, gplOnly: true },
  probe_read_kernel_str: { args: PROBE, result: v.upToSize, gplOnly: true },
  probe_write_user: {
    args: [v.any, v.input, v.size],
    gplOnly: true,
    refusedByConfig: 'kernel lockdown (integrity), or no CAP_SYS_ADMIN',
  },
  copy_from_user: { args: PROBE, mightSleep: true, checks: SLEEPS },
  copy_from_user_task: {
    args: [v.output, v.sizeOrZero, v.any, v.btf('task_struct'), v.any],
    gplOnly: true,
    mightSleep: true,
    checks: SLEEPS,
  },
  trace_printk: {
    args: [v.input, v.size],
    gplOnly: true,
    checks: 'r3 to r5 are read where initialised; the format is checked when it runs',
  },
  trace_vprintk: { args: [v.input, v.size, v.inputOrNull, v.sizeOrZero], gplOnly: true },
  seq_printf: {
    args: [v.btf('seq_file'), v.input, v.size, v.inputOrNull, v.sizeOrZero],
    gplOnly: true,
  },
  seq_write: { args: [v.btf('seq_file'), v.input, v.sizeOrZero], gplOnly: true },
  seq_printf_btf: { args: [v.btf('seq_file'), v.input, v.sizeOrZero, v.any], gplOnly: true },
  perf_event_read: { args: [v.map, v.any], gplOnly: true, checks: 'a perf_event_array map' },
  perf_event_read_value: {
    args: [v.map, v.any, v.output, v.size],
    gplOnly: true,
    checks: 'a perf_event_array map',
  },
  perf_prog_read_value: { args: [v.context, v.output, v.size], gplOnly: true },
  perf_event_output: { args: [v.context, ...OUTPUT], gplOnly: true, checks: 'a perf_event_array map' },
  skb_output: { args: [v.btf('sk_buff'), ...OUTPUT], gplOnly: true, checks: 'a perf_event_array map' },
  xdp_output: { args: [v.btf('xdp_buff'), ...OUTPUT], gplOnly: true, checks: 'a perf_event_array map' },
  read_branch_records: { args: [v.context, v.inOutOrNull, v.sizeOrZero, v.any], gplOnly: true },
  get_branch_snapshot: { args: [v.output, v.sizeOrZero], gplOnly: true },
  get_stackid: {
    args: [v.context, v.map, v.any],
    gplOnly: true,
    checks: 'a stack_trace map',
    variants: [{ where: { types: ['perf_event'] }, gplOnly: false }],
  },
  get_stack: { args: [v.context, v.output, v.sizeOrZero, v.any], result: v.upToSize, gplOnly: true },
  get_task_stack: {
    args: [v.btf('task_struct'), v.output, v.sizeOrZero, v.any],
    result: v.upToSize,
  },
  override_return: {
    args: [v.context, v.any],
    gplOnly: true,
    refusedByConfig: 'CONFIG_BPF_KPROBE_OVERRIDE',
  },
  get_func_ip: {
    args: [v.context],
    gplOnly: true,
    checks: 'kprobe programs, and tracing programs on fentry, fexit and fmod_ret',
    variants: [{ where: { types: ['kprobe'], attachTypes: MULTI }, gplOnly: false }],
  },
  get_attach_cookie: { args: [v.context] },
  get_func_arg: { args: [v.context, v.any, v.integer(8)] },
  get_func_ret: {
    args: [v.context, v.integer(8)],
    checks: 'gives -EOPNOTSUPP elsewhere than on fexit and fmod_ret',
  },
  get_func_arg_cnt: { args: [v.context] },
  d_path: {
    args: [v.btf('path'), v.output, v.sizeOrZero],
    checks: 'only on the hooks that may take the lock',
  },
  bprm_opts_set: { args: [v.btf('linux_binprm'), v.any] },
  ima_inode_hash: { args: [v.btf('inode'), v.output, v.size], mightSleep: true, checks: SLEEPS },
  ima_file_hash: { args: [v.btf('file'), v.output, v.size], mightSleep: true, checks: SLEEPS },
  sock_from_file: { args: [v.btf('file')], result: v.btfResultOrNull('socket') },
};
