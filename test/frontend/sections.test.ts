import { describe, expect, it } from 'vitest';
import { sectionMeaning } from '../../src/frontend/sections.ts';
import { open } from './objects.ts';

describe('section names', () => {
  it('give type, attach target and flags by libbpf rules', () => {
    const rows = open('sections.o').programs.map((each) => [
      each.name,
      each.type,
      each.attachType,
      each.attachTo,
      [
        each.sleepable && 'sleepable',
        each.frags && 'frags',
        !each.autoload && 'off',
        each.typeGuessed && 'guess',
      ]
        .filter(Boolean)
        .join(),
    ]);
    expect(rows).toEqual([
      ['xdp_plain', 'xdp', 'xdp', '', ''],
      ['xdp_frags', 'xdp', 'xdp', '', 'frags'],
      ['xdp_cpumap', 'xdp', 'xdp_cpumap', '', ''],
      ['off', 'xdp', 'xdp', '', 'off'],
      ['socket_filter', 'socket_filter', '', '', ''],
      ['tc_plain', 'sched_cls', '', '', ''],
      ['tcx', 'sched_cls', 'tcx_ingress', '', ''],
      ['kprobe_named', 'kprobe', '', 'sys_execve', ''],
      ['kprobe_bare', 'kprobe', '', '', ''],
      ['fentry_sleepable', 'tracing', 'trace_fentry', 'do_unlinkat', 'sleepable'],
      ['writable', 'raw_tracepoint_writable', '', 'event', ''],
      ['connect', 'cgroup_sock_addr', 'cgroup_inet4_connect', '', ''],
      ['system_call', 'syscall', '', '', 'sleepable'],
      ['legacy', 'xdp', '', '', 'guess'],
      ['unknown', 'unspec', '', '', 'guess'],
    ]);
  });

  it.each([
    ['2/7', 'bpf_lxc.o', 'sched_cls'],
    ['from-netdev', 'bpf_host.o', 'sched_cls'],
    ['from-netdev', 'build/bpf_xdp_dsr.o', 'xdp'],
    ['2/7', 'xdp/bpf_lxc.o', 'sched_cls'],
    ['static', 'bpf_xdp.o', 'unspec'],
  ])('that iproute2 gives are a guess: %s of %s', (section, object, type) => {
    expect(sectionMeaning(section, object)).toMatchObject({ type, typeGuessed: true });
  });

  it('match whole, or up to a slash', () => {
    expect(sectionMeaning('kprobes')).toMatchObject({ type: 'kprobe', typeGuessed: true });
    expect(sectionMeaning('sk_skb/stream_parser')).toMatchObject({ attachType: 'sk_skb_stream_parser' });
    expect(sectionMeaning('?tracepoint/syscalls/sys_enter_open')).toMatchObject({
      type: 'tracepoint',
      attachTo: 'syscalls/sys_enter_open',
      autoload: false,
    });
  });
});
