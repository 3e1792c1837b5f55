import type { ProgramType } from '../../frontend/program.ts';

/**
 * What a helper function takes and gives, in the kernel's vocabulary (include/linux/bpf.h: enum bpf_arg_type, enum
 * bpf_return_type, struct bpf_func_proto), as plain data. Helpers of a host speak the same vocabulary.
 */

/** Memory the helper reads, writes, or writes without having looked (so that it may be uninitialised). */
export type MemoryAccess = 'read' | 'write' | 'uninit';

/** Any initialised register. */
export interface AnythingArgument {
  readonly kind: 'anything';
}
/** A map; later `mapKey` and `mapValue` arguments take their sizes from it. */
export interface MapArgument {
  readonly kind: 'map';
}
/** Memory of the map's key size. */
export interface MapKeyArgument {
  readonly kind: 'mapKey';
}
/** Memory of the map's value size. */
export interface MapValueArgument {
  readonly kind: 'mapValue';
  readonly access: MemoryAccess;
  readonly nullable: boolean;
}
/** Memory whose size is the next argument (`size`), or fixed. */
export interface MemoryArgument {
  readonly kind: 'memory';
  readonly access: MemoryAccess;
  readonly nullable: boolean;
  /** Bytes; undefined where the next argument tells. */
  readonly size?: number;
  /** Must be aligned to its size. */
  readonly aligned?: boolean;
}
/** Size in bytes of the memory argument before it; its greatest possible value counts. */
export interface SizeArgument {
  readonly kind: 'size';
  readonly zeroAllowed: boolean;
}
/** A known constant: the bytes of the memory that is returned. */
export interface AllocationSizeArgument {
  readonly kind: 'allocationSize';
}
/** The program's context, unmodified. */
export interface ContextArgument {
  readonly kind: 'context';
  readonly nullable: boolean;
}
/**
 * A socket: `sock_common` takes every socket register; `btf_sock_common` also BTF pointers to the kernel's socket
 * structures; `sock` full sockets alone.
 */
export interface SocketArgument {
  readonly kind: 'socket';
  readonly of: 'sock_common' | 'btf_sock_common' | 'sock';
  readonly nullable: boolean;
  /** The call releases the reference. */
  readonly release: boolean;
}
/** Trusted pointer to a structure of the kernel. */
export interface BtfArgument {
  readonly kind: 'btf';
  readonly struct: string;
  readonly nullable: boolean;
}
/** Pointer to a per-CPU variable of the kernel. */
export interface PerCpuBtfArgument {
  readonly kind: 'perCpuBtf';
}
/** Record from ringbuf_reserve, at its start; the call releases it. */
export interface RingRecordArgument {
  readonly kind: 'ringRecord';
}
/** A static subprogram (lddw pseudo 4) that the helper calls. */
export interface CallbackArgument {
  readonly kind: 'callback';
}
/** Pointer into the stack, handed to the callback. */
export interface StackArgument {
  readonly kind: 'stack';
  readonly nullable: boolean;
}
/** NUL-terminated text in a frozen read-only map value. */
export interface ConstantStringArgument {
  readonly kind: 'constantString';
}
/** struct bpf_spin_lock in a map value or allocated object. */
export interface SpinLockArgument {
  readonly kind: 'spinLock';
}
/** struct bpf_timer in a map value. */
export interface TimerArgument {
  readonly kind: 'timer';
}
/** A `__kptr` field of a map value or allocated object. */
export interface KptrArgument {
  readonly kind: 'kptr';
}
/** Pointer (or NULL) that goes into the `__kptr` field; its reference is given up. */
export interface KptrValueArgument {
  readonly kind: 'kptrValue';
}
/**
 * struct bpf_dynptr: `uninit` is a free stack slot that the call turns into a dynptr; `initialised` one that exists.
 */
export interface DynptrArgument {
  readonly kind: 'dynptr';
  readonly state: 'uninit' | 'initialised';
  /** Kind that the call makes or wants; undefined for any. */
  readonly of?: 'local' | 'ringbuf';
  /** A read-only dynptr (of an skb that may not be written, say) will do. */
  readonly readOnly: boolean;
  readonly release: boolean;
}

export type Argument =
  | AnythingArgument
  | MapArgument
  | MapKeyArgument
  | MapValueArgument
  | MemoryArgument
  | SizeArgument
  | AllocationSizeArgument
  | ContextArgument
  | SocketArgument
  | BtfArgument
  | PerCpuBtfArgument
  | RingRecordArgument
  | CallbackArgument
  | StackArgument
  | ConstantStringArgument
  | SpinLockArgument
  | TimerArgument
  | KptrArgument
  | KptrValueArgument
  | DynptrArgument;

export type ArgumentKind = Argument['kind'];

/** What r0 is after the call. */
export type Result =
  /** A scalar; `range`: what is known of it. */
  | { readonly kind: 'integer'; readonly range?: ResultRange }
  /** r0 is not readable. */
  | { readonly kind: 'void' }
  /** Value of the map argument (an inner map of a map-in-map, a socket of a sockmap). */
  | { readonly kind: 'mapValue'; readonly nullable: boolean }
  | {
      readonly kind: 'socket';
      readonly of: 'sock_common' | 'sock' | 'tcp_sock';
      readonly nullable: true;
      /** The program must release it on every path. */
      readonly acquire: boolean;
    }
  /** Memory of `allocationSize` bytes: a ring record that must be submitted or discarded, or data of a dynptr. */
  | { readonly kind: 'ringRecord'; readonly nullable: true; readonly acquire: true }
  | { readonly kind: 'dynptrData'; readonly nullable: true }
  /** The per-CPU variable of the argument, read-only. */
  | { readonly kind: 'perCpuVariable'; readonly nullable: boolean }
  /** Pointer to a structure of the kernel. */
  | { readonly kind: 'btf'; readonly struct: string; readonly nullable: boolean; readonly trusted: boolean }
  /** What the `__kptr` field held before. */
  | { readonly kind: 'kptr'; readonly nullable: true; readonly acquire: true };

/**
 * - `size`: an error (-4095 to -1) or at most what the size argument can be (do_refine_retval_range).
 * - `cpu`: 0 to the number of possible CPUs - 1.
 */
export type ResultRange = 'size' | 'cpu';

/** What a helper takes and gives in one kind of program. */
export interface Prototype {
  /** r1 and on; registers beyond are not looked at. */
  readonly args: readonly Argument[];
  readonly result: Result;
  /** Only for programs with a GPL-compatible license. */
  readonly gplOnly: boolean;
}

/** A helper with everything that is the same in all programs. */
export interface Helper extends Prototype {
  readonly id: number;
  /** With `bpf_`. */
  readonly name: string;
  /** Packet pointers are lost, in callers too: the packet may move. */
  readonly changesPacket: boolean;
  /** Memory arguments may be packet data, once its bounds are proved. */
  readonly packetAccess: boolean;
  /** Only for sleepable programs, and not while a lock or an RCU section is held. */
  readonly mightSleep: boolean;
  /** r1 to r5 survive the call where the compiler spills them around it (bpf_fastcall). */
  readonly fastcall: boolean;
  /** The kernel may be built or locked down so that nobody gets it. */
  readonly refusedByConfig: string | undefined;
  /** What the verifier checks beyond the argument kinds. */
  readonly checks: string | undefined;
  /** Prototypes that differ from the usual one, by where they are in force. */
  readonly variants: readonly Variant[];
}

/** Another prototype in some programs. */
export interface Variant {
  readonly where: Where;
  readonly prototype: Prototype;
}

/** Programs of these types, and where given with one of these attach types. */
export interface Where {
  readonly types: readonly ProgramType[];
  readonly attachTypes?: readonly string[];
  readonly sleepable?: boolean;
}

/** Where a call stands; a Program is one. */
export interface HelperSite {
  readonly type: ProgramType;
  /** Expected attach type: BPF_* in lower case; '' or absent for none. */
  readonly attachType?: string | undefined;
  readonly sleepable?: boolean | undefined;
  readonly license?: string | undefined;
  /** False: loaded without CAP_PERFMON (and CAP_SYS_ADMIN), though with CAP_BPF. */
  readonly perfmon?: boolean | undefined;
}

/** A row of the tables: what is not usual about a helper. */
export interface HelperRow {
  readonly args: readonly Argument[];
  readonly result?: Result;
  readonly gplOnly?: true;
  readonly changesPacket?: true;
  readonly packetAccess?: true;
  readonly mightSleep?: true;
  readonly fastcall?: true;
  readonly refusedByConfig?: string;
  readonly checks?: string;
  readonly variants?: readonly VariantRow[];
}

export interface VariantRow {
  readonly where: Where;
  readonly args?: readonly Argument[];
  readonly gplOnly?: boolean;
}

/** Rows by name without `bpf_`. */
export type HelperTable = Readonly<Record<string, HelperRow>>;
