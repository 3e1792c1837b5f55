import type { ProgramType } from '../../frontend/program.ts';
import type {
  AnythingArgument,
  CallbackArgument,
  MapArgument,
  MemoryArgument,
  SizeArgument,
} from '../helpers/types.ts';

/**
 * What a kernel function (kfunc) takes and gives, as plain data. The kernel reads it off the function's BTF: types,
 * suffixes of parameter names (`__sz`, `__k`, …) and flags (KF_*). Where helpers have the same thing, its name is
 * that of the helpers.
 */

/** A scalar. `constant` (`__k`): a known one. */
export interface ScalarArgument {
  readonly kind: 'scalar';
  readonly constant: boolean;
}
/** A known constant: the bytes of the memory before it and of what is returned (`__szk`). */
export interface ConstSizeArgument {
  readonly kind: 'constSize';
}
/**
 * The program's context, unmodified, where `struct` is its type; undefined for that of any program. A trusted pointer
 * to the kernel's structure behind it will do as well. In programs with another context the register must point to
 * plain memory, or the call is refused.
 */
export interface ContextArgument {
  readonly kind: 'context';
  readonly struct: '__sk_buff' | 'xdp_md' | undefined;
}
/** Not looked at: any register, an uninitialised one too (`__ign`). */
export interface IgnoredArgument {
  readonly kind: 'ignored';
}
/** Filled in by the verifier; the register is not looked at (`__prog`). */
export interface ProgramAuxArgument {
  readonly kind: 'programAux';
}
/** NUL-terminated text in a frozen read-only map value (`__str`). */
export interface StringArgument {
  readonly kind: 'string';
}
/**
 * struct bpf_iter_<of> on the stack. After `next` the kernel walks on twice, without an element and with one.
 *
 * `uninit`: free stack slots that the call makes an iterator of (`new`); `active`:
 * one that exists. `destroy` gives the slots back.
 */
export interface IteratorArgument {
  readonly kind: 'iterator';
  /** `num`, `bits`, `task`, … */
  readonly of: string;
  /** Stack slots of 8 bytes. */
  readonly slots: number;
  readonly state: 'uninit' | 'active';
}
/** struct bpf_dynptr. A read-only one will do everywhere: writing through it fails at run time. */
export interface DynptrArgument {
  readonly kind: 'dynptr';
  readonly state: 'uninit' | 'initialised';
  /** Kind that the call makes; `clone`: that of the other dynptr, with its reference. */
  readonly of?: 'skb' | 'skbMeta' | 'xdp' | 'clone';
  readonly nullable: boolean;
}
/** 8 bytes of stack for saved interrupt flags: free (`uninit`), or as the call before left them (`saved`). */
export interface IrqFlagArgument {
  readonly kind: 'irqFlag';
  readonly state: 'uninit' | 'saved';
  /** Flags saved by a lock are restored by a lock. */
  readonly by: 'irq' | 'lock';
}
/**
 * Pointer to a structure of the kernel, unmodified. Maps and sockets count as bpf_map, sock and their relatives.
 *
 * - `trusted`: handed out by the kernel as valid, or referenced (KF_TRUSTED_ARGS)
 * - `rcu`: those, or protected by the RCU section the program is in (KF_RCU)
 * - `any`: also read from other structures by walking, but not what is untrusted (outside RCU sections, in sleepable
 *   programs, all that was walked)
 */
export interface BtfArgument {
  readonly kind: 'btf';
  readonly struct: string;
  readonly nullable: boolean;
  readonly trust: 'trusted' | 'rcu' | 'any';
  /** Must be referenced; the call releases it. */
  readonly release: boolean;
}
/** struct bpf_wq in a map value. */
export interface WorkqueueArgument {
  readonly kind: 'workqueue';
}
/** struct bpf_task_work in a map value. */
export interface TaskWorkArgument {
  readonly kind: 'taskWork';
}
/** What only functions marked `unsupported` take. */
export interface ObjectArgument {
  readonly kind: 'object';
  readonly of: 'allocated' | 'refcounted' | 'listHead' | 'listNode' | 'rbRoot' | 'rbNode' | 'resSpinLock';
}

export type KfuncArgument =
  | AnythingArgument
  | ScalarArgument
  | MemoryArgument
  | SizeArgument
  | ConstSizeArgument
  | ContextArgument
  | MapArgument
  | CallbackArgument
  | IgnoredArgument
  | ProgramAuxArgument
  | StringArgument
  | IteratorArgument
  | DynptrArgument
  | IrqFlagArgument
  | BtfArgument
  | WorkqueueArgument
  | TaskWorkArgument
  | ObjectArgument;

export type KfuncArgumentKind = KfuncArgument['kind'];

/** What r0 is after the call. */
export type KfuncResult =
  /** A scalar of which nothing is known; size and sign are those of the C type. */
  | { readonly kind: 'integer'; readonly size: 1 | 2 | 4 | 8; readonly signed: boolean }
  /** `void *`: a number, as far as the verifier goes. */
  | { readonly kind: 'address' }
  /** r0 is not readable. */
  | { readonly kind: 'void' }
  /**
   * Pointer to a structure of the kernel. `acquire`: the program must release it on every path, and may hand it on
   * as trusted. Without: `trusted` for good (for longer than the iterator it came from), `rcu` until the RCU section
   * ends, `untrusted` never.
   */
  | {
      readonly kind: 'btf';
      readonly struct: string;
      readonly nullable: boolean;
      readonly acquire: boolean;
      readonly trust: 'trusted' | 'rcu' | 'untrusted';
    }
  /** Pointer to plain memory; the element of an iterator over numbers is lost with the iterator. */
  | {
      readonly kind: 'memory';
      readonly size: number;
      readonly readOnly: boolean;
      readonly nullable: boolean;
    }
  /** Memory of as many bytes as the `constSize` argument has. */
  | { readonly kind: 'dynptrSlice'; readonly readOnly: boolean; readonly nullable: true }
  /** Trusted pointer to the structure behind the context (see `kernelContextOf`). */
  | { readonly kind: 'kernelContext' }
  /** Untrusted pointer to the structure whose type id the constant argument is; read-only memory for `void`. */
  | { readonly kind: 'readOnlyCast' }
  /** What only functions marked `unsupported` give. */
  | { readonly kind: 'object'; readonly nullable: boolean; readonly acquire: boolean };

/** Flags that the kernel registers a function with. */
export interface KfuncFlags {
  /** KF_ACQUIRE: the result is referenced. */
  readonly acquire: boolean;
  /** KF_RELEASE: the argument so marked is released. */
  readonly release: boolean;
  /** KF_RET_NULL: the result may be NULL. */
  readonly retNull: boolean;
  /** KF_TRUSTED_ARGS: pointers must be trusted, and none may be NULL unless it says so. */
  readonly trustedArgs: boolean;
  /** KF_RCU: as trustedArgs, or protected by the RCU section. */
  readonly rcu: boolean;
  /** KF_RCU_PROTECTED: only inside an RCU section. */
  readonly rcuProtected: boolean;
  /** KF_SLEEPABLE: only in sleepable programs, outside RCU sections, locks and sections without preemption. */
  readonly sleepable: boolean;
  /** KF_DESTRUCTIVE: may stop the machine; needs CAP_SYS_BOOT. */
  readonly destructive: boolean;
  /** KF_FASTCALL: r1 to r5 survive where the compiler spills them around the call. */
  readonly fastcall: boolean;
  /** KF_ITER_NEW, KF_ITER_NEXT, KF_ITER_DESTROY. */
  readonly iterator: 'new' | 'next' | 'destroy' | undefined;
}

/** What the call does to the state of the verifier beside registers and stack. */
export type KfuncEffect =
  | 'rcuLock'
  | 'rcuUnlock'
  | 'preemptDisable'
  | 'preemptEnable'
  | 'irqSave'
  | 'irqRestore'
  /** Does not return: the program ends, or its exception callback runs. */
  | 'throw'
  /** Never to be reached: compilers leave it where a value is undefined. */
  | 'trap';

/** What the kernel groups program types by when it hands out functions (enum btf_kfunc_hook). */
export type KfuncHook =
  | 'xdp'
  | 'tc'
  | 'structOps'
  | 'tracing'
  | 'syscall'
  | 'cgroup'
  | 'schedAct'
  | 'skSkb'
  | 'socketFilter'
  | 'lwt'
  | 'netfilter'
  | 'kprobe';

/** Programs that may call a function; each part that is given narrows it down. */
export interface KfuncWhere {
  readonly hooks?: readonly KfuncHook[];
  readonly types?: readonly ProgramType[];
  readonly attachTypes?: readonly string[];
  /** Only programs bound to a network device. */
  readonly deviceBound?: true;
}

/** A kernel function. */
export interface Kfunc {
  readonly name: string;
  /** r1 and on; registers beyond are not looked at. */
  readonly args: readonly KfuncArgument[];
  readonly result: KfuncResult;
  readonly flags: KfuncFlags;
  readonly where: KfuncWhere;
  readonly effect: KfuncEffect | undefined;
  /** Packet pointers are lost, in callers too. */
  readonly changesPacket: boolean;
  /** What the verifier checks beyond the argument kinds. */
  readonly checks: string | undefined;
  /** What webpf's verifier lacks for it. */
  readonly unsupported: string | undefined;
}

/** `btf` arguments of a table: what they must be trusted for follows from the flags. */
export type RowArgument = Exclude<KfuncArgument, BtfArgument> | Omit<BtfArgument, 'trust'>;

/** A row of the tables: what is not usual about a function. Flags of the result follow from the result. */
export interface KfuncRow {
  readonly args?: readonly RowArgument[];
  readonly result?: KfuncResult;
  /** What pointers to structures must be. */
  readonly trust?: 'trusted' | 'rcu';
  readonly rcuProtected?: true;
  readonly sleepable?: true;
  readonly fastcall?: true;
  readonly iterator?: 'new' | 'next' | 'destroy';
  readonly effect?: KfuncEffect;
  readonly changesPacket?: true;
  readonly checks?: string;
  readonly unsupported?: string;
}

/** Rows by name. */
export type KfuncTable = Readonly<Record<string, KfuncRow>>;
