/** What programs translated from classic BPF ask of the kernel: net/core/filter.c, SKF_AD_NLATTR, _NEST and _PAY_OFFSET. */
import { CTX_SKB, RUN_PKT_DATA } from '../../src/abi/layout';
import { payloadOffset } from './payload';
import { run } from '../run/state';
import { contextArgument } from './arguments';
import { packetLength } from './packet';

/** struct nlattr: u16 length, this header included, and u16 type. */
const NLA_HEADER: u32 = 4;
const NLA_TYPE: usize = 2;
/** The type without the flags for nested attributes and byte order. */
const NLA_TYPE_MASK: u32 = 0x3fff;

/** Offset of the attribute of this type among those in [at, end); 0 when there is none (nla_find). */
function findAttribute(at: u32, end: u32, type: u32): u32 {
  const data = load<u32>(run, RUN_PKT_DATA);
  while (at + NLA_HEADER <= end) {
    const length: u32 = load<u16>(data + at);
    if (length < NLA_HEADER || length > end - at) return 0;
    if ((load<u16>(data + at, NLA_TYPE) & NLA_TYPE_MASK) == type) return at;
    at += (length + 3) & ~3;
  }
  return 0;
}

function hasAttribute(at: u32, length: u32): bool {
  return length >= NLA_HEADER && at <= length - NLA_HEADER;
}

/** bpf_skb_get_nlattr(skb, a, x): offset of the first attribute of type x from offset a on, or 0. */
export function bpf_skb_get_nlattr(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  const length = packetLength();
  if (!hasAttribute(r2 as u32, length)) return 0;
  return findAttribute(r2 as u32, length, r3 as u32);
}

/** bpf_skb_get_nlattr_nest(skb, a, x): the same among the attributes nested in the one at offset a. */
export function bpf_skb_get_nlattr_nest(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  const at = r2 as u32;
  const length = packetLength();
  if (!hasAttribute(at, length)) return 0;
  const own: u32 = load<u16>(load<u32>(run, RUN_PKT_DATA) + at);
  if (own > length - at) return 0;
  return findAttribute(at + NLA_HEADER, at + own, r3 as u32);
}

/** bpf_skb_get_pay_offset(skb): offset of what follows the transport header, or of the last header that was understood. */
export function bpf_skb_get_pay_offset(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  return payloadOffset();
}
