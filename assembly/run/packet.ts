import { RUN_PKT_DATA, RUN_PKT_END } from '../../src/abi/layout';
import { run } from './state';

/** LD_ABS/LD_IND: the big-endian value of `size` bytes at `offset` of the packet; -1 outside of it. */
export function packetLoad(offset: i32, size: u32): i64 {
  const data = load<u32>(run, RUN_PKT_DATA);
  if (offset < 0 || <u64>offset + size > <u64>(load<u32>(run, RUN_PKT_END) - data)) return -1;
  const address = data + <u32>offset;
  if (size == 1) return load<u8>(address);
  if (size == 2) return bswap<u16>(load<u16>(address));
  return bswap<u32>(load<u32>(address));
}
