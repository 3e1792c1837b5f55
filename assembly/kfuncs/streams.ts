import { RUN_PROG } from '../../src/abi/layout';
import { EINVAL, ENOENT, ENOMEM } from '../../src/abi/maps';
import { HOST_STREAM } from '../../src/abi/services';
import { hostHelper } from '../env';
import { errno, memoryArgument, stringLength } from '../helpers/arguments';
import { format } from '../helpers/format';
import { badData } from '../helpers/print';
import { alloc, free } from '../memory/allocator';
import { run } from '../run/state';

/** BPF_STDOUT, BPF_STDERR */
const LAST_STREAM: u64 = 2;

/** bpf_stream_vprintk(stream_id, fmt, args, len, aux): the program's standard output (1) and error output (2). */
export function bpf_stream_vprintk_impl(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const text = r2 as u32;
  const size = stringLength(r2, u32.MAX_VALUE) + 1;
  if (badData(r3, r4)) return errno(-EINVAL);
  const values = memoryArgument(r3, r4, 0);
  const stream = r1 & 0xffff_ffff;
  if (stream == 0 || stream > LAST_STREAM) return errno(-ENOENT);
  const length = format(0, 0, text, size, values, (r4 as u32) >> 3);
  if (length < 0) return errno(length);
  const to = alloc((length as u32) + 1);
  if (to == 0) return errno(-ENOMEM);
  format(to, (length as u32) + 1, text, size, values, (r4 as u32) >> 3);
  const error = hostHelper(HOST_STREAM, load<u32>(run, RUN_PROG), stream, to, length, 0);
  free(to);
  return error;
}
