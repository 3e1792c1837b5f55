import { RUN_PKT_DATA, RUN_PKT_END } from '../../src/abi/layout';
import { run } from '../run/state';

export function packetLength(): u32 {
  return load<u32>(run, RUN_PKT_END) - load<u32>(run, RUN_PKT_DATA);
}

/** Address of `size` bytes at `offset` (its low 32 bits) of the packet, or 0. */
export function packetAt(offset: u64, size: u64): u32 {
  const start = offset & 0xffff_ffff;
  if (start + size > (packetLength() as u64)) return 0;
  return load<u32>(run, RUN_PKT_DATA) + (start as u32);
}
