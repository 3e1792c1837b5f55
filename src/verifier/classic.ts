/** What programs translated from classic BPF may do beyond the rules of their type. */
import type { Program } from '../frontend/program.ts';
import { CLASSIC_HELPERS } from '../isa/helpers.ts';
import { words } from './contexts/fields.ts';
import { type CustomProgramType, defineProgramType } from './custom.ts';
import type { Helper } from './helpers/types.ts';
import { any, context } from './helpers/vocabulary.ts';

/** struct seccomp_data (include/uapi/linux/seccomp.h), in words: filters load nothing else. */
const seccompData = {
  name: 'seccomp_data',
  size: 64,
  fields: words(0, 'nr arch instruction_pointer[2] args[12]'),
  packet: 'none',
} as const;

let seccomp: CustomProgramType | undefined;

/** The type of programs that Linux has none for: filters of system calls. */
export function classicType({ classic }: Program): CustomProgramType | undefined {
  if (classic !== 'seccomp') return undefined;
  seccomp ??= defineProgramType({ name: 'seccomp', context: seccompData, kernelHelpers: 'none' });
  return seccomp;
}

const helper = (name: keyof typeof CLASSIC_HELPERS): [number, Helper] => [
  CLASSIC_HELPERS[name],
  {
    id: CLASSIC_HELPERS[name],
    name,
    args: [context, any, any],
    result: { kind: 'integer' },
    gplOnly: false,
    changesPacket: false,
    packetAccess: false,
    mightSleep: false,
    fastcall: false,
    refusedByConfig: undefined,
    checks: undefined,
    variants: [],
  },
];

const HELPERS: ReadonlyMap<number, Helper> = new Map([
  helper('bpf_skb_get_pay_offset'),
  helper('bpf_skb_get_nlattr'),
  helper('bpf_skb_get_nlattr_nest'),
]);
const NONE: ReadonlyMap<number, Helper> = new Map();

/** Functions that filters of packets may call, and no other program. */
export const classicHelpers = ({ classic }: Program): ReadonlyMap<number, Helper> =>
  classic === 'socket' ? HELPERS : NONE;
