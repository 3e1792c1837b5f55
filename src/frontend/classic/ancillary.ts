/**
 * The kernel's extensions of classic BPF: loads from offsets that no packet has give what is known of it otherwise
 * (SKF_AD_*, include/uapi/linux/filter.h; convert_bpf_extensions in net/core/filter.c).
 */
import * as layout from '../../abi/layout.ts';
import { CLASSIC_HELPERS, helperId } from '../../isa/helpers.ts';
import type { Insn } from '../../isa/insn.ts';
import { REG_A, REG_CONTEXT, REG_X } from './registers.ts';

/** Offsets from here on are extensions: -0x1000 as an unsigned number. */
export const SKF_AD_OFF = 0xfffff000;

const load = (field: number): Insn => ({
  kind: 'load',
  size: 4,
  signed: false,
  dst: REG_A,
  src: REG_CONTEXT,
  off: field,
});
/** Network to host order. */
const swap: Insn = { kind: 'endian', op: 'be', bits: 16, dst: REG_A };
const move = (dst: number, src: number): Insn => ({ kind: 'alu', op: 'mov', width: 64, dst, src });
const call = (imm: number): Insn => ({ kind: 'call', target: 'helper', imm, off: 0 });

/** r0 = helper(skb, A, X) */
const ask = (id: number): readonly Insn[] => [move(1, REG_CONTEXT), move(2, REG_A), move(3, REG_X), call(id)];

/** What is known of the device that a filter is attached to. */
export interface ClassicDevice {
  /** ARPHRD_*, as `ld #hatype` gives it. */
  readonly hardwareType: number;
}

type Extension = (device: ClassicDevice) => readonly Insn[];

/** By distance from SKF_AD_OFF. */
const EXTENSIONS: ReadonlyMap<number, Extension> = new Map<number, Extension>([
  [0, () => [load(layout.SKB_PROTOCOL), swap]],
  [4, () => [load(layout.SKB_PKT_TYPE)]],
  [8, () => [load(layout.SKB_IFINDEX)]],
  [12, () => ask(CLASSIC_HELPERS.bpf_skb_get_nlattr)],
  [16, () => ask(CLASSIC_HELPERS.bpf_skb_get_nlattr_nest)],
  [20, () => [load(layout.SKB_MARK)]],
  [24, () => [load(layout.SKB_QUEUE_MAPPING)]],
  [28, ({ hardwareType }) => [{ kind: 'alu', op: 'mov', width: 32, dst: REG_A, imm: hardwareType }]],
  [32, () => [load(layout.SKB_HASH)]],
  [36, () => [call(helperId('get_smp_processor_id') ?? 0)]],
  [40, () => [{ kind: 'alu', op: 'xor', width: 32, dst: REG_A, src: REG_X }]],
  [44, () => [load(layout.SKB_VLAN_TCI)]],
  [48, () => [load(layout.SKB_VLAN_PRESENT)]],
  [52, () => ask(CLASSIC_HELPERS.bpf_skb_get_pay_offset)],
  [56, () => [call(helperId('get_prandom_u32') ?? 0)]],
  [60, () => [load(layout.SKB_VLAN_PROTO), swap]],
]);

/** What takes the place of an absolute load at offset `k`; undefined for offsets that are none of the extensions'. */
export const extensionAt = (k: number): Extension | undefined => EXTENSIONS.get(k - SKF_AD_OFF);
