import * as layout from '../../abi/layout.ts';
import * as abi from '../../abi/network.ts';
import { AF_INET } from '../../abi/sockets.ts';
import type { LinearMemory } from '../memory.ts';
import type { Redirect } from '../result.ts';
import { formatAddress } from '../sockets/address.ts';

const PROGRAM_FLAGS = 0xffffn;

/** How a redirect goes on from its interface. */
export function readNextHop(memory: LinearMemory, run: number): Pick<Redirect, 'flags' | 'by' | 'nextHop'> {
  const recorded = memory.u64(run + layout.RUN_REDIRECT_FLAGS);
  const has = (bit: number): boolean => (Number(recorded) & bit) !== 0;
  const size = memory.u32(run + abi.RUN_NEXT_HOP_FAMILY) === AF_INET ? 4 : 16;
  return {
    flags: recorded & PROGRAM_FLAGS,
    by: has(abi.REDIRECT_NEIGHBOUR) ? 'neighbour' : has(abi.REDIRECT_PEER) ? 'peer' : undefined,
    nextHop: has(abi.REDIRECT_NEXT_HOP)
      ? formatAddress(memory.read(run + abi.RUN_NEXT_HOP, size))
      : undefined,
  };
}
