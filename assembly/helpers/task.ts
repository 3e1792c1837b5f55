import { HDR_COMM, HDR_PID_NS_DEV, HDR_PID_NS_INO, HDR_PID_TGID, HDR_UID_GID, HEADER, RUN_CPU, RUN_RANDOM } from '../../src/abi/layout';
import { EINVAL } from '../../src/abi/maps';
import { copy, zero } from '../memory/bytes';
import { run } from '../run/state';
import { errno, memoryArgument } from './arguments';

// Who runs, and where: what the host says in the header and the run state.

const COMM_SIZE: u32 = 16;

/** xorshift64*, seeded by the host: runs can be repeated. */
export function bpf_get_prandom_u32(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  let x = load<u64>(run, RUN_RANDOM);
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  store<u64>(run, x, RUN_RANDOM);
  return (x * 0x2545_f491_4f6c_dd1d) >> 32;
}

export function bpf_get_smp_processor_id(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return load<u32>(run, RUN_CPU);
}

export function bpf_get_numa_node_id(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return 0;
}

export function bpf_get_current_pid_tgid(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return load<u64>(HEADER, HDR_PID_TGID);
}

/** struct bpf_pidns_info: pid and tgid, u32 each. */
const PIDNS_INFO: u64 = 8;

/** bpf_get_ns_current_pid_tgid(dev, ino, nsdata, size): for the PID namespace of the task, which the host names. */
export function bpf_get_ns_current_pid_tgid(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const to = memoryArgument(r3, r4, 1);
  const isOwn = r1 == load<u64>(HEADER, HDR_PID_NS_DEV) && r2 == load<u64>(HEADER, HDR_PID_NS_INO);
  if (r4 != PIDNS_INFO || !isOwn) {
    zero(to, r4 as u32);
    return errno(-EINVAL);
  }
  store<u64>(to, load<u64>(HEADER, HDR_PID_TGID));
  return 0;
}

export function bpf_get_current_uid_gid(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return load<u64>(HEADER, HDR_UID_GID);
}

/** Always NUL-terminated, the rest of the buffer zeros. */
export function bpf_get_current_comm(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const to = memoryArgument(r1, r2, 1);
  const size = r2 as u32;
  if (size == 0) return 0;
  zero(to, size);
  copy(to, HEADER + HDR_COMM, min<u32>(size, COMM_SIZE) - 1);
  return 0;
}
