import { HDR_CLOCK_NS, HDR_CLOCK_VIRTUAL, HEADER } from '../../src/abi/layout';
import { boottime, monotonic, realtime } from '../env';

/** ns in a jiffy: the kernel's CONFIG_HZ is 250 where distributions do not say otherwise. */
const JIFFY: u64 = 4_000_000;

function isVirtual(): bool {
  return load<u32>(HEADER, HDR_CLOCK_VIRTUAL) != 0;
}

function virtualNs(): u64 {
  return load<u64>(HEADER, HDR_CLOCK_NS);
}

export function bpf_ktime_get_ns(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return isVirtual() ? virtualNs() : (monotonic() as u64);
}

export function bpf_ktime_get_coarse_ns(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return bpf_ktime_get_ns(r1, r2, r3, r4, r5);
}

export function bpf_ktime_get_boot_ns(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return isVirtual() ? virtualNs() : (boottime() as u64);
}

export function bpf_ktime_get_tai_ns(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return isVirtual() ? virtualNs() : (realtime() as u64);
}

export function bpf_jiffies64(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return bpf_ktime_get_ns(r1, r2, r3, r4, r5) / JIFFY;
}
