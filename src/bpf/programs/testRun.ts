import { EINVAL } from '../../abi/maps.ts';
import type { RunContext } from '../../runtime/context.ts';
import { testRun } from '../../runtime/testRun.ts';
import { refuse } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import type { ProgObject } from './prog.ts';

export interface ProgTestRun {
  readonly progFd: number;
  /** The packet; of programs without one, nothing. */
  readonly dataIn?: Uint8Array;
  /** Of programs with a packet, members of its context; of others the bytes of the context. */
  readonly ctxIn?: RunContext | Uint8Array;
  /** How often, over what the run before has left of the packet; 1 by default. */
  readonly repeat?: number;
}

export interface ProgTestRunResult {
  /** The lower half of r0, unsigned. */
  readonly retval: number;
  readonly dataOut: Uint8Array;
  /** Of programs without a packet: the context as the last run has left it. */
  readonly ctxOut: Uint8Array | undefined;
  /** A run, in ns: the mean. */
  readonly duration: number;
}

const COMMAND = 'PROG_TEST_RUN';
const ETH_HLEN = 14;

/** PROG_TEST_RUN: runs the program over what is given. */
export async function progTestRun(kernel: Kernel, attr: ProgTestRun): Promise<ProgTestRunResult> {
  const { repeat = 1, dataIn, ctxIn } = attr;
  const prog = kernel.fds.get(COMMAND, attr.progFd, 'prog').object as ProgObject;
  if (!Number.isInteger(repeat) || repeat < 1)
    refuse(COMMAND, EINVAL, `repeat is ${repeat}, but must be 1 or more`);
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
  const isBytes = ctxIn instanceof Uint8Array;
  if (hasPacket && isBytes)
    refuse(COMMAND, EINVAL, 'ctxIn of programs with a packet names members of the context');
  const context = hasPacket && !isBytes ? ctxIn : undefined;
  const once = (data: Uint8Array | undefined) =>
    hasPacket
      ? testRun(program, data ?? new Uint8Array(), context)
      : program.run(isBytes ? ctxIn : undefined);
  const started = performance.now();
  let result = once(dataIn);
  for (let done = 1; done < repeat; done++) result = once(result.data);
  const elapsed = performance.now() - started;
  kernel.count(prog, repeat, elapsed);
  const { data } = result;
  return {
    retval: Number(BigInt.asUintN(32, result.r0)),
    dataOut: hasPacket ? data : new Uint8Array(),
    ctxOut: hasPacket ? undefined : data,
    duration: (elapsed * 1e6) / repeat,
  };
}
