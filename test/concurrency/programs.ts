/** Programs that several threads run at once over one map, each of which notes what must never be. */
import { abi, type MapSpec } from '../../src/index.ts';
import { mapSpec } from '../api/build.ts';

/** Indexes of the array `faults`. */
export const FAULTS = ['another key', 'a value that changes', 'a torn value'] as const;

export const faults = mapSpec('faults', abi.MAP_TYPE_ARRAY, { maxEntries: FAULTS.length });

const VALUE_WORDS = 8;

/** r0 = bpf_get_prandom_u32(), many times: time for others to get between two looks. */
const pause = (times: number): string => 'call bpf_get_prandom_u32\n'.repeat(times);

const fault = (index: number, label: string): string => `
  *(u32 *)(r10 - 20) = ${index}
  r1 = map[faults]
  r2 = r10
  r2 += -20
  call bpf_map_lookup_elem
  if r0 == 0 goto ${label}
  r1 = 1
  lock *(u64 *)(r0 + 0) += r1
  ${label}:`;

export interface Keyed {
  readonly spec: MapSpec;
  /** How many keys programs use. */
  readonly keys: number;
  /** Updates put a new value in the old one's place, so that whoever has the old one keeps it. */
  readonly replaces: boolean;
}

/**
 * One operation on a random key: delete, update, or look up and look twice. All words of a value hold the key and one
 * random number; 0 where another CPU has made a per-CPU element. The key is at r10 - 12, before it (for tries) its 32 bits of prefix.
 */
export function keyedProgram({ spec, keys, replaces }: Keyed): string {
  const key = spec.type === abi.MAP_TYPE_LPM_TRIE ? -16 : -12;
  const stores = Array.from({ length: VALUE_WORDS }, (_, word) => `*(u64 *)(r10 - ${96 - word * 8}) = r8`);
  const last = (VALUE_WORDS - 1) * 8;
  return `
  *(u32 *)(r10 - 16) = 32
  call bpf_get_prandom_u32
  r6 = r0
  w6 %= ${keys}
  *(u32 *)(r10 - 12) = r6
  call bpf_get_prandom_u32
  r8 = r6
  r8 <<= 32
  w7 = w0
  r8 |= r7
  r7 &= 3
  if r7 == 0 goto delete
  if r7 == 1 goto update
  r1 = map[subject]
  r2 = r10
  r2 += ${key}
  call bpf_map_lookup_elem
  if r0 == 0 goto out
  r7 = r0
  r8 = *(u64 *)(r7 + 0)
  ${pause(40)}
  r9 = *(u64 *)(r7 + ${last})
  r1 = r9
  r1 >>= 32
  if r1 == r6 goto own
  ${replaces ? '' : 'if r9 == 0 goto out'}
  ${fault(0, 'own')}
  ${
    replaces
      ? `r1 = *(u64 *)(r7 + 0)
  if r1 == r8 goto same
  ${fault(1, 'same')}
  if r9 == r8 goto out
  ${fault(2, 'out')}`
      : 'out:'
  }
  r0 = 2
  exit
  update:
  ${stores.join('\n')}
  r1 = map[subject]
  r2 = r10
  r2 += ${key}
  r3 = r10
  r3 += -96
  r4 = 0
  call bpf_map_update_elem
  r0 = 2
  exit
  delete:
  r1 = map[subject]
  r2 = r10
  r2 += ${key}
  call bpf_map_delete_elem
  r0 = 2
  exit`;
}
