import { CTX_SKB } from '../../src/abi/layout';
import { EINVAL, ERANGE } from '../../src/abi/maps';
import { HOST_TRANSMIT } from '../../src/abi/services';
import { hostHelper } from '../env';
import { device } from '../network/tables';
import { charge, contextArgument, errno } from './arguments';
import { packetLength } from './packet';
import { macHeader, networkHeader, openSkb, packetData } from './sockbuf';

const INGRESS: u64 = 1;

/** bpf_clone_redirect(skb, ifindex, flags): a copy leaves at once, by the `transmit` of the interface. */
export function bpf_clone_redirect(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  if (r3 & ~INGRESS || device(r2 as u32) == 0) return errno(-EINVAL);
  openSkb();
  const length = packetLength();
  if (macHeader() >= networkHeader() || length == 0) return errno(-ERANGE);
  charge(length);
  hostHelper(HOST_TRANSMIT, r2 & 0xffff_ffff, r3, packetData(), length, 0);
  return 0;
}
