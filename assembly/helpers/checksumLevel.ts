import { CHECKSUM_NONE, CHECKSUM_UNNECESSARY, SKB_CSUM_LEVEL, SKB_IP_SUMMED } from '../../src/abi/packets';
import { more, setMore } from './sockbuf';

// How many checksums of a packet, one within the other, hardware has found right: include/linux/skbuff.h.

const LEVEL_MAX: u32 = 3;

export function raiseLevel(): void {
  const summed = more(SKB_IP_SUMMED);
  if (summed == CHECKSUM_UNNECESSARY) setMore(SKB_CSUM_LEVEL, min<u32>(more(SKB_CSUM_LEVEL) + 1, LEVEL_MAX));
  if (summed != CHECKSUM_NONE) return;
  setMore(SKB_IP_SUMMED, CHECKSUM_UNNECESSARY);
  setMore(SKB_CSUM_LEVEL, 0);
}

export function lowerLevel(): void {
  if (more(SKB_IP_SUMMED) != CHECKSUM_UNNECESSARY) return;
  const level = more(SKB_CSUM_LEVEL);
  if (level == 0) setMore(SKB_IP_SUMMED, CHECKSUM_NONE);
  else setMore(SKB_CSUM_LEVEL, level - 1);
}

/** Hardware's word that the checksum is right holds no more. */
export function resetLevel(): void {
  if (more(SKB_IP_SUMMED) != CHECKSUM_UNNECESSARY) return;
  setMore(SKB_IP_SUMMED, CHECKSUM_NONE);
  setMore(SKB_CSUM_LEVEL, 0);
}
