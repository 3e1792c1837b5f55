/** What the verifier says of a program. */
import type { SourceLine } from '../errors.ts';
import type { CustomProgramType } from './custom.ts';
import type { Helper } from './helpers/types.ts';
import type { Proof } from './proof.ts';

/**
 * - `accept`: every run of the program is safe.
 * - `reject`: the kernel's rules are broken.
 * - `unsupported`: the program needs what webpf's verifier does not understand (yet): nothing is said of its safety.
 */
export type VerdictWord = 'accept' | 'reject' | 'unsupported';

/** A branch on the way to the refused instruction, or a call of one of the program's functions. */
export interface PathStep {
  /** Slot of the conditional jump or call. */
  readonly insn: number;
  /** Where the path went from there. */
  readonly to: number;
  readonly taken: boolean;
  readonly source?: SourceLine | undefined;
  /** Line that it went to. */
  readonly target?: SourceLine | undefined;
  /** How often in a row, together with the steps around it: rounds of a loop. Absent for once. */
  readonly count?: number;
  /** Name of the function that the call enters; absent for branches. */
  readonly enters?: string;
}

/** A register of the refused instruction. */
export interface RegisterState {
  readonly register: number;
  /** As the kernel's log prints it: `scalar(smin=0,…)`, `pkt(r=14)`. */
  readonly state: string;
  /** Where that came from: `skb->len, read at line 12`; absent where it is not known. */
  readonly origin?: string;
}

/** Why a program is not accepted. */
export interface Rejection {
  /** In the kernel's wording where it has one. */
  readonly reason: string;
  /** Slot of the instruction. */
  readonly insn: number;
  /** The instruction as text; '' where there is none. */
  readonly instruction: string;
  readonly source?: SourceLine | undefined;
  /** One sentence in terms of the source: variables, fields, lines. */
  readonly summary: string;
  /** What would make it right; '' when there is nothing to say. */
  readonly hint: string;
  /** The branches taken from the program's start: the last ones, where there are many. */
  readonly path: readonly PathStep[];
  /** Branches before the first of `path`. */
  readonly earlier: number;
  /** The registers the instruction reads, at the end of that path. */
  readonly registers: readonly RegisterState[];
}

export interface VerifierStats {
  /** Instructions walked, on all paths. */
  readonly insnsProcessed: number;
  readonly totalStates: number;
  readonly peakStates: number;
  /** Most bytes of linear memory in use. */
  readonly memory: number;
  /** Wall-clock time, ms. */
  readonly ms: number;
}

export interface Verification extends VerifierStats {
  readonly verdict: VerdictWord;
  /** Where not accepted. */
  readonly rejection: Rejection | undefined;
  /** Where accepted. */
  readonly proof: Proof | undefined;
  /** Lines of the walk in the kernel's form, where asked for. */
  readonly log: readonly string[];
}

export interface VerifyOptions {
  /** Keep the walk's log: 1 for the states at branches, 2 for every instruction (as the kernel's log levels). */
  readonly logLevel?: 0 | 1 | 2;
  /** The rules for users without CAP_BPF: no leaks of pointers, no loops over 4,096 instructions. Default false. */
  readonly unprivileged?: boolean;
  /** False: the rules for users with CAP_BPF but without CAP_PERFMON. Default true. */
  readonly perfmon?: boolean;
  /** The program's type is this one of the host's own, whatever its section says. */
  readonly programType?: CustomProgramType;
  /** Helpers of the host's own by id, which programs of every type may call; before the kernel's where both have the id. */
  readonly helpers?: ReadonlyMap<number, Helper>;
  /**
   * Know no more than Linux 6.18 does, for telling why verdicts differ. Results of divisions and of shifts by a register are
   * unknown; a register combined with itself is two; known bits alone decide a jset; paths that no value takes are
   * walked; precision is not followed through packet loads; all that a stack slot holds counts where states are
   * compared; a number plus r10 in a called function points into the main program's stack. Default false.
   */
  readonly likeLinux?: boolean;
  /** BPF_F_STRICT_ALIGNMENT: every access aligned to its size. Default false. */
  readonly strictAlignment?: boolean;
  /** BPF_F_TEST_STATE_FREQ: a checkpoint at every pruning point, for tests of pruning. Default false. */
  readonly stateFreq?: boolean;
  /** Instructions to walk before giving up. Default 1,000,000, as the kernel. */
  readonly maxInsns?: number;
  /** Bytes of memory for states before giving up. Default 448 MiB. */
  readonly maxMemory?: number;
  /** CPUs of the machine the program is for: bpf_get_smp_processor_id returns less. Default 8192. */
  readonly cpus?: number;
}
