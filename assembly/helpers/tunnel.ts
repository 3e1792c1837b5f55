import { CTX_SKB } from '../../src/abi/layout';
import { EINVAL, ENOENT, ENOMEM, EPROTO } from '../../src/abi/maps';
import {
  IP_TUNNEL_OPTS_MAX,
  RUN_SKB,
  RUN_TUNNEL_OPTIONS,
  SKB_TUNNEL,
  SKB_TUNNEL_DST,
  SKB_TUNNEL_FLAGS,
  SKB_TUNNEL_ID,
  SKB_TUNNEL_LABEL,
  SKB_TUNNEL_OPTIONS,
  SKB_TUNNEL_OPTIONS_LEN,
  SKB_TUNNEL_SRC,
  SKB_TUNNEL_TOS,
  SKB_TUNNEL_TTL,
  TUNNEL_IPV6,
  TUNNEL_PRESENT,
  TUNNEL_TX,
} from '../../src/abi/packets';
import { alloc } from '../memory/allocator';
import { copy, zero } from '../memory/bytes';
import { run } from '../run/state';
import { contextArgument, errno, memoryArgument } from './arguments';
import { more, openSkb, setMore } from './sockbuf';

// What a tunnel device has taken off a packet, or is to put on it: net/core/filter.c, include/net/ip_tunnels.h.

/** struct bpf_tunnel_key, and the sizes that programs of earlier kernels know it by. */
const KEY_SIZE: u32 = 44;
const KEY_LOCAL: u32 = 28;
const KEY_LABEL: u32 = 24;
const KEY_FLAGS: u32 = 22;
const KEY_TTL: u32 = 21;
const KEY_TOS: u32 = 20;
const KEY_REMOTE: u32 = 4;
const KEY_REMOTE_1: u32 = 8;

const GET_IPV6: u64 = 1;
const GET_FLAGS: u64 = 16;
const SET_IPV6: u64 = 1;
const SET_ZERO_CSUM: u64 = 2;
const SET_DONT_FRAGMENT: u64 = 4;
const SET_SEQ: u64 = 8;
const SET_NO_KEY: u64 = 16;
const SET_FLAGS: u64 = SET_IPV6 | SET_ZERO_CSUM | SET_DONT_FRAGMENT | SET_SEQ | SET_NO_KEY;

/** IP_TUNNEL_*_BIT, as masks. */
const TUN_CSUM: u32 = 1;
const TUN_KEY: u32 = 4;
const TUN_SEQ: u32 = 8;
const TUN_DONT_FRAGMENT: u32 = 0x100;
const TUN_OPTIONS: u32 = 0x800 | 0x1000 | 0x4000;
const TUN_NOCACHE: u32 = 0x2000;
const LABEL_MASK: u32 = 0xfffff;

function isEarlierSize(size: u32): bool {
  return size == KEY_LOCAL || size == KEY_LABEL || size == KEY_FLAGS || size == KEY_REMOTE_1;
}

function keyError(size: u64, flags: u64): i32 {
  const tunnel = more(SKB_TUNNEL);
  if (tunnel == 0 || flags & ~(GET_IPV6 | GET_FLAGS)) return -EINVAL;
  const ipv6 = (tunnel & TUNNEL_IPV6) != 0;
  if (ipv6 != ((flags & GET_IPV6) != 0)) return -EPROTO;
  if (size == KEY_SIZE) return 0;
  if (!isEarlierSize(size as u32) || (size == KEY_REMOTE_1 && ipv6)) return -EINVAL;
  return 0;
}

/** An address of IPv6 as it is in packets, one of IPv4 as a number. */
function writeAddress(to: u32, field: u32, ipv6: bool): void {
  const from = run + RUN_SKB + field;
  if (ipv6) copy(to, from, 16);
  else store<u32>(to, bswap<u32>(load<u32>(from)));
}

/** The structure of this kernel, at `to`, which is zeros. */
function writeKey(to: u32, flags: u64): void {
  const ipv6 = (flags & GET_IPV6) != 0;
  const state = run + RUN_SKB;
  store<u32>(to, more(SKB_TUNNEL_ID));
  writeAddress(to + KEY_REMOTE, SKB_TUNNEL_SRC, ipv6);
  writeAddress(to + KEY_LOCAL, SKB_TUNNEL_DST, ipv6);
  store<u8>(to, load<u8>(state, SKB_TUNNEL_TOS), KEY_TOS);
  store<u8>(to, load<u8>(state, SKB_TUNNEL_TTL), KEY_TTL);
  if (flags & GET_FLAGS) store<u16>(to, more(SKB_TUNNEL_FLAGS) as u16, KEY_FLAGS);
  if (ipv6) store<u32>(to, more(SKB_TUNNEL_LABEL), KEY_LABEL);
}

/** Where structures of other sizes are put together: no helper of a tunnel needs it for longer. */
function scratch(): u32 {
  const known = load<u32>(run, RUN_TUNNEL_OPTIONS);
  if (known) return known;
  const made = alloc(IP_TUNNEL_OPTS_MAX + 1 + KEY_SIZE);
  store<u32>(run, made, RUN_TUNNEL_OPTIONS);
  return made;
}

/** bpf_skb_get_tunnel_key(skb, key, size, flags) */
export function bpf_skb_get_tunnel_key(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  const to = memoryArgument(r2, r3, 1);
  openSkb();
  zero(to, r3 as u32);
  const error = keyError(r3, r4);
  if (error) return errno(error);
  const options = scratch();
  if (options == 0) return errno(-ENOMEM);
  const key = options + IP_TUNNEL_OPTS_MAX + 1;
  zero(key, KEY_SIZE);
  writeKey(key, r4);
  copy(to, key, r3 as u32);
  return 0;
}

function readAddress(from: u32, field: u32, ipv6: bool): void {
  const to = run + RUN_SKB + field;
  zero(to, 16);
  if (ipv6) copy(to, from, 16);
  else store<u32>(to, bswap<u32>(load<u32>(from)));
}

function flagsOf(flags: u64): u32 {
  let bits = TUN_NOCACHE;
  if (!(flags & SET_ZERO_CSUM)) bits |= TUN_CSUM;
  if (!(flags & SET_NO_KEY)) bits |= TUN_KEY;
  if (flags & SET_DONT_FRAGMENT) bits |= TUN_DONT_FRAGMENT;
  return flags & SET_SEQ ? bits | TUN_SEQ : bits;
}

function setKey(key: u32, flags: u64): void {
  const ipv6 = (flags & SET_IPV6) != 0;
  const state = run + RUN_SKB;
  setMore(SKB_TUNNEL, TUNNEL_PRESENT | TUNNEL_TX | (ipv6 ? TUNNEL_IPV6 : 0));
  setMore(SKB_TUNNEL_FLAGS, flagsOf(flags));
  setMore(SKB_TUNNEL_ID, load<u32>(key));
  readAddress(key + KEY_REMOTE, SKB_TUNNEL_DST, ipv6);
  readAddress(key + KEY_LOCAL, SKB_TUNNEL_SRC, ipv6);
  store<u8>(state, load<u8>(key, KEY_TOS), SKB_TUNNEL_TOS);
  store<u8>(state, load<u8>(key, KEY_TTL), SKB_TUNNEL_TTL);
  store<u16>(state, 0, SKB_TUNNEL_OPTIONS_LEN);
  setMore(SKB_TUNNEL_LABEL, load<u32>(key, KEY_LABEL) & LABEL_MASK);
}

/** bpf_skb_set_tunnel_key(skb, key, size, flags): what a tunnel device will put on the packet. */
export function bpf_skb_set_tunnel_key(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  const from = memoryArgument(r2, r3, 0);
  openSkb();
  const size = r3 as u32;
  if (r4 & ~SET_FLAGS || (size != KEY_SIZE && !isEarlierSize(size))) return errno(-EINVAL);
  const options = scratch();
  if (options == 0) return errno(-ENOMEM);
  const key = options + IP_TUNNEL_OPTS_MAX + 1;
  zero(key, KEY_SIZE);
  copy(key, from, size);
  if (load<u16>(key, KEY_FLAGS) || (!(r4 & SET_IPV6) && load<u32>(key, KEY_LABEL))) return errno(-EINVAL);
  setKey(key, r4);
  return 0;
}

/** bpf_skb_get_tunnel_opt(skb, opt, size): the length of the options, which must fit. */
export function bpf_skb_get_tunnel_opt(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  const to = memoryArgument(r2, r3, 1);
  openSkb();
  const size = r3 as u32;
  const length = load<u16>(run + RUN_SKB, SKB_TUNNEL_OPTIONS_LEN) as u32;
  zero(to, size);
  if (more(SKB_TUNNEL) == 0 || !(more(SKB_TUNNEL_FLAGS) & TUN_OPTIONS)) return errno(-ENOENT);
  if (size < length) return errno(-ENOMEM);
  copy(to, more(SKB_TUNNEL_OPTIONS), length);
  return length;
}

/** bpf_skb_set_tunnel_opt(skb, opt, size): to the key that was set before. */
export function bpf_skb_set_tunnel_opt(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  const from = memoryArgument(r2, r3, 0);
  openSkb();
  const size = r3 as u32;
  if (!(more(SKB_TUNNEL) & TUNNEL_TX) || size & 3) return errno(-EINVAL);
  if (size > (IP_TUNNEL_OPTS_MAX as u32)) return errno(-ENOMEM);
  const options = scratch();
  if (options == 0) return errno(-ENOMEM);
  copy(options, from, size);
  setMore(SKB_TUNNEL_OPTIONS, options);
  store<u16>(run + RUN_SKB, size as u16, SKB_TUNNEL_OPTIONS_LEN);
  setMore(SKB_TUNNEL_FLAGS, more(SKB_TUNNEL_FLAGS) | TUN_OPTIONS);
  return 0;
}
