import { RUN_SANDBOX } from '../../src/abi/layout';
import { HELD_MAX, RUN_HELD_LIST, RUN_SOCKETS_HELD } from '../../src/abi/sockets';
import { run } from '../run/state';
import { isRcuFree, put } from './socket';

// References of sockets that an unverified program was given: it may forget them, or give back what it was not given.
// The verifier sees to it that its programs do neither, so that nothing is kept account of there.

function entry(index: u32): u32 {
  return run + RUN_HELD_LIST + (index << 2);
}

/** Notes a reference; false when the program holds as many as it may. */
export function noteHeld(socket: u32): bool {
  if (load<u32>(run, RUN_SANDBOX) == 0 || isRcuFree(socket)) return true;
  const count = load<u32>(run, RUN_SOCKETS_HELD);
  if (count == HELD_MAX) {
    put(socket);
    return false;
  }
  store<u32>(entry(count), socket);
  store<u32>(run, count + 1, RUN_SOCKETS_HELD);
  return true;
}

/** Gives a reference back; false when the program holds none of this socket. */
export function giveBack(socket: u32): bool {
  if (isRcuFree(socket)) return true;
  if (load<u32>(run, RUN_SANDBOX) == 0) {
    put(socket);
    return true;
  }
  const count = load<u32>(run, RUN_SOCKETS_HELD);
  for (let index: u32 = 0; index < count; ++index) {
    if (load<u32>(entry(index)) != socket) continue;
    store<u32>(entry(index), load<u32>(entry(count - 1)));
    store<u32>(run, count - 1, RUN_SOCKETS_HELD);
    put(socket);
    return true;
  }
  return false;
}

/** At the end of a run: what it still holds. */
export function giveBackAll(): void {
  const count = load<u32>(run, RUN_SOCKETS_HELD);
  store<u32>(run, 0, RUN_SOCKETS_HELD);
  for (let index: u32 = 0; index < count; ++index) put(load<u32>(entry(index)));
}
