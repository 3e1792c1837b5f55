/**
 * What a run of a program can change of its run state and its event: what the batch loop has to set up for each event,
 * and what it may leave as the last one left it.
 */
import { helperId, TAIL_CALL } from '../isa/helpers.ts';
import type { Insn } from '../isa/insn.ts';
import { isDead } from '../verifier/live.ts';
import type { Proof } from '../verifier/proof.ts';
import type { Structure } from '../verifier/structure.ts';

export interface Effects {
  /** Helpers are called: the run state says where. */
  readonly calls: boolean;
  /** What is called looks at the packet's bounds in the run state. */
  readonly sees: boolean;
  /** What is called may move the packet, redirect it or write to the context. */
  readonly changes: boolean;
  readonly tailCalls: boolean;
  /** Instructions may write to the context structure. */
  readonly writesContext: boolean;
  /** Bytes of the context structure that can be read. */
  readonly contextSize: number;
}

const ids = (names: string): ReadonlySet<number> =>
  new Set(
    names
      .trim()
      .split(/\s+/)
      .map((name) => helperId(name) ?? 0),
  );

/** Neither look at the packet nor at the context. Of verified programs: they reach memory by its address alone. */
export const BLIND = ids(`
  map_lookup_elem map_update_elem map_delete_elem map_lookup_percpu_elem map_push_elem map_pop_elem map_peek_elem
  ktime_get_ns ktime_get_boot_ns ktime_get_coarse_ns ktime_get_tai_ns jiffies64 get_prandom_u32
  get_smp_processor_id get_numa_node_id get_current_pid_tgid get_current_uid_gid get_current_comm spin_lock
  spin_unlock ringbuf_output ringbuf_reserve ringbuf_submit ringbuf_discard ringbuf_query csum_diff loop
  for_each_map_elem strncmp strtol strtoul sk_release sk_fullsock tcp_sock get_listener_sock
`);
/**
 * Look, and leave context and bounds as they are. Whatever is in neither list may do anything to an event: helpers of
 * the host's too, so that only what the runtime has itself is listed.
 */
export const LOOKING = ids(`
  l3_csum_replace l4_csum_replace
  trace_printk trace_vprintk snprintf perf_event_output skb_load_bytes skb_load_bytes_relative skb_pull_data
  sk_lookup_tcp sk_lookup_udp skc_lookup_tcp get_socket_uid get_netns_cookie
  fib_lookup check_mtu xdp_get_buff_len xdp_load_bytes xdp_store_bytes probe_read probe_read_str probe_read_kernel
  probe_read_kernel_str probe_read_user probe_read_user_str
`);
/** What they give must be given back; only the verifier sees to it that it is. */
const ACQUIRING = ids('ringbuf_reserve ringbuf_reserve_dynptr spin_lock');

const FRAME_POINTER = 10;

const writtenThrough = (insn: Insn): number | undefined =>
  insn.kind === 'store' || insn.kind === 'atomic' || insn.kind === 'storeRelease' ? insn.dst : undefined;

const mayWriteContext = (proof: Proof, slot: number, insn: Insn): boolean => {
  const base = writtenThrough(insn);
  if (base === undefined || base === FRAME_POINTER) return false;
  return (proof.facts.get(slot)?.memory ?? 'ctx').startsWith('ctx');
};

const MOST = Number.MAX_SAFE_INTEGER;

/** Undefined where runs need the general way, `begin` and `finish`: in the sandbox, and where nothing can be told. */
export function effectsOf({ decoded, indirectCalls }: Structure, proof: Proof): Effects | undefined {
  if (proof.mode === 'sandbox' || indirectCalls.length > 0) return undefined;
  const verified = proof.mode === 'verified';
  const live = [...decoded.insns.entries()].filter(([slot]) => !isDead(proof, slot));
  const called = new Set<number>();
  let writes = false;
  let loads = false;
  for (const [slot, insn] of live) {
    if (insn?.kind === 'call' && insn.target !== 'local')
      called.add(insn.target === 'helper' ? insn.imm : -1);
    loads ||= insn?.kind === 'packet';
    writes ||= insn !== undefined && mayWriteContext(proof, slot, insn);
  }
  const helpers = [...called];
  const tailCalls = called.has(TAIL_CALL);
  if (!verified && (tailCalls || helpers.some((id) => ACQUIRING.has(id)))) return undefined;
  const changes = helpers.some((id) => !BLIND.has(id) && !LOOKING.has(id));
  return {
    calls: helpers.length > 0,
    sees: loads || changes || helpers.some((id) => LOOKING.has(id)),
    changes,
    tailCalls,
    writesContext: writes || changes,
    contextSize: verified && !tailCalls ? proof.contextSize : MOST,
  };
}
