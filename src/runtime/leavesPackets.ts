import { helperId, TAIL_CALL } from '../isa/helpers.ts';
import type { Insn } from '../isa/insn.ts';
import { isDead } from '../verifier/live.ts';
import type { Proof } from '../verifier/proof.ts';
import type { Structure } from '../verifier/structure.ts';

/** Of verified programs: they write to maps and rings at most, never to memory that the program names. */
const HARMLESS: ReadonlySet<number> = new Set(
  `map_lookup_elem map_update_elem map_delete_elem map_lookup_percpu_elem map_push_elem ktime_get_ns ktime_get_boot_ns
  ktime_get_coarse_ns ktime_get_tai_ns jiffies64 get_prandom_u32 get_smp_processor_id get_numa_node_id
  get_current_pid_tgid get_current_uid_gid spin_lock spin_unlock ringbuf_output ringbuf_reserve ringbuf_submit
  ringbuf_discard ringbuf_query csum_diff loop for_each_map_elem redirect redirect_map redirect_neigh redirect_peer clone_redirect
  xdp_get_buff_len
  sk_lookup_tcp sk_lookup_udp skc_lookup_tcp sk_release sk_fullsock tcp_sock get_listener_sock get_socket_cookie
  get_socket_uid get_netns_cookie sk_assign`
    .split(/\s+/)
    .map((name) => helperId(name) ?? TAIL_CALL),
);
const OWN_MEMORY: ReadonlySet<string> = new Set(['fp', 'map_value', 'ctx']);

function mayWrite(insn: Insn, memory: string | undefined): boolean {
  if (insn.kind === 'call')
    return insn.target === 'kfunc' || (insn.target === 'helper' && !HARMLESS.has(insn.imm));
  const isWrite = insn.kind === 'store' || insn.kind === 'atomic' || insn.kind === 'storeRelease';
  return insn.kind === 'callx' || (isWrite && !OWN_MEMORY.has(memory ?? ''));
}

/** Whether no run of a verified program changes its packet's bytes or bounds: results need no comparison then. */
export function leavesPackets({ decoded }: Structure, proof: Proof): boolean {
  if (proof.mode !== 'verified') return false;
  return !decoded.insns.some(
    (insn, slot) =>
      insn !== undefined && !isDead(proof, slot) && mayWrite(insn, proof.facts.get(slot)?.memory),
  );
}
