import { RUN_RECORDS } from '../../src/abi/layout';
import { run } from '../run/state';
import { commit } from './ring';

// Records that this run has reserved and not yet submitted or discarded. The kernel's verifier sees to it that
// none is left; a trap, or an unverified program, would leave the ring stuck behind one. RUN_RECORDS is a count
// and the headers' addresses; beyond its room nothing can be reserved, since it could not be remembered.

const FIRST: i32 = 4;
const ROOM: u32 = 32;

@inline
export function mayReserve(): bool {
  return load<u32>(run, RUN_RECORDS) < ROOM;
}

/** To be asked for after `mayReserve` only. */
@inline
export function rememberRecord(header: u32): void {
  const count = load<u32>(run, RUN_RECORDS);
  store<u32>(run + RUN_RECORDS + count * 4, header, FIRST);
  store<u32>(run, count + 1, RUN_RECORDS);
}

@inline
export function forgetRecord(header: u32): void {
  const list = run + RUN_RECORDS + FIRST;
  const last = load<u32>(run, RUN_RECORDS) - 1;
  for (let index = last; index != u32.MAX_VALUE; --index) {
    if (load<u32>(list + index * 4) != header) continue;
    store<u32>(list + index * 4, load<u32>(list + last * 4));
    store<u32>(run, last, RUN_RECORDS);
    return;
  }
}

/** Discards what is left, at the end of a run. */
export function abandonRecords(): void {
  const list = run + RUN_RECORDS + FIRST;
  for (let count = load<u32>(run, RUN_RECORDS); count; --count)
    commit(load<u32>(list + (count - 1) * 4), true);
  store<u32>(run, 0, RUN_RECORDS);
}
