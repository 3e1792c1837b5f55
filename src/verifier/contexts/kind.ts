/** How programs of each type see their events. */
import type { ProgramType } from '../../frontend/program.ts';

/** Plain memory (r1 = address, r2 = length), `struct xdp_md` or `struct __sk_buff`. */
export type ContextKind = 'memory' | 'xdp' | 'skb';

const skbTypes: ReadonlySet<ProgramType> = new Set([
  'socket_filter',
  'sched_cls',
  'sched_act',
  'cgroup_skb',
  'lwt_in',
  'lwt_out',
  'lwt_xmit',
  'lwt_seg6local',
  'sk_skb',
  'flow_dissector',
]);

/** Types without a context of their own here get the event's bytes as their context. */
export function contextKindOf(type: ProgramType): ContextKind {
  if (type === 'xdp') return 'xdp';
  return skbTypes.has(type) ? 'skb' : 'memory';
}
