import type { ProgramType } from '../../frontend/program.ts';
import { attachTypeInForce } from './attach.ts';

/** Values a program may return in r0, inclusive; they are compared as signed 64-bit numbers. */
export interface ReturnRange {
  readonly min: number;
  readonly max: number;
}

/** What is known of r0 at exit: signed 64-bit bounds, or the kind of a pointer in the words of the log (`fp`). */
export type ExitValue = { readonly min: bigint; readonly max: bigint } | { readonly pointer: string };

interface Row {
  readonly types: readonly ProgramType[];
  readonly attachTypes?: RegExp;
  readonly range: ReturnRange;
}

const YES_OR_NO: ReturnRange = { min: 0, max: 1 };
/** The second bit asks for more: congestion to be told (egress), a privileged port to be allowed (bind). */
const YES_OR_NO_AND_MORE: ReturnRange = { min: 0, max: 3 };
const MUST_ALLOW: ReturnRange = { min: 1, max: 1 };
const NOTHING: ReturnRange = { min: 0, max: 0 };

/** The first that fits counts (check_return_code of kernel/bpf/verifier.c). */
const ROWS: readonly Row[] = [
  { types: ['cgroup_sock_addr'], attachTypes: /_(recvmsg|getpeername|getsockname)$/, range: MUST_ALLOW },
  { types: ['cgroup_sock_addr'], attachTypes: /_bind$/, range: YES_OR_NO_AND_MORE },
  { types: ['cgroup_skb'], attachTypes: /_egress$/, range: YES_OR_NO_AND_MORE },
  {
    types: ['cgroup_skb', 'cgroup_sock', 'cgroup_sock_addr', 'cgroup_device', 'cgroup_sysctl'],
    range: YES_OR_NO,
  },
  { types: ['cgroup_sockopt', 'sock_ops', 'sk_lookup', 'netfilter'], range: YES_OR_NO },
  { types: ['kprobe'], attachTypes: /^trace_[ku]probe_session$/, range: YES_OR_NO },
  // 1 asks for the same object again.
  { types: ['tracing'], attachTypes: /^trace_iter$/, range: YES_OR_NO },
  { types: ['tracing'], attachTypes: /^trace_(fentry|fexit)$/, range: NOTHING },
];

/**
 * What a program of this kind may return; undefined when everything goes. What programs of type lsm, struct_ops and
 * ext may return depends on the function they are attached to, which is not asked here.
 */
export function returnRangeOf(type: ProgramType, attachType?: string): ReturnRange | undefined {
  const own = attachTypeInForce(type, attachType) ?? '';
  const row = ROWS.find(
    ({ types, attachTypes }) => types.includes(type) && (attachTypes === undefined || attachTypes.test(own)),
  );
  return row?.range;
}

const LEAST = -(2n ** 63n);
const GREATEST = 2n ** 63n - 1n;

const known = (min: bigint, max: bigint): string => {
  const bounds = `${min > LEAST ? ` smin=${min}` : ''}${max < GREATEST ? ` smax=${max}` : ''}`;
  return bounds === '' ? ' unknown scalar value' : bounds;
};

/** The kernel's complaint about what a program returns; undefined when it is within the range. */
export function refuseReturn({ min, max }: ReturnRange, value: ExitValue): string | undefined {
  const subject = 'At program exit the register R0';
  if ('pointer' in value) return `${subject} is not a known value (${value.pointer})`;
  if (value.min >= BigInt(min) && value.max <= BigInt(max)) return undefined;
  return `${subject} has${known(value.min, value.max)} should have been in [${min}, ${max}]`;
}
