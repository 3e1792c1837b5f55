import {
  CTX_XDP,
  RUN_CTX,
  RUN_PKT_DATA,
  RUN_PKT_END,
  RUN_PKT_HARD_END,
  RUN_PKT_HARD_START,
  RUN_PKT_META,
  XDP_MD_DATA,
  XDP_MD_DATA_END,
  XDP_MD_DATA_META,
} from '../../src/abi/layout';
import { EACCES, EFAULT, EINVAL } from '../../src/abi/maps';
import { run } from '../run/state';
import { charge, contextArgument, errno, memoryArgument } from './arguments';

// Helpers on struct xdp_md: net/core/filter.c. Offsets are signed 32-bit, computed in 64 so that nothing wraps.

/** sizeof(struct xdp_frame), which the kernel keeps free at the start of the headroom. */
const XDP_FRAME: i64 = 40;
const ETH_HLEN: i64 = 14;
const META_MAX: i64 = 255;
const LENGTH_MAX: u64 = 0xffff;

function field(offset: i32): i64 {
  return load<u32>(run + offset);
}

function setField(state: i32, context: i32, value: i64): void {
  store<u32>(run + state, value as u32);
  store<u32>(load<u32>(run, RUN_CTX) + context, value as u32);
}

/** bpf_xdp_adjust_head(xdp_md, delta): metadata moves along. */
export function bpf_xdp_adjust_head(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_XDP);
  const delta: i64 = r2 as i32;
  const meta = field(RUN_PKT_META);
  const metaLength = field(RUN_PKT_DATA) - meta;
  const data = field(RUN_PKT_DATA) + delta;
  const lowest = field(RUN_PKT_HARD_START) + XDP_FRAME + metaLength;
  if (data < lowest || data > field(RUN_PKT_END) - ETH_HLEN) return errno(-EINVAL);
  if (metaLength) memory.copy((meta + delta) as u32, meta as u32, metaLength as u32);
  setField(RUN_PKT_META, XDP_MD_DATA_META, meta + delta);
  setField(RUN_PKT_DATA, XDP_MD_DATA, data);
  return 0;
}

/** bpf_xdp_adjust_meta(xdp_md, delta): at most 255 bytes, a multiple of 4. */
export function bpf_xdp_adjust_meta(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_XDP);
  const meta = field(RUN_PKT_META) + (r2 as i32);
  const length = field(RUN_PKT_DATA) - meta;
  if (meta < field(RUN_PKT_HARD_START) + XDP_FRAME || length < 0) return errno(-EINVAL);
  if (length & 3 || length > META_MAX) return errno(-EACCES);
  setField(RUN_PKT_META, XDP_MD_DATA_META, meta);
  return 0;
}

/** bpf_xdp_adjust_tail(xdp_md, delta): new bytes are zero. */
export function bpf_xdp_adjust_tail(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_XDP);
  const delta: i64 = r2 as i32;
  const old = field(RUN_PKT_END);
  const end = old + delta;
  if (end > field(RUN_PKT_HARD_END) || end < field(RUN_PKT_DATA) + ETH_HLEN) return errno(-EINVAL);
  if (delta > 0) {
    charge(delta as u32);
    memory.fill(old as u32, 0, delta as u32);
  }
  setField(RUN_PKT_END, XDP_MD_DATA_END, end);
  return 0;
}

export function bpf_xdp_get_buff_len(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_XDP);
  return field(RUN_PKT_END) - field(RUN_PKT_DATA);
}

function rangeError(offset: u64, length: u64): i32 {
  if (offset > LENGTH_MAX || length > LENGTH_MAX) return -EFAULT;
  return offset + length > ((field(RUN_PKT_END) - field(RUN_PKT_DATA)) as u64) ? -EINVAL : 0;
}

/** bpf_xdp_load_bytes(xdp_md, offset, buf, len) */
export function bpf_xdp_load_bytes(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_XDP);
  const to = memoryArgument(r3, r4, 1);
  const error = rangeError(r2 & 0xffff_ffff, r4);
  if (error) return errno(error);
  memory.copy(to, load<u32>(run, RUN_PKT_DATA) + (r2 as u32), r4 as u32);
  return 0;
}

/** bpf_xdp_store_bytes(xdp_md, offset, buf, len) */
export function bpf_xdp_store_bytes(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_XDP);
  const from = memoryArgument(r3, r4, 0);
  const error = rangeError(r2 & 0xffff_ffff, r4);
  if (error) return errno(error);
  memory.copy(load<u32>(run, RUN_PKT_DATA) + (r2 as u32), from, r4 as u32);
  return 0;
}
