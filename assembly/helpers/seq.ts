import { OBJ_SEQ, SEQ_BUF, SEQ_COUNT, SEQ_SIZE } from '../../src/abi/layout';
import { EINVAL, EOVERFLOW } from '../../src/abi/maps';
import { copy } from '../memory/bytes';
import { objectArgument } from '../objects/argument';
import { errno, memoryArgument } from './arguments';
import { format } from './format';
import { badData, isTerminated } from './print';

// What iterators print: kernel/trace/bpf_trace.c and fs/seq_file.c. A text that overflows is full from then on.

function setOverflow(seq: u32): u64 {
  store<u64>(seq, load<u64>(seq, SEQ_SIZE), SEQ_COUNT);
  return errno(-EOVERFLOW);
}

/** bpf_seq_printf(m, fmt, fmt_size, data, data_len) */
export function bpf_seq_printf(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const seq = objectArgument(r1, OBJ_SEQ);
  const text = memoryArgument(r2, r3, 0);
  if (badData(r4, r5) || !isTerminated(text, r3 as u32)) return errno(-EINVAL);
  const values = memoryArgument(r4, r5, 0);
  const count = load<u64>(seq, SEQ_COUNT) as u32;
  const room = (load<u64>(seq, SEQ_SIZE) as u32) - count;
  const to = (load<u64>(seq, SEQ_BUF) as u32) + count;
  const length = format(to, room, text, r3 as u32, values, (r5 as u32) >> 3);
  if (length < 0) return errno(length);
  if ((length as u32) >= room) return setOverflow(seq);
  store<u64>(seq, (count + length) as u64, SEQ_COUNT);
  return 0;
}

/** bpf_seq_write(m, data, len) */
export function bpf_seq_write(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const seq = objectArgument(r1, OBJ_SEQ);
  const data = memoryArgument(r2, r3, 0);
  const count = load<u64>(seq, SEQ_COUNT);
  if (count + r3 >= load<u64>(seq, SEQ_SIZE)) return setOverflow(seq);
  copy((load<u64>(seq, SEQ_BUF) + count) as u32, data, r3 as u32);
  store<u64>(seq, count + r3, SEQ_COUNT);
  return 0;
}
