import { EINVAL } from '../../abi/maps.ts';
import type { RunContext } from '../../runtime/context.ts';
import type { BpfProgram } from '../../runtime/program.ts';
import { testRun } from '../../runtime/testRun.ts';
import { refuse } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import { bytesOfContext, contextOfBytes } from './packetContext.ts';
import type { ProgObject } from './prog.ts';

export interface ProgTestRun {
  readonly progFd: number;
  /** The packet; of programs without one, nothing. */
  readonly dataIn?: Uint8Array;
  /** The context as bytes; of programs with a packet its members, too. */
  readonly ctxIn?: RunContext | Uint8Array;
  /** How often, over what the run before has left of the packet; 1 by default, as for 0. */
  readonly repeat?: number;
}

export interface ProgTestRunResult {
  /** The lower half of r0, unsigned. */
  readonly retval: number;
  readonly dataOut: Uint8Array;
  /** The context as the last run has left it: of packets `struct __sk_buff` or `struct xdp_md`. */
  readonly ctxOut: Uint8Array;
  /** A run, in ns: the mean. */
  readonly duration: number;
}

/** What a run leaves. */
interface Once {
  readonly r0: bigint;
  readonly data: Uint8Array;
  readonly context: Uint8Array;
}

const COMMAND = 'PROG_TEST_RUN';
const ETH_HLEN = 14;

function overPackets(program: BpfProgram, dataIn: Uint8Array, ctxIn: RunContext | Uint8Array) {
  const kind = program.contextKind === 'skb' ? 'skb' : 'xdp';
  const context = ctxIn instanceof Uint8Array ? contextOfBytes(kind, ctxIn, dataIn.length) : ctxIn;
  return (data: Uint8Array): Once => {
    const result = testRun(program, data, context);
    return { r0: result.r0, data: result.data, context: bytesOfContext(result, context) };
  };
}

function overContexts(program: BpfProgram, ctxIn: RunContext | Uint8Array | undefined) {
  if (ctxIn !== undefined && !(ctxIn instanceof Uint8Array))
    refuse(COMMAND, EINVAL, 'ctxIn of programs without a packet is the bytes of their context');
  return (): Once => {
    const { r0, data } = program.run(ctxIn instanceof Uint8Array ? ctxIn : undefined);
    return { r0, data: new Uint8Array(), context: data };
  };
}

/** PROG_TEST_RUN: runs the program over what is given. */
export async function progTestRun(kernel: Kernel, attr: ProgTestRun): Promise<ProgTestRunResult> {
  const { repeat = 1, dataIn, ctxIn } = attr;
  const prog = kernel.fds.get(COMMAND, attr.progFd, 'prog').object as ProgObject;
  if (!Number.isInteger(repeat) || repeat < 0)
    refuse(COMMAND, EINVAL, `repeat is ${repeat}, but must be a number from 0 on`);
  const program = await prog.ready();
  const hasPacket = program.contextKind !== 'memory';
  if (hasPacket && (dataIn?.length ?? 0) < ETH_HLEN)
    refuse(COMMAND, EINVAL, `a packet has at least the ${ETH_HLEN} bytes of an Ethernet header`);
  if (!hasPacket && dataIn !== undefined)
    refuse(
      COMMAND,
      EINVAL,
      `programs of type ${prog.program.type} have no packet: give the context in ctxIn`,
    );
  const packet = dataIn ?? new Uint8Array();
  const once = hasPacket ? overPackets(program, packet, ctxIn ?? {}) : overContexts(program, ctxIn);
  const runs = Math.max(1, repeat);
  const started = performance.now();
  let left = once(packet);
  for (let done = 1; done < runs; done++) left = once(left.data);
  const elapsed = performance.now() - started;
  kernel.count(prog, runs, elapsed);
  return {
    retval: Number(BigInt.asUintN(32, left.r0)),
    dataOut: left.data,
    ctxOut: left.context,
    duration: (elapsed * 1e6) / runs,
  };
}
