import { commit, reservedHeader, ringProduce } from './ring';
import { ringOf } from './maps';

// The host's side of user ring buffers. See RuntimeExports.

export function userRingReserve(map: u32, length: u32): i32 {
  return ringProduce(ringOf(map, 0), length);
}

export function userRingSubmit(map: u32, sample: u32, discard: bool): void {
  const header = reservedHeader(ringOf(map, 0), sample);
  if (header) commit(header, discard);
}
