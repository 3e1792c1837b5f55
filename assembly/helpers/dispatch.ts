import { KFUNC_BASE, KFUNC_HOST } from '../../src/abi/layout';
import { hostHelper } from '../env';
import { callKfunc } from '../kfuncs/dispatch';
import {
  bpf_current_task_under_cgroup,
  bpf_get_current_ancestor_cgroup_id,
  bpf_get_current_cgroup_id,
  bpf_sk_ancestor_cgroup_id,
  bpf_sk_cgroup_id,
  bpf_skb_ancestor_cgroup_id,
  bpf_skb_cgroup_id,
  bpf_skb_under_cgroup,
} from './cgroups';
import { bpf_clone_redirect } from './clone';
import { bpf_perf_event_read, bpf_perf_event_read_value, bpf_perf_prog_read_value } from './counters';
import { bpf_per_cpu_ptr, bpf_this_cpu_ptr } from './percpu';
import { bpf_seq_printf, bpf_seq_write } from './seq';
import { bpf_bind, bpf_getsockopt, bpf_setsockopt } from './socketCalls';
import { bpf_fib_lookup } from './fib';
import { bpf_check_mtu } from './mtu';
import { bpf_skb_get_nlattr, bpf_skb_get_nlattr_nest, bpf_skb_get_pay_offset } from './classic';
import {
  bpf_dynptr_data,
  bpf_dynptr_from_mem,
  bpf_dynptr_read,
  bpf_dynptr_write,
  bpf_ringbuf_discard_dynptr,
  bpf_ringbuf_reserve_dynptr,
  bpf_ringbuf_submit_dynptr,
} from './dynptr';
import {
  bpf_csum_diff,
  bpf_csum_level,
  bpf_csum_update,
  bpf_l3_csum_replace,
  bpf_l4_csum_replace,
} from './csum';
import { bpf_skb_ecn_set_ce } from './ecn';
import { bpf_for_each_map_elem, bpf_loop } from './loops';
import {
  bpf_map_delete_elem,
  bpf_map_lookup_elem,
  bpf_map_lookup_percpu_elem,
  bpf_map_peek_elem,
  bpf_map_pop_elem,
  bpf_map_push_elem,
  bpf_map_update_elem,
} from './maps';
import { bpf_snprintf, bpf_trace_printk, bpf_trace_vprintk } from './print';
import {
  bpf_probe_read,
  bpf_probe_read_kernel,
  bpf_probe_read_kernel_str,
  bpf_probe_read_str,
  bpf_probe_read_user,
  bpf_probe_read_user_str,
} from './probe';
import {
  bpf_copy_from_user,
  bpf_copy_from_user_task,
  bpf_get_attach_cookie,
  bpf_get_current_task,
  bpf_get_current_task_btf,
  bpf_get_func_arg,
  bpf_get_func_arg_cnt,
  bpf_get_func_ip,
  bpf_task_pt_regs,
  bpf_get_func_ret,
  bpf_override_return,
  bpf_probe_write_user,
  bpf_send_signal,
  bpf_send_signal_thread,
} from './tracing';
import {
  bpf_sock_ops_cb_flags_set,
  bpf_msg_apply_bytes,
  bpf_msg_cork_bytes,
  bpf_sysctl_get_name,
  bpf_sysctl_get_current_value,
  bpf_sysctl_get_new_value,
  bpf_sysctl_set_new_value,
  bpf_get_retval,
  bpf_set_retval,
} from './hooks';
import {
  bpf_cgrp_storage_delete,
  bpf_cgrp_storage_get,
  bpf_inode_storage_delete,
  bpf_inode_storage_get,
  bpf_sk_storage_delete,
  bpf_sk_storage_get,
  bpf_task_storage_delete,
  bpf_task_storage_get,
} from './storage';
import { bpf_redirect, bpf_redirect_map, bpf_redirect_neigh, bpf_redirect_peer } from './redirect';
import {
  bpf_perf_event_output,
  bpf_skb_output,
  bpf_xdp_output,
  bpf_ringbuf_discard,
  bpf_ringbuf_output,
  bpf_ringbuf_query,
  bpf_ringbuf_reserve,
  bpf_ringbuf_submit,
} from './rings';
import {
  bpf_skb_adjust_room,
  bpf_skb_change_head,
  bpf_skb_change_proto,
  bpf_skb_change_tail,
} from './room';
import {
  bpf_skb_load_bytes,
  bpf_skb_load_bytes_relative,
  bpf_skb_pull_data,
  bpf_skb_store_bytes,
} from './skb';
import {
  bpf_get_listener_sock,
  bpf_get_netns_cookie,
  bpf_get_socket_cookie,
  bpf_get_socket_uid,
  bpf_sk_assign,
  bpf_sk_fullsock,
  bpf_sk_lookup_tcp,
  bpf_sk_lookup_udp,
  bpf_sk_release,
  bpf_skc_lookup_tcp,
  bpf_tcp_sock,
} from './sockets';
import {
  bpf_get_cgroup_classid,
  bpf_get_hash_recalc,
  bpf_get_route_realm,
  bpf_set_hash,
  bpf_set_hash_invalid,
  bpf_skb_cgroup_classid,
  bpf_skb_change_type,
  bpf_skb_get_xfrm_state,
  bpf_skb_set_tstamp,
} from './skbFields';
import { bpf_spin_lock, bpf_spin_unlock } from './spin';
import { bpf_get_stack, bpf_get_stackid } from './stacks';
import { bpf_strncmp, bpf_strtol, bpf_strtoul } from './strings';
import {
  bpf_get_current_comm,
  bpf_get_current_pid_tgid,
  bpf_get_current_uid_gid,
  bpf_get_ns_current_pid_tgid,
  bpf_get_numa_node_id,
  bpf_get_prandom_u32,
  bpf_get_smp_processor_id,
} from './task';
import {
  bpf_jiffies64,
  bpf_ktime_get_boot_ns,
  bpf_ktime_get_coarse_ns,
  bpf_ktime_get_ns,
  bpf_ktime_get_tai_ns,
} from './time';
import {
  bpf_timer_cancel,
  bpf_timer_init,
  bpf_timer_set_callback,
  bpf_timer_start,
} from './timers';
import {
  bpf_skb_get_tunnel_key,
  bpf_skb_get_tunnel_opt,
  bpf_skb_set_tunnel_key,
  bpf_skb_set_tunnel_opt,
} from './tunnel';
import { bpf_user_ringbuf_drain } from './userRing';
import { bpf_skb_vlan_pop, bpf_skb_vlan_push } from './vlan';
import {
  bpf_xdp_adjust_head,
  bpf_xdp_adjust_meta,
  bpf_xdp_adjust_tail,
  bpf_xdp_get_buff_len,
  bpf_xdp_load_bytes,
  bpf_xdp_store_bytes,
} from './xdp';

/** A helper or kernel function by its number, for the interpreter; numbers the runtime does not have are the host's. */
export function callHelper(id: u32, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  switch (id) {
    case 1:
      return bpf_map_lookup_elem(r1, r2, r3, r4, r5);
    case 2:
      return bpf_map_update_elem(r1, r2, r3, r4, r5);
    case 3:
      return bpf_map_delete_elem(r1, r2, r3, r4, r5);
    case 4:
      return bpf_probe_read(r1, r2, r3, r4, r5);
    case 5:
      return bpf_ktime_get_ns(r1, r2, r3, r4, r5);
    case 6:
      return bpf_trace_printk(r1, r2, r3, r4, r5);
    case 7:
      return bpf_get_prandom_u32(r1, r2, r3, r4, r5);
    case 8:
      return bpf_get_smp_processor_id(r1, r2, r3, r4, r5);
    case 9:
      return bpf_skb_store_bytes(r1, r2, r3, r4, r5);
    case 10:
      return bpf_l3_csum_replace(r1, r2, r3, r4, r5);
    case 11:
      return bpf_l4_csum_replace(r1, r2, r3, r4, r5);
    case 13:
      return bpf_clone_redirect(r1, r2, r3, r4, r5);
    case 14:
      return bpf_get_current_pid_tgid(r1, r2, r3, r4, r5);
    case 15:
      return bpf_get_current_uid_gid(r1, r2, r3, r4, r5);
    case 16:
      return bpf_get_current_comm(r1, r2, r3, r4, r5);
    case 17:
      return bpf_get_cgroup_classid(r1, r2, r3, r4, r5);
    case 18:
      return bpf_skb_vlan_push(r1, r2, r3, r4, r5);
    case 19:
      return bpf_skb_vlan_pop(r1, r2, r3, r4, r5);
    case 20:
      return bpf_skb_get_tunnel_key(r1, r2, r3, r4, r5);
    case 21:
      return bpf_skb_set_tunnel_key(r1, r2, r3, r4, r5);
    case 22:
      return bpf_perf_event_read(r1, r2, r3, r4, r5);
    case 23:
      return bpf_redirect(r1, r2, r3, r4, r5);
    case 24:
      return bpf_get_route_realm(r1, r2, r3, r4, r5);
    case 25:
      return bpf_perf_event_output(r1, r2, r3, r4, r5);
    case 26:
      return bpf_skb_load_bytes(r1, r2, r3, r4, r5);
    case 27:
      return bpf_get_stackid(r1, r2, r3, r4, r5);
    case 28:
      return bpf_csum_diff(r1, r2, r3, r4, r5);
    case 29:
      return bpf_skb_get_tunnel_opt(r1, r2, r3, r4, r5);
    case 30:
      return bpf_skb_set_tunnel_opt(r1, r2, r3, r4, r5);
    case 31:
      return bpf_skb_change_proto(r1, r2, r3, r4, r5);
    case 32:
      return bpf_skb_change_type(r1, r2, r3, r4, r5);
    case 33:
      return bpf_skb_under_cgroup(r1, r2, r3, r4, r5);
    case 34:
      return bpf_get_hash_recalc(r1, r2, r3, r4, r5);
    case 35:
      return bpf_get_current_task(r1, r2, r3, r4, r5);
    case 36:
      return bpf_probe_write_user(r1, r2, r3, r4, r5);
    case 37:
      return bpf_current_task_under_cgroup(r1, r2, r3, r4, r5);
    case 38:
      return bpf_skb_change_tail(r1, r2, r3, r4, r5);
    case 39:
      return bpf_skb_pull_data(r1, r2, r3, r4, r5);
    case 40:
      return bpf_csum_update(r1, r2, r3, r4, r5);
    case 41:
      return bpf_set_hash_invalid(r1, r2, r3, r4, r5);
    case 42:
      return bpf_get_numa_node_id(r1, r2, r3, r4, r5);
    case 43:
      return bpf_skb_change_head(r1, r2, r3, r4, r5);
    case 44:
      return bpf_xdp_adjust_head(r1, r2, r3, r4, r5);
    case 45:
      return bpf_probe_read_str(r1, r2, r3, r4, r5);
    case 46:
      return bpf_get_socket_cookie(r1, r2, r3, r4, r5);
    case 47:
      return bpf_get_socket_uid(r1, r2, r3, r4, r5);
    case 48:
      return bpf_set_hash(r1, r2, r3, r4, r5);
    case 49:
      return bpf_setsockopt(r1, r2, r3, r4, r5);
    case 50:
      return bpf_skb_adjust_room(r1, r2, r3, r4, r5);
    case 51:
      return bpf_redirect_map(r1, r2, r3, r4, r5);
    case 54:
      return bpf_xdp_adjust_meta(r1, r2, r3, r4, r5);
    case 55:
      return bpf_perf_event_read_value(r1, r2, r3, r4, r5);
    case 56:
      return bpf_perf_prog_read_value(r1, r2, r3, r4, r5);
    case 57:
      return bpf_getsockopt(r1, r2, r3, r4, r5);
    case 58:
      return bpf_override_return(r1, r2, r3, r4, r5);
    case 59:
      return bpf_sock_ops_cb_flags_set(r1, r2, r3, r4, r5);
    case 61:
      return bpf_msg_apply_bytes(r1, r2, r3, r4, r5);
    case 62:
      return bpf_msg_cork_bytes(r1, r2, r3, r4, r5);
    case 64:
      return bpf_bind(r1, r2, r3, r4, r5);
    case 65:
      return bpf_xdp_adjust_tail(r1, r2, r3, r4, r5);
    case 66:
      return bpf_skb_get_xfrm_state(r1, r2, r3, r4, r5);
    case 67:
      return bpf_get_stack(r1, r2, r3, r4, r5);
    case 68:
      return bpf_skb_load_bytes_relative(r1, r2, r3, r4, r5);
    case 69:
      return bpf_fib_lookup(r1, r2, r3, r4, r5);
    case 79:
      return bpf_skb_cgroup_id(r1, r2, r3, r4, r5);
    case 80:
      return bpf_get_current_cgroup_id(r1, r2, r3, r4, r5);
    case 83:
      return bpf_skb_ancestor_cgroup_id(r1, r2, r3, r4, r5);
    case 84:
      return bpf_sk_lookup_tcp(r1, r2, r3, r4, r5);
    case 85:
      return bpf_sk_lookup_udp(r1, r2, r3, r4, r5);
    case 86:
      return bpf_sk_release(r1, r2, r3, r4, r5);
    case 87:
      return bpf_map_push_elem(r1, r2, r3, r4, r5);
    case 88:
      return bpf_map_pop_elem(r1, r2, r3, r4, r5);
    case 89:
      return bpf_map_peek_elem(r1, r2, r3, r4, r5);
    case 93:
      return bpf_spin_lock(r1, r2, r3, r4, r5);
    case 94:
      return bpf_spin_unlock(r1, r2, r3, r4, r5);
    case 95:
      return bpf_sk_fullsock(r1, r2, r3, r4, r5);
    case 96:
      return bpf_tcp_sock(r1, r2, r3, r4, r5);
    case 98:
      return bpf_get_listener_sock(r1, r2, r3, r4, r5);
    case 99:
      return bpf_skc_lookup_tcp(r1, r2, r3, r4, r5);
    case 97:
      return bpf_skb_ecn_set_ce(r1, r2, r3, r4, r5);
    case 101:
      return bpf_sysctl_get_name(r1, r2, r3, r4, r5);
    case 102:
      return bpf_sysctl_get_current_value(r1, r2, r3, r4, r5);
    case 103:
      return bpf_sysctl_get_new_value(r1, r2, r3, r4, r5);
    case 104:
      return bpf_sysctl_set_new_value(r1, r2, r3, r4, r5);
    case 105:
      return bpf_strtol(r1, r2, r3, r4, r5);
    case 106:
      return bpf_strtoul(r1, r2, r3, r4, r5);
    case 107:
      return bpf_sk_storage_get(r1, r2, r3, r4, r5);
    case 108:
      return bpf_sk_storage_delete(r1, r2, r3, r4, r5);
    case 109:
      return bpf_send_signal(r1, r2, r3, r4, r5);
    case 111:
      return bpf_skb_output(r1, r2, r3, r4, r5);
    case 112:
      return bpf_probe_read_user(r1, r2, r3, r4, r5);
    case 113:
      return bpf_probe_read_kernel(r1, r2, r3, r4, r5);
    case 114:
      return bpf_probe_read_user_str(r1, r2, r3, r4, r5);
    case 115:
      return bpf_probe_read_kernel_str(r1, r2, r3, r4, r5);
    case 117:
      return bpf_send_signal_thread(r1, r2, r3, r4, r5);
    case 118:
      return bpf_jiffies64(r1, r2, r3, r4, r5);
    case 120:
      return bpf_get_ns_current_pid_tgid(r1, r2, r3, r4, r5);
    case 121:
      return bpf_xdp_output(r1, r2, r3, r4, r5);
    case 122:
      return bpf_get_netns_cookie(r1, r2, r3, r4, r5);
    case 123:
      return bpf_get_current_ancestor_cgroup_id(r1, r2, r3, r4, r5);
    case 124:
      return bpf_sk_assign(r1, r2, r3, r4, r5);
    case 125:
      return bpf_ktime_get_boot_ns(r1, r2, r3, r4, r5);
    case 126:
      return bpf_seq_printf(r1, r2, r3, r4, r5);
    case 127:
      return bpf_seq_write(r1, r2, r3, r4, r5);
    case 128:
      return bpf_sk_cgroup_id(r1, r2, r3, r4, r5);
    case 129:
      return bpf_sk_ancestor_cgroup_id(r1, r2, r3, r4, r5);
    case 130:
      return bpf_ringbuf_output(r1, r2, r3, r4, r5);
    case 131:
      return bpf_ringbuf_reserve(r1, r2, r3, r4, r5);
    case 132:
      return bpf_ringbuf_submit(r1, r2, r3, r4, r5);
    case 133:
      return bpf_ringbuf_discard(r1, r2, r3, r4, r5);
    case 134:
      return bpf_ringbuf_query(r1, r2, r3, r4, r5);
    case 135:
      return bpf_csum_level(r1, r2, r3, r4, r5);
    case 145:
      return bpf_inode_storage_get(r1, r2, r3, r4, r5);
    case 146:
      return bpf_inode_storage_delete(r1, r2, r3, r4, r5);
    case 148:
      return bpf_copy_from_user(r1, r2, r3, r4, r5);
    case 151:
      return bpf_skb_cgroup_classid(r1, r2, r3, r4, r5);
    case 152:
      return bpf_redirect_neigh(r1, r2, r3, r4, r5);
    case 153:
      return bpf_per_cpu_ptr(r1, r2, r3, r4, r5);
    case 154:
      return bpf_this_cpu_ptr(r1, r2, r3, r4, r5);
    case 155:
      return bpf_redirect_peer(r1, r2, r3, r4, r5);
    case 156:
      return bpf_task_storage_get(r1, r2, r3, r4, r5);
    case 157:
      return bpf_task_storage_delete(r1, r2, r3, r4, r5);
    case 158:
      return bpf_get_current_task_btf(r1, r2, r3, r4, r5);
    case 160:
      return bpf_ktime_get_coarse_ns(r1, r2, r3, r4, r5);
    case 163:
      return bpf_check_mtu(r1, r2, r3, r4, r5);
    case 164:
      return bpf_for_each_map_elem(r1, r2, r3, r4, r5);
    case 165:
      return bpf_snprintf(r1, r2, r3, r4, r5);
    case 169:
      return bpf_timer_init(r1, r2, r3, r4, r5);
    case 170:
      return bpf_timer_set_callback(r1, r2, r3, r4, r5);
    case 171:
      return bpf_timer_start(r1, r2, r3, r4, r5);
    case 172:
      return bpf_timer_cancel(r1, r2, r3, r4, r5);
    case 173:
      return bpf_get_func_ip(r1, r2, r3, r4, r5);
    case 174:
      return bpf_get_attach_cookie(r1, r2, r3, r4, r5);
    case 175:
      return bpf_task_pt_regs(r1, r2, r3, r4, r5);
    case 177:
      return bpf_trace_vprintk(r1, r2, r3, r4, r5);
    case 181:
      return bpf_loop(r1, r2, r3, r4, r5);
    case 182:
      return bpf_strncmp(r1, r2, r3, r4, r5);
    case 183:
      return bpf_get_func_arg(r1, r2, r3, r4, r5);
    case 184:
      return bpf_get_func_ret(r1, r2, r3, r4, r5);
    case 185:
      return bpf_get_func_arg_cnt(r1, r2, r3, r4, r5);
    case 186:
      return bpf_get_retval(r1, r2, r3, r4, r5);
    case 187:
      return bpf_set_retval(r1, r2, r3, r4, r5);
    case 188:
      return bpf_xdp_get_buff_len(r1, r2, r3, r4, r5);
    case 189:
      return bpf_xdp_load_bytes(r1, r2, r3, r4, r5);
    case 190:
      return bpf_xdp_store_bytes(r1, r2, r3, r4, r5);
    case 191:
      return bpf_copy_from_user_task(r1, r2, r3, r4, r5);
    case 192:
      return bpf_skb_set_tstamp(r1, r2, r3, r4, r5);
    case 195:
      return bpf_map_lookup_percpu_elem(r1, r2, r3, r4, r5);
    case 197:
      return bpf_dynptr_from_mem(r1, r2, r3, r4, r5);
    case 198:
      return bpf_ringbuf_reserve_dynptr(r1, r2, r3, r4, r5);
    case 199:
      return bpf_ringbuf_submit_dynptr(r1, r2, r3, r4, r5);
    case 200:
      return bpf_ringbuf_discard_dynptr(r1, r2, r3, r4, r5);
    case 201:
      return bpf_dynptr_read(r1, r2, r3, r4, r5);
    case 202:
      return bpf_dynptr_write(r1, r2, r3, r4, r5);
    case 203:
      return bpf_dynptr_data(r1, r2, r3, r4, r5);
    case 208:
      return bpf_ktime_get_tai_ns(r1, r2, r3, r4, r5);
    case 209:
      return bpf_user_ringbuf_drain(r1, r2, r3, r4, r5);
    case 210:
      return bpf_cgrp_storage_get(r1, r2, r3, r4, r5);
    case 211:
      return bpf_cgrp_storage_delete(r1, r2, r3, r4, r5);
    case 0x1000_0000:
      return bpf_skb_get_pay_offset(r1, r2, r3, r4, r5);
    case 0x1000_0001:
      return bpf_skb_get_nlattr(r1, r2, r3, r4, r5);
    case 0x1000_0002:
      return bpf_skb_get_nlattr_nest(r1, r2, r3, r4, r5);
    default:
      if (id >= <u32>KFUNC_BASE && id < <u32>KFUNC_HOST) return callKfunc(id, r1, r2, r3, r4, r5);
      return hostHelper(id, r1, r2, r3, r4, r5);
  }
}
