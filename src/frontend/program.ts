import type { SourceLine, WebpfError } from '../errors.ts';
import type { Btf } from './btf/types.ts';

/** Program types by the kernel's names in lower case (enum bpf_prog_type without BPF_PROG_TYPE_). */
export type ProgramType =
  | 'unspec'
  | 'socket_filter'
  | 'kprobe'
  | 'sched_cls'
  | 'sched_act'
  | 'tracepoint'
  | 'xdp'
  | 'perf_event'
  | 'cgroup_skb'
  | 'cgroup_sock'
  | 'lwt_in'
  | 'lwt_out'
  | 'lwt_xmit'
  | 'sock_ops'
  | 'sk_skb'
  | 'cgroup_device'
  | 'sk_msg'
  | 'raw_tracepoint'
  | 'cgroup_sock_addr'
  | 'lwt_seg6local'
  | 'lirc_mode2'
  | 'sk_reuseport'
  | 'flow_dissector'
  | 'cgroup_sysctl'
  | 'raw_tracepoint_writable'
  | 'cgroup_sockopt'
  | 'tracing'
  | 'struct_ops'
  | 'ext'
  | 'lsm'
  | 'sk_lookup'
  | 'syscall'
  | 'netfilter';

/** The helper whose call stands in {@link Program.poisoned} slots: libbpf's number, "bad relo" (0xbad2310). */
export const POISON_HELPER = 195_896_080;

/** A map as an object file (or a caller) defines it. Plain data. */
export interface MapSpec {
  readonly name: string;
  /** enum bpf_map_type, as in `MapType` of src/abi/maps.ts. */
  readonly type: number;
  /** Bytes. */
  readonly keySize: number;
  /** Bytes. */
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_* creation flags. */
  readonly flags: number;
  readonly mapExtra?: bigint | undefined;
  readonly numaNode?: number | undefined;
  /** LIBBPF_PIN_*: 0 none, 1 by name. */
  readonly pinning?: number | undefined;
  /** BTF type ids of key and value in `btf`; undefined or 0 when unknown. */
  readonly keyTypeId?: number | undefined;
  readonly valueTypeId?: number | undefined;
  readonly btf?: Btf | undefined;
  /** Template of the inner maps of array_of_maps and hash_of_maps. */
  readonly inner?: MapSpec | undefined;
  /** Initial slots: `.values` of a map-in-map (map names) or of a prog_array (program names), members of a struct_ops table. */
  readonly slots?: readonly MapSlot[] | undefined;
  /** Contents of .rodata*, .data*, .bss* (an array map of one value). */
  readonly data?: Uint8Array | undefined;
  /** .rodata*: frozen once loaded. */
  readonly frozen?: boolean | undefined;
  /** ELF section it came from; '' when made by hand. */
  readonly section: string;
}

export interface MapSlot {
  /** Key, or offset of the member in a struct_ops table (bytes). */
  readonly index: number;
  readonly kind: 'map' | 'program';
  readonly name: string;
}

/** A function of a program: the main program or a subprogram linked into it. */
export interface Subprogram {
  readonly name: string;
  /** Slot of its first instruction. */
  readonly start: number;
  /** Slots. */
  readonly length: number;
  readonly linkage: 'main' | 'static' | 'global';
  /** BTF id of its FUNC; undefined without BTF. */
  readonly btfTypeId?: number | undefined;
}

/** Source line of an instruction; valid from `insn` until the next entry. */
export interface LineInfo extends SourceLine {
  readonly insn: number;
}

/** What a callback is given: a word each. */
export type CallbackParameter =
  | { readonly kind: 'scalar'; readonly name: string }
  /** The address of `size` bytes: a value of the type with this BTF id. */
  | {
      readonly kind: 'memory';
      readonly name: string;
      readonly size: number;
      readonly type: number;
      readonly writable: boolean;
      readonly nullable: boolean;
    }
  /** An object of the host, of this struct of the kernel's. */
  | { readonly kind: 'object'; readonly name: string; readonly struct: string; readonly nullable: boolean };

/** What a program of type struct_ops implements: a member of a table of callbacks. */
export interface Callback {
  /** Of the table. */
  readonly struct: string;
  readonly member: string;
  readonly parameters: readonly CallbackParameter[];
  /** BTF id of the result's type; undefined when nothing is returned. */
  readonly result: number | undefined;
}

/**
 * A program ready for the verifier and the engines: plain data, no file behind it.
 *
 * `code` is linked: the main program comes first, every subprogram it reaches follows, local calls are
 * relocated. References to maps are lddw with pseudo source 5 (map) or 6 (map value + offset in the second
 * imm), whose first imm is an index into `maps`; function addresses are lddw with pseudo source 4 and the slot
 * distance from the next-but-one... see RFC 9669 section 5.4: imm counts slots from the slot after the *first* slot.
 */
export interface Program {
  readonly name: string;
  /** ELF section ('' when made by hand). */
  readonly section: string;
  readonly type: ProgramType;
  /** True when the section names no type and `type` is a guess or unspec. */
  readonly typeGuessed: boolean;
  /** What follows the type in the section name (attach target), '' when nothing does. */
  readonly attachTo: string;
  /** Expected attach type: BPF_* in lower case without the prefix (`trace_fentry`); '' or absent for none. */
  readonly attachType?: string | undefined;
  /** BPF_F_SLEEPABLE (section suffix .s). */
  readonly sleepable: boolean;
  /** XDP multi-buffer (section suffix .frags). */
  readonly frags: boolean;
  /** False for a section that begins with '?'. */
  readonly autoload: boolean;
  readonly code: Uint8Array;
  readonly subprograms: readonly Subprogram[];
  readonly maps: readonly MapSpec[];
  /**
   * Names of the kernel functions the program calls: the imm of a kfunc call is an index into them, its off is 0.
   * (Linux has a BTF id and a module's BTF there, which mean nothing outside the kernel that gave them.)
   */
  readonly kfuncs?: readonly string[] | undefined;
  /**
   * Slots that load the address of a kernel function which may be missing (weak), and its name: 0 where it is, else a
   * number of its own in this program. Who runs the program knows.
   */
  readonly kfuncAddresses?: ReadonlyMap<number, string> | undefined;
  /**
   * Slots that must not be reached, and why not: their CO-RE relocations ask for types of a kernel, which webpf does
   * not have. Helper {@link POISON_HELPER} is called there, as libbpf leaves them, which no engine has: programs that
   * ask whether the types are there before they use them have such slots in dead code.
   */
  readonly poisoned?: ReadonlyMap<number, string> | undefined;
  /**
   * It was translated from a classic filter: of packets (`socket`), or of system calls (`seccomp`), whose programs have
   * `struct seccomp_data` for their context and no type of Linux.
   */
  readonly classic?: 'socket' | 'seccomp' | undefined;
  /** Programs of type struct_ops that a table of the object refers to: what they are called with. */
  readonly callback?: Callback | undefined;
  readonly lines: readonly LineInfo[];
  readonly license: string;
  readonly btf?: Btf | undefined;
}

/** A program of an object file that cannot be linked, and why: the others are not affected. */
export interface RefusedProgram {
  readonly program: string;
  readonly section: string;
  readonly error: WebpfError;
}

/** Everything an object file holds. */
export interface ObjectFile {
  /** Path or name given by the caller, for messages. */
  readonly name: string;
  readonly programs: readonly Program[];
  /** Programs that need what webpf lacks (kconfig, variables of the kernel) or that are damaged. */
  readonly refused: readonly RefusedProgram[];
  readonly maps: readonly MapSpec[];
  readonly license: string;
  readonly btf?: Btf | undefined;
}
