/** Programs that iterate over objects and print (SEC("iter/…")), read as the files that they are in a kernel. */
import { E2BIG, EAGAIN } from '../abi/maps.ts';
import { WebpfError } from '../errors.ts';
import type { Engine } from './engine.ts';
import { iteration } from './events/constructors.ts';
import type { EventObject } from './events/event.ts';
import type { BpfProgram } from './program.ts';

/** What an iterator is run for, as its context has it behind the meta data: `[task]`, `[map, key, value]`. */
export type IteratorItem = readonly (bigint | EventObject | Uint8Array)[];

export interface IterateOptions {
  /** Bytes that one object may print, and that are read at once. Default 32768, as in the kernel. */
  readonly room?: number;
  /** Number of this reading, for programs that ask (meta->session_id). Default 1. */
  readonly sessionId?: bigint;
}

function failed({ name }: BpfProgram, errno: number, message: string): WebpfError {
  return new WebpfError('syscall', `${name}: ${message}`, { stage: 'runtime', subject: name, errno });
}

/**
 * Runs an iterator for each object, and at last once more with NULL in its place, and yields what it has printed
 * (bpf_seq_read of kernel/bpf/bpf_iter.c): where an object's text does not fit any more, what there is goes out first.
 *
 * @throws WebpfError 'syscall' with the kernel's error number: E2BIG for an object whose text is larger than all room,
 * EAGAIN where the program returns 1
 */
export function* iterate(
  engine: Engine,
  program: BpfProgram,
  items: Iterable<IteratorItem>,
  { room, sessionId = 1n }: IterateOptions = {},
): Generator<Uint8Array, void, undefined> {
  using seq = engine.seqFile(room);
  let seqNum = 0n;
  let last: IteratorItem = [0n];
  const show = (item: IteratorItem): boolean => {
    const { r0 } = program.run(iteration(seq, item, { sessionId, seqNum }));
    if (r0 !== 0n) throw failed(program, EAGAIN, 'it returned 1, which asks for the same object again');
    return !seq.overflowed;
  };
  const all = function* (): Generator<IteratorItem> {
    for (const item of items) {
      last = item;
      yield item;
    }
    yield last.map(() => 0n);
  };
  for (const item of all()) {
    const before = seq.count;
    if (!show(item)) {
      seq.truncate(before);
      if (before > 0) yield seq.bytes;
      seq.truncate();
      if (before === 0 || !show(item))
        throw failed(program, E2BIG, `an object prints more than ${seq.room} bytes: give it more room`);
    }
    seqNum++;
  }
  if (seq.count > 0) yield seq.bytes;
}
