/** Events by program type: what `program.run` and `program.runBatch` take beside bytes. */

import { badArgument, unsigned64 } from '../argument.ts';
import type { RunContext, SkbContext, XdpContext } from '../context.ts';
import type { SeqFile } from '../objects/seqFile.ts';
import type { Traced } from '../traced.ts';
import { type ContextAfter, type ContextFields, contextEvent } from './contexts.ts';
import type { EventBlock, EventObject, EventPointer, ProgramEvent } from './event.ts';

type StructureEvent = ProgramEvent<ContextAfter>;

/** A packet for XDP: `program.run(xdp({ packet, ingressIfindex: 2 }))`. */
export const xdp = ({ packet, ...context }: XdpContext & { readonly packet: Uint8Array }): ProgramEvent => ({
  kind: 'xdp',
  data: packet,
  context,
});

/** A packet for programs that see struct __sk_buff (tc, socket and cgroup filters, lwt): its members are in the result. */
export const skb = ({
  packet,
  ...context
}: SkbContext &
  Pick<RunContext, 'sk' | 'arrives' | 'linkHeader' | 'skbState'> & {
    readonly packet: Uint8Array;
  }): ProgramEvent => ({
  kind: 'skb',
  data: packet,
  context,
});

/** struct bpf_sock_addr: `sockAddr('cgroup_inet4_connect', { user_ip4: '192.0.2.1', user_port: 0x5000 })`. */
export const sockAddr = (attachType: string, fields: ContextFields): StructureEvent =>
  contextEvent('cgroup_sock_addr', fields, attachType);

/** struct bpf_sock of a cgroup: creation, release, and what follows a bind. */
export const cgroupSock = (attachType: string, fields: ContextFields): StructureEvent =>
  contextEvent('cgroup_sock', fields, attachType);

/** struct bpf_sockopt; `optval` is the option's value. */
export const sockopt = (operation: 'get' | 'set', fields: ContextFields): StructureEvent =>
  contextEvent('cgroup_sockopt', fields, `cgroup_${operation}sockopt`);

/** struct bpf_sysctl */
export const sysctl = (fields: ContextFields): StructureEvent => contextEvent('cgroup_sysctl', fields);

/** struct bpf_cgroup_dev_ctx */
export const cgroupDevice = (fields: ContextFields): StructureEvent => contextEvent('cgroup_device', fields);

/** struct bpf_sock_ops; `skb_data` is a packet. */
export const sockOps = (fields: ContextFields): StructureEvent => contextEvent('sock_ops', fields);

/** struct sk_msg_md; `data` is the message. */
export const skMsg = (fields: ContextFields): StructureEvent => contextEvent('sk_msg', fields);

/** struct bpf_sk_lookup */
export const skLookup = (fields: ContextFields): StructureEvent =>
  contextEvent('sk_lookup', fields, 'sk_lookup');

/** struct sk_reuseport_md; `data` is the packet. */
export const skReuseport = (fields: ContextFields, migrates = false): StructureEvent =>
  contextEvent('sk_reuseport', fields, migrates ? 'sk_reuseport_select_or_migrate' : 'sk_reuseport_select');

/** struct bpf_perf_event_data: registers, `sample_period`, `addr`. */
export const perfEvent = (fields: ContextFields): StructureEvent => contextEvent('perf_event', fields);

/** Registers in which the arguments of a function are, first to last, and in which it returns. */
const CALL = { args: ['di', 'si', 'dx', 'cx', 'r8', 'r9'], result: 'ax' } as const;

/**
 * struct pt_regs of x86-64 for kprobes and uprobes: registers by name, or what PT_REGS_PARM1 … and PT_REGS_RC read.
 *
 * @example program.run(ptRegs({ args: [1n, 2n], ip: 0xffffffff81000000n }))
 */
export function ptRegs({
  args = [],
  result,
  ...registers
}: { readonly args?: readonly bigint[]; readonly result?: bigint } & Readonly<
  Record<string, bigint | readonly bigint[] | undefined>
>): StructureEvent {
  if (args.length > CALL.args.length)
    throw badArgument(
      `registers hold ${CALL.args.length} arguments, not ${args.length}: others are on the stack`,
    );
  const given = Object.fromEntries(args.map((value, index) => [CALL.args[index], value]));
  return contextEvent('kprobe', {
    ...given,
    ...(result === undefined ? {} : { [CALL.result]: result }),
    ...(registers as ContextFields),
  });
}

const WORD = 8;

/** Words of 64 bits, of which some point to objects or memory. */
function block(args: readonly (bigint | EventPointer['to'])[]): Required<EventBlock> {
  const bytes = new Uint8Array(args.length * WORD);
  const view = new DataView(bytes.buffer);
  const pointers: EventPointer[] = [];
  args.forEach((value, index) => {
    const offset = index * WORD;
    if (typeof value === 'bigint')
      view.setBigUint64(offset, unsigned64(`argument ${index}`, BigInt.asUintN(64, value)), true);
    else pointers.push({ offset, to: value });
  });
  return { bytes, pointers };
}

/** Arguments as the context. */
function words(args: readonly (bigint | EventPointer['to'])[]): ProgramEvent {
  const { bytes, pointers } = block(args);
  return { kind: 'memory', data: bytes, pointers };
}

/**
 * What an iterator is given (struct bpf_iter__…): where it prints, the number of the reading and of the object in it, and
 * the object (`[task]`, `[map, key, value]`: 0n is NULL, as at the end of every reading).
 */
export const iteration = (
  { object }: SeqFile,
  item: readonly (bigint | EventObject | Uint8Array)[],
  { sessionId = 1n, seqNum = 0n }: { readonly sessionId?: bigint; readonly seqNum?: bigint } = {},
): ProgramEvent => words([block([object, sessionId, seqNum]), ...item]);

/** struct bpf_raw_tracepoint_args: the tracepoint's arguments. */
export const rawTracepoint = (args: readonly (bigint | EventObject | Uint8Array)[]): ProgramEvent =>
  words(args);

/** What fentry, fmod_ret, tp_btf and lsm programs are given: the function's arguments; behind them, at an exit, its result. */
export const functionArgs = (
  args: readonly (bigint | EventObject | Uint8Array)[],
  result?: bigint,
  traced: Omit<Traced, 'argumentCount'> = {},
): ProgramEvent => ({
  ...words(result === undefined ? args : [...args, result]),
  context: { traced: { ...traced, argumentCount: args.length } },
});

/** What a syscall program is given, as BPF_PROG_TEST_RUN has it in ctx_in. */
export const syscallArgs = (data: Uint8Array): ProgramEvent<Uint8Array> => ({
  kind: 'memory',
  data,
  read: (after) => after.data,
});
