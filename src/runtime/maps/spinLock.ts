import { resolve } from '../../frontend/btf/lookup.ts';
import type { MapSpec } from '../../frontend/program.ts';

/**
 * Offset in bytes of the `struct bpf_spin_lock` in a map's values; undefined when they have none. As in the kernel
 * it is a member of the value's own struct, not of one inside it.
 */
export function spinLockOffset({ btf, valueTypeId }: MapSpec): number | undefined {
  if (!btf || !valueTypeId) return undefined;
  const value = resolve(btf, valueTypeId);
  if (value.kind !== 'struct') return undefined;
  const lock = value.members.find(({ type }) => {
    const member = resolve(btf, type);
    return member.kind === 'struct' && member.name === 'bpf_spin_lock';
  });
  return lock && lock.bitOffset / 8;
}
