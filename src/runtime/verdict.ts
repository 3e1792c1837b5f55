import type { ProgramType } from '../frontend/program.ts';

const xdp = ['XDP_ABORTED', 'XDP_DROP', 'XDP_PASS', 'XDP_TX', 'XDP_REDIRECT'];
const tc = [
  'TC_ACT_OK',
  'TC_ACT_RECLASSIFY',
  'TC_ACT_SHOT',
  'TC_ACT_PIPE',
  'TC_ACT_STOLEN',
  'TC_ACT_QUEUED',
  'TC_ACT_REPEAT',
  'TC_ACT_REDIRECT',
  'TC_ACT_TRAP',
];

const tcVerdict = (value: number): string => (value === -1 ? 'TC_ACT_UNSPEC' : (tc[value] ?? String(value)));
const keepOrDrop = (value: number): string => (value === 0 ? 'drop' : 'keep');
const allow = (value: number): string => (value === 1 ? 'allow' : value === 0 ? 'deny' : String(value));
const xdpVerdict = (value: number): string => xdp[value] ?? String(value);

const named: Partial<Record<ProgramType, (value: number) => string>> = {
  xdp: xdpVerdict,
  sched_cls: tcVerdict,
  sched_act: tcVerdict,
  socket_filter: keepOrDrop,
  cgroup_skb: allow,
};

/** Names verdicts of a type by the low 32 bits of r0, signed; undefined where the type gives them no meaning. */
export const verdictsOf = (type: ProgramType): ((low: number) => string) | undefined => named[type];

/**
 * The name of a verdict by the program's type (XDP_PASS, TC_ACT_SHOT, keep …); r0 as an unsigned decimal where the
 * type gives it no meaning.
 */
export function verdictName(type: ProgramType, r0: bigint): string {
  const name = named[type];
  return name ? name(Number(BigInt.asIntN(32, r0))) : BigInt.asUintN(64, r0).toString();
}
