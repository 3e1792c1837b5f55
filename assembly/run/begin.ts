/** Start and end of a run. */
import {
  RUN_CTX,
  RUN_CTX_END,
  CTX_MEMORY,
  CTX_XDP,
  FRAME_SIZE,
  MAX_FRAMES,
  PROG_CTX_KIND,
  PROG_FRAMES,
  PROG_SANDBOX,
  REC_DATA,
  REC_HARD_END,
  REC_HARD_START,
  REC_LEN,
  REC_RESULT,
  REC_TRAP,
  RUN_BUDGET,
  RUN_FRAME,
  RUN_FUEL,
  RUN_INTERPRETED,
  RUN_OWNED,
  RUN_PC,
  RUN_PKT_DATA,
  RUN_PKT_END,
  RUN_PKT_HARD_END,
  RUN_PKT_HARD_START,
  RUN_PKT_META,
  RUN_PROG,
  RUN_RECORD,
  RUN_RECORDS,
  RUN_REDIRECT_FLAGS,
  RUN_REDIRECT_INDEX,
  RUN_REDIRECT_MAP,
  RUN_SANDBOX,
  RUN_STACK_OWNER,
  RUN_STACK_TOP,
  RUN_TAIL_CALLS,
  RUN_TRAP,
  RUN_TRAP_PC,
  RUN_TRAP_VALUE,
} from '../../src/abi/layout';
import { RUN_SOCKET_CHOSEN, RUN_SOCKETS_HELD } from '../../src/abi/sockets';
import { RUN_REST_READY } from '../../src/abi/packets';
import { RUN_PAUSED } from '../../src/interp/window';
import { abandonRecords } from '../rings/outstanding';
import { stopDraining } from '../rings/draining';
import { giveBackAll } from '../sockets/held';
import { memoryContext, prepareContext, skbContext, xdpContext } from './context';
import { releaseLock } from './held';
import { giveAllOwned } from './owned';
import { writeBack } from './record';
import { run } from './state';

/**
 * What all runs of a batch of `prog` have in common, for translated code that does the rest itself; see
 * RuntimeExports.prepare. What a run that was stopped has left is cleared here, once.
 */
export function prepare(prog: u32): u32 {
  reset();
  store<u32>(run, 0, RUN_RECORD);
  store<u32>(run, prog, RUN_PROG);
  store<u32>(run, load<u32>(prog, PROG_SANDBOX), RUN_SANDBOX);
  store<u32>(run, 0, RUN_STACK_OWNER);
  if (load<u32>(run, RUN_RECORDS)) abandonRecords();
  if (load<u32>(run, RUN_SOCKETS_HELD)) giveBackAll();
  stopDraining();
  releaseLock();
  return prepareContext(load<u32>(prog, PROG_CTX_KIND));
}

/** Starts a run of `prog` over `record`; see RuntimeExports.begin. Returns r1. */
export function begin(prog: u32, record: u32): u64 {
  reset();
  store<u32>(run, record, RUN_RECORD);
  store<u32>(run, prog, RUN_PROG);
  store<u32>(run, load<u32>(prog, PROG_SANDBOX), RUN_SANDBOX);
  if (load<u32>(prog, PROG_SANDBOX) != 0) zeroStack(prog);
  else store<u32>(run, 0, RUN_STACK_OWNER);
  takePacket(record);
  return context(load<u32>(prog, PROG_CTX_KIND));
}

/** Ends a run: where the packet is now, and r0, go into the record. */
export function finish(record: u32, r0: u64): void {
  store<u32>(record, 0, REC_TRAP);
  store<u64>(record, r0, REC_RESULT);
  writeBack(record);
  if (load<u32>(run, RUN_RECORDS)) abandonRecords();
  if (load<u32>(run, RUN_OWNED)) giveAllOwned();
  if (load<u32>(run, RUN_SOCKETS_HELD)) giveBackAll();
  stopDraining();
  releaseLock();
}

/** Starts a run of a callback of `prog` that no event is behind: no packet, no context. */
export function beginLater(prog: u32): void {
  reset();
  store<u32>(run, 0, RUN_RECORD);
  store<u32>(run, prog, RUN_PROG);
  store<u32>(run, load<u32>(prog, PROG_SANDBOX), RUN_SANDBOX);
  if (load<u32>(prog, PROG_SANDBOX) != 0) zeroStack(prog);
  else store<u32>(run, 0, RUN_STACK_OWNER);
  memory.fill(run + RUN_PKT_HARD_START, 0, RUN_PKT_HARD_END + 4 - RUN_PKT_HARD_START);
  store<u32>(run, load<u32>(run, RUN_CTX), RUN_CTX_END);
}

/** Ends such a run. */
export function finishLater(): void {
  if (load<u32>(run, RUN_RECORDS)) abandonRecords();
  if (load<u32>(run, RUN_OWNED)) giveAllOwned();
  if (load<u32>(run, RUN_SOCKETS_HELD)) giveBackAll();
  stopDraining();
  releaseLock();
}

function reset(): void {
  if (load<u32>(run, RUN_OWNED)) giveAllOwned();
  store<u32>(run, 0, RUN_TRAP);
  store<u32>(run, 0, RUN_TRAP_PC);
  store<u64>(run, 0, RUN_TRAP_VALUE);
  store<i64>(run, load<i64>(run, RUN_BUDGET), RUN_FUEL);
  store<u32>(run, 0, RUN_TAIL_CALLS);
  store<u32>(run, load<u32>(run, RUN_STACK_TOP), RUN_FRAME);
  store<u32>(run, 0, RUN_REDIRECT_INDEX);
  store<u32>(run, 0, RUN_REDIRECT_MAP);
  store<u64>(run, 0, RUN_REDIRECT_FLAGS);
  store<u32>(run, 0, RUN_SOCKET_CHOSEN);
  store<u32>(run, 0, RUN_PC);
  store<u32>(run, 0, RUN_INTERPRETED);
  store<u32>(run, 0, RUN_PAUSED);
  store<u32>(run, 0, RUN_REST_READY);
}

/**
 * A sandboxed program finds zeros in its frames, and nothing of another program's on the whole stack, which it can
 * read beyond them.
 */
function zeroStack(prog: u32): void {
  const frames = load<u32>(prog, PROG_FRAMES);
  const whole = load<u32>(run, RUN_STACK_OWNER) != prog || frames == 0 || frames > <u32>MAX_FRAMES;
  const size = (whole ? <u32>MAX_FRAMES : frames) * FRAME_SIZE;
  store<u32>(run, prog, RUN_STACK_OWNER);
  memory.fill(load<u32>(run, RUN_STACK_TOP) - size, 0, size);
}

function takePacket(record: u32): void {
  const data = load<u32>(record, REC_DATA);
  store<u32>(run, load<u32>(record, REC_HARD_START), RUN_PKT_HARD_START);
  store<u32>(run, data, RUN_PKT_META);
  store<u32>(run, data, RUN_PKT_DATA);
  store<u32>(run, data + load<u32>(record, REC_LEN), RUN_PKT_END);
  store<u32>(run, load<u32>(record, REC_HARD_END), RUN_PKT_HARD_END);
}

function context(kind: u32): u64 {
  if (kind == CTX_MEMORY) return memoryContext();
  return kind == CTX_XDP ? xdpContext() : skbContext();
}
