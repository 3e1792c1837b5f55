import { HDR_PRINTK, HEADER, RUN_HELPERS } from '../../src/abi/layout';
import { EINVAL } from '../../src/abi/maps';
import { ringOf } from '../rings/maps';
import { commit, reservedHeader, ringReserve } from '../rings/ring';
import { run } from '../run/state';
import { errno, memoryArgument, refuse, stringLength } from './arguments';
import { format } from './format';

// Printed text goes, one record a call, into the ring of HDR_PRINTK, which the host empties.

/** The kernel's trace buffer holds 1024 bytes with the NUL. */
const TEXT_MAX: u32 = 1023;
/** MAX_BPRINTF_VARARGS u64. */
const DATA_MAX: u64 = 12 * 8;
const PRINTK_ARGUMENTS: u32 = 3;

/** Whether the text ends within its size. */
export function isTerminated(text: u32, size: u32): bool {
  for (let i: u32 = 0; i < size; ++i) {
    if (load<u8>(text + i) == 0) return true;
  }
  return false;
}

/** Returns the length of the text, as far as it would go. */
function print(text: u32, size: u32, values: u32, count: u32): u64 {
  const length = format(0, 0, text, size, values, count);
  if (length < 0) return errno(length);
  const kept = min<u32>(length, TEXT_MAX);
  const ring = ringOf(load<u32>(HEADER, HDR_PRINTK), 0);
  const record = ringReserve(ring, kept);
  if (record == 0) return length;
  format(record, kept, text, size, values, count);
  commit(reservedHeader(ring, record), false);
  return length;
}

/** bpf_trace_printk(fmt, fmt_size, ...) */
export function bpf_trace_printk(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const text = memoryArgument(r1, r2, 0);
  if (!isTerminated(text, r2 as u32)) return errno(-EINVAL);
  const values = run + RUN_HELPERS;
  store<u64>(values, r3);
  store<u64>(values, r4, 8);
  store<u64>(values, r5, 16);
  return print(text, r2 as u32, values, PRINTK_ARGUMENTS);
}

/** Whether these are no values for a format: of another size than words, too many, or none where some are said to be. */
export function badData(data: u64, size: u64): bool {
  return (size & 7) != 0 || size > DATA_MAX || (size != 0 && data == 0);
}

/** bpf_trace_vprintk(fmt, fmt_size, data, data_len) */
export function bpf_trace_vprintk(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const text = memoryArgument(r1, r2, 0);
  if (badData(r3, r4) || !isTerminated(text, r2 as u32)) return errno(-EINVAL);
  const values = memoryArgument(r3, r4, 0);
  return print(text, r2 as u32, values, (r4 as u32) >> 3);
}

/** bpf_snprintf(str, str_size, fmt, data, data_len): the length with the NUL, as far as it would go. */
export function bpf_snprintf(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const to = memoryArgument(r1, r2, 1);
  const text = r3 as u32;
  const size = r2 as u32;
  const textSize = stringLength(r3, u32.MAX_VALUE);
  if (badData(r4, r5)) return errno(-EINVAL);
  const values = memoryArgument(r4, r5, 0);
  const count = (r5 as u32) >> 3;
  const length = format(0, 0, text, textSize, values, count);
  if (length < 0) return errno(length);
  if (size == 0) return length + 1;
  format(to, size - 1, text, textSize, values, count);
  store<u8>(to + min<u32>(length, size - 1), 0);
  return length + 1;
}
