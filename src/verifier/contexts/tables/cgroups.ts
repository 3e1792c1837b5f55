import {
  contextFor,
  narrowWords,
  packet,
  packetEnd,
  pointer,
  select,
  socket,
  words,
  writable,
} from '../fields.ts';
import type { Context, Structure } from '../types.ts';

/** struct bpf_cgroup_dev_ctx (cgroup_dev_is_valid_access of kernel/bpf/cgroup.c). */
const DEVICE: Structure = {
  name: 'bpf_cgroup_dev_ctx',
  size: 12,
  fields: [...narrowWords(0, 'access_type'), ...words(4, 'major minor')],
};
export const cgroupDevice: Context = contextFor(DEVICE);

/** struct bpf_sysctl (sysctl_is_valid_access). */
const SYSCTL: Structure = {
  name: 'bpf_sysctl',
  size: 8,
  fields: [...narrowWords(0, 'write'), ...narrowWords(4, 'file_pos').map((one) => writable(one))],
};
export const cgroupSysctl: Context = contextFor(SYSCTL);

/** struct bpf_sockopt (cg_sockopt_is_valid_access); the option's value is the packet. */
const SOCKOPT: Structure = {
  name: 'bpf_sockopt',
  size: 40,
  fields: [
    pointer('sk', 0, socket),
    pointer('optval', 8, packet),
    pointer('optval_end', 16, packetEnd),
    ...words(24, 'level optname optlen retval'),
  ],
};
const OPTION = 'sk optval optval_end level optname optlen';
export const getsockopt: Context = contextFor(
  SOCKOPT,
  select(SOCKOPT, `${OPTION} retval`, 'optlen retval'),
  'write',
);
export const setsockopt: Context = contextFor(
  SOCKOPT,
  select(SOCKOPT, OPTION, 'level optname optlen'),
  'write',
);
