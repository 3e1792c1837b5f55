import { createHash } from 'node:crypto';
import { SLOT_BYTES } from '../../isa/decode.ts';
import {
  LDDW,
  PSEUDO_MAP_FD,
  PSEUDO_MAP_INDEX,
  PSEUDO_MAP_INDEX_VALUE,
  PSEUDO_MAP_VALUE,
} from '../../isa/lddw.ts';

const TAG_BYTES = 8;

/** The instructions as they were loaded, with nothing that is different each time: descriptors of maps are 0. */
function unstable(code: Uint8Array): Uint8Array {
  const out = code.slice();
  for (let at = 0; at < out.length; at += SLOT_BYTES) {
    if (out[at] !== LDDW) continue;
    const source = (out[at + 1] ?? 0) >> 4;
    const register = (out[at + 1] ?? 0) & 0xf;
    const isMap = source === PSEUDO_MAP_FD || source === PSEUDO_MAP_INDEX;
    const isValue = source === PSEUDO_MAP_VALUE || source === PSEUDO_MAP_INDEX_VALUE;
    if (isMap || isValue) {
      out[at + 1] = register | ((isMap ? PSEUDO_MAP_FD : PSEUDO_MAP_VALUE) << 4);
      out.fill(0, at + 4, at + SLOT_BYTES);
      out.fill(0, at + SLOT_BYTES + 4, at + 2 * SLOT_BYTES);
    }
    at += SLOT_BYTES;
  }
  return out;
}

/** The tag of Linux 6.18: the first 8 bytes of SHA-256 over the instructions (SHA-1 before 6.18), in hex. */
export const tagOf = (code: Uint8Array): string =>
  createHash('sha256').update(unstable(code)).digest().subarray(0, TAG_BYTES).toString('hex');
