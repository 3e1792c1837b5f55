import * as layout from '../abi/layout.ts';
import { RUN_ARRIVES } from '../abi/sockets.ts';
import { type ContextKind, contextKindOf } from '../verifier/contexts/kind.ts';
import { badArgument, integer, unsigned64 } from './argument.ts';
import { type Hook, HookTemplate } from './hook.ts';
import type { LinearMemory } from './memory.ts';
import { type SkbState, SkbTemplate } from './skbState.ts';
import type { Socket } from './sockets/socket.ts';
import { type Traced, writeTraced } from './traced.ts';

export { type ContextKind, contextKindOf };

export const contextCodes: Readonly<Record<ContextKind, number>> = {
  memory: layout.CTX_MEMORY,
  xdp: layout.CTX_XDP,
  skb: layout.CTX_SKB,
};

/** Fields of `struct xdp_md` a caller may set. Interface 1, queue 0 unless given. */
export interface XdpContext {
  readonly ingressIfindex?: number;
  readonly rxQueueIndex?: number;
  readonly egressIfindex?: number;
}

/**
 * Fields of `struct __sk_buff` a caller may set, and that a run gives back. Numbers as the program reads them:
 * `protocol` and `vlanProto` are in network byte order; `protocol` is taken from the Ethernet header unless given.
 */
export interface SkbContext {
  /** Bytes of the whole packet, where the event holds only the first of them, as in captures. Default: of the event. */
  readonly len?: number;
  readonly pktType?: number;
  readonly mark?: number;
  readonly queueMapping?: number;
  readonly protocol?: number;
  readonly vlanPresent?: number;
  readonly vlanTci?: number;
  readonly vlanProto?: number;
  readonly priority?: number;
  readonly ingressIfindex?: number;
  readonly ifindex?: number;
  readonly tcIndex?: number;
  /** Five u32. */
  readonly cb?: readonly number[];
  readonly hash?: number;
  readonly tcClassid?: number;
  readonly napiId?: number;
  readonly family?: number;
  readonly wireLen?: number;
  readonly gsoSegs?: number;
  readonly gsoSize?: number;
  readonly tstamp?: bigint;
}

/** Return addresses, innermost first; the kernel keeps 127 of them at most, and so does this. */
export interface CallStack {
  readonly kernel?: readonly bigint[];
  readonly user?: readonly bigint[];
}

export interface RunContext extends XdpContext, SkbContext {
  /** Where the event happened: what bpf_get_stackid and bpf_get_stack find. Default: no call chain (-EFAULT). */
  readonly stack?: CallStack;
  /** The socket that the packet belongs to (`sk` of struct __sk_buff). Default: none. */
  readonly sk?: Socket;
  /** What hooks of cgroups and sockets have beside their context. */
  readonly hook?: Hook;
  /** What led to the event, and who was running. */
  readonly traced?: Traced;
  /** What the socket buffer has beyond its context structure. */
  readonly skbState?: SkbState;
  /** The packet arrives (tc ingress), so that bpf_sk_assign can give it a socket. Default: as in BPF_PROG_TEST_RUN, no. */
  readonly arrives?: boolean;
  /**
   * Bytes of Ethernet header (14) that the program does not see as part of the packet, as socket and cgroup programs
   * in the kernel; LD_ABS with SKF_LL_OFF and bpf_skb_load_bytes_relative still reach them. Default 0: it sees all.
   */
  readonly linkHeader?: number;
}

const skbFields: Readonly<Record<Exclude<keyof SkbContext, 'cb' | 'tstamp'>, number>> = {
  len: layout.SKB_LEN,
  pktType: layout.SKB_PKT_TYPE,
  mark: layout.SKB_MARK,
  queueMapping: layout.SKB_QUEUE_MAPPING,
  protocol: layout.SKB_PROTOCOL,
  vlanPresent: layout.SKB_VLAN_PRESENT,
  vlanTci: layout.SKB_VLAN_TCI,
  vlanProto: layout.SKB_VLAN_PROTO,
  priority: layout.SKB_PRIORITY,
  ingressIfindex: layout.SKB_INGRESS_IFINDEX,
  ifindex: layout.SKB_IFINDEX,
  tcIndex: layout.SKB_TC_INDEX,
  hash: layout.SKB_HASH,
  tcClassid: layout.SKB_TC_CLASSID,
  napiId: layout.SKB_NAPI_ID,
  family: layout.SKB_FAMILY,
  wireLen: layout.SKB_WIRE_LEN,
  gsoSegs: layout.SKB_GSO_SEGS,
  gsoSize: layout.SKB_GSO_SIZE,
};

const xdpFields: Readonly<Record<keyof XdpContext, number>> = {
  ingressIfindex: 0,
  rxQueueIndex: 4,
  egressIfindex: 8,
};

const CB_LENGTH = 5;
const LOOPBACK_IFINDEX = 1;

const checkU32 = (field: string, value: number): number =>
  integer(`context field ${field}`, value, 0, 0xffffffff);

function writeFields(
  memory: LinearMemory,
  base: number,
  fields: Readonly<Record<string, number>>,
  values: RunContext,
): void {
  for (const [name, offset] of Object.entries(fields)) {
    const value = values[name as keyof XdpContext];
    if (value === undefined) continue;
    memory.setU32(base + offset, checkU32(name, value));
  }
}

function writeSkb(memory: LinearMemory, run: number, context: RunContext): void {
  const base = run + layout.RUN_SKB_TEMPLATE;
  checkU32('linkHeader', context.linkHeader ?? 0);
  memory.setU32(run + layout.RUN_LINK_HEADER, context.linkHeader ?? 0);
  memory.bytes.fill(0, base, base + layout.SKB_SIZE);
  memory.setU32(base + layout.SKB_IFINDEX, LOOPBACK_IFINDEX);
  writeFields(memory, base, skbFields, context);
  writeControl(memory, base, context.cb ?? []);
  memory.setU64(base + layout.SKB_SK, BigInt(context.sk?.addressIn(memory) ?? 0));
  memory.setU32(run + RUN_ARRIVES, context.arrives === true ? 1 : 0);
  if (context.tstamp === undefined) return;
  memory.setU64(base + layout.SKB_TSTAMP, unsigned64('context field tstamp', context.tstamp));
}

function writeControl(memory: LinearMemory, base: number, cb: readonly number[]): void {
  if (!Array.isArray(cb) || cb.length > CB_LENGTH) {
    throw badArgument(`context field cb must be an array of at most ${CB_LENGTH} integers`);
  }
  cb.forEach((value, i) => {
    memory.setU32(base + layout.SKB_CB + 4 * i, checkU32(`cb[${i}]`, value));
  });
}

function writeXdp(memory: LinearMemory, base: number, context: RunContext): void {
  memory.bytes.fill(0, base, base + 12);
  memory.setU32(base, LOOPBACK_IFINDEX);
  writeFields(memory, base, xdpFields, context);
}

/** PERF_MAX_STACK_DEPTH */
const MAX_STACK = 127;
const FRAME_BYTES = 8;

/** Nothing given: contexts as they are by default. */
export const NO_CONTEXT: RunContext = {};

/** The templates that every run's context starts from. */
export class ContextTemplates {
  readonly #memory: LinearMemory;
  readonly #run: number;
  /** Whether the templates hold what NO_CONTEXT gives. */
  #plainSkb = false;
  #plainXdp = false;
  /** Address of the frames of call stacks, 0 until a run has one. */
  #frames = 0;
  #hasStack = false;
  readonly #skbTemplate: SkbTemplate;
  #hasSkbState = false;
  #isTraced = false;
  readonly #hookTemplate: HookTemplate;
  #hasHook = false;

  /** @param run address of the run state */
  constructor(memory: LinearMemory, run: number) {
    this.#memory = memory;
    this.#run = run;
    this.#skbTemplate = new SkbTemplate(memory, run);
    this.#hookTemplate = new HookTemplate(memory, run);
  }

  write(kind: ContextKind, context: RunContext): void {
    if (context.stack !== undefined || this.#hasStack) this.#writeStack(context.stack);
    if (context.traced !== undefined || this.#isTraced) this.#writeTraced(context.traced);
    if (context.hook !== undefined || this.#hasHook) this.#writeHook(context.hook);
    if (kind === 'xdp') this.#writeXdp(context);
    else if (kind === 'skb') this.#writeSkb(context);
  }

  #writeTraced(traced: Traced | undefined): void {
    writeTraced(this.#memory, this.#run, traced ?? {});
    this.#isTraced = traced !== undefined;
  }

  #writeHook(hook: Hook | undefined): void {
    this.#hookTemplate.write(hook ?? {});
    this.#hasHook = hook !== undefined;
  }

  #writeStack({ kernel = [], user = [] }: CallStack = {}): void {
    this.#frames ||= this.#memory.alloc(2 * MAX_STACK * FRAME_BYTES);
    this.#writeFrames(this.#frames, kernel, layout.RUN_KERNEL_STACK);
    this.#writeFrames(this.#frames + MAX_STACK * FRAME_BYTES, user, layout.RUN_USER_STACK);
    this.#hasStack = kernel.length + user.length > 0;
  }

  /** @param field of the run state: the address, behind it the count */
  #writeFrames(at: number, frames: readonly bigint[], field: number): void {
    const kept = frames.slice(0, MAX_STACK);
    kept.forEach((address, index) => {
      this.#memory.setU64(at + index * FRAME_BYTES, unsigned64(`frame ${index} of the stack`, address));
    });
    this.#memory.setU32(this.#run + field, at);
    this.#memory.setU32(this.#run + field + 4, kept.length);
  }

  #writeXdp(context: RunContext): void {
    if (context === NO_CONTEXT && this.#plainXdp) return;
    this.#plainXdp = false; // until all of it is written: a field may be refused
    writeXdp(this.#memory, this.#run + layout.RUN_XDP_TEMPLATE, context);
    this.#plainXdp = context === NO_CONTEXT;
  }

  #writeSkb(context: RunContext): void {
    if (context === NO_CONTEXT && this.#plainSkb) return;
    this.#plainSkb = false;
    writeSkb(this.#memory, this.#run, context);
    if (context.skbState !== undefined || this.#hasSkbState) this.#skbTemplate.write(context.skbState ?? {});
    this.#hasSkbState = context.skbState !== undefined;
    this.#plainSkb = context === NO_CONTEXT;
  }

  /**
   * Where a pointer of the context goes, until the next write: the template of `struct __sk_buff`, whose pointers have 8
   * bytes. Of `struct xdp_md` they are those to the packet alone, which every run sets.
   */
  get pointers(): number {
    this.#plainSkb = false;
    return this.#run + layout.RUN_SKB_TEMPLATE;
  }

  /** Until the next write, socket buffers lead to flow keys there. */
  setFlowKeys(address: number): void {
    this.#plainSkb = false;
    this.#memory.setU64(this.#run + layout.RUN_SKB_TEMPLATE + layout.SKB_FLOW_KEYS, BigInt(address));
  }
}

/** The fields of the `struct __sk_buff` at `start`. */
export function readSkb(bytes: Uint8Array, start: number): Required<SkbContext> {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, layout.SKB_SIZE);
  const fields = Object.fromEntries(
    Object.entries(skbFields).map(([name, offset]) => [name, view.getUint32(offset, true)]),
  ) as Record<keyof typeof skbFields, number>;
  const cb = [0, 1, 2, 3, 4].map((i) => view.getUint32(layout.SKB_CB + 4 * i, true));
  return { ...fields, cb, tstamp: view.getBigUint64(layout.SKB_TSTAMP, true) };
}

/** `struct __sk_buff` with these fields; its pointers are 0, as BPF_PROG_TEST_RUN gives them back. */
export function skbBytes(context: Required<SkbContext>): Uint8Array {
  const bytes = new Uint8Array(layout.SKB_SIZE);
  const view = new DataView(bytes.buffer);
  for (const [name, offset] of Object.entries(skbFields))
    view.setUint32(offset, context[name as keyof typeof skbFields], true);
  context.cb.forEach((value, i) => {
    view.setUint32(layout.SKB_CB + 4 * i, value, true);
  });
  view.setBigUint64(layout.SKB_TSTAMP, context.tstamp, true);
  return bytes;
}
