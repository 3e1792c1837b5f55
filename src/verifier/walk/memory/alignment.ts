/** Alignment: always of the stack and of atomics, of everything where asked for (check_ptr_alignment). */
import * as abi from '../../../abi/state.ts';
import { SCALAR_MASK, SCALAR_VALUE } from '../../../abi/verifier.ts';
import { kindOf } from '../../state/kinds.ts';
import { tnumText } from '../describe.ts';
import { refuse } from '../refusal.ts';
import type { Walk } from '../walk.ts';
import type { Access } from './regions.ts';

const NAMES: ReadonlyMap<number, string> = new Map([
  [abi.KIND_FLOW_KEYS, 'flow keys '],
  [abi.KIND_MAP_KEY, 'key '],
  [abi.KIND_MAP_VALUE, 'value '],
  [abi.KIND_CTX, 'context '],
  [abi.KIND_STACK, 'stack '],
  [abi.KIND_SOCK, 'sock '],
  [abi.KIND_SOCK_COMMON, 'sock_common '],
  [abi.KIND_TCP_SOCK, 'tcp_sock '],
  [abi.KIND_XDP_SOCK, 'xdp_sock '],
]);

/** The kernel lays packets out so that the header behind an Ethernet header is aligned. */
const NET_IP_ALIGN = 2;

/** Whether base + variable part + fixed part is a multiple of the size, whatever the variable part. */
function isAligned(walk: Walk, r: number, fixed: number, size: number): boolean {
  const { u32 } = walk.memory;
  const [value = 0, mask = 0] = [u32[(r + SCALAR_VALUE) >> 2], u32[(r + SCALAR_MASK) >> 2]];
  return ((mask | (value + fixed)) & (size - 1)) === 0;
}

export function checkAlignment(
  walk: Walk,
  { register, off, size, aligned = false }: Access & { readonly aligned?: boolean },
): void {
  const { memory, rules } = walk;
  const r = walk.reg(register);
  const kind = kindOf(memory.type(r));
  if (size === 1 || kind === abi.KIND_ARENA || !(rules.strictAlignment || aligned || kind === abi.KIND_STACK))
    return;
  const fixed = memory.off(r) + off;
  const isPacket = kind === abi.KIND_PACKET || kind === abi.KIND_PACKET_META;
  if (isAligned(walk, r, isPacket ? fixed + NET_IP_ALIGN : fixed, size)) return;
  const place = `${tnumText(walk, r)}+${memory.off(r)}+${off} size ${size}`;
  const what = isPacket ? `packet access off ${NET_IP_ALIGN}+` : `${NAMES.get(kind) ?? ''}access off `;
  refuse(`misaligned ${what}${place}`, {
    registers: [register],
    hint: `${size} bytes are accessed at addresses that are multiples of ${size}`,
  });
}
