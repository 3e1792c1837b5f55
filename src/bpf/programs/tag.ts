import { createHash } from 'node:crypto';
import { INSN, LDDW, MAP_FD, MAP_IDX, MAP_IDX_VALUE, MAP_VALUE } from './pseudo.ts';

const TAG_BYTES = 8;

/** The instructions as they were loaded, with nothing that is different each time: descriptors of maps are 0. */
function unstable(code: Uint8Array): Uint8Array {
  const out = code.slice();
  for (let at = 0; at < out.length; at += INSN) {
    if (out[at] !== LDDW) continue;
    const source = (out[at + 1] ?? 0) >> 4;
    const register = (out[at + 1] ?? 0) & 0xf;
    const isMap = source === MAP_FD || source === MAP_IDX;
    const isValue = source === MAP_VALUE || source === MAP_IDX_VALUE;
    if (isMap || isValue) {
      out[at + 1] = register | ((isMap ? MAP_FD : MAP_VALUE) << 4);
      out.fill(0, at + 4, at + INSN);
      out.fill(0, at + INSN + 4, at + 2 * INSN);
    }
    at += INSN;
  }
  return out;
}

/** The tag of Linux 6.18: the first 8 bytes of SHA-256 over the instructions (SHA-1 before 6.18), in hex. */
export const tagOf = (code: Uint8Array): string =>
  createHash('sha256').update(unstable(code)).digest().subarray(0, TAG_BYTES).toString('hex');
