import { readFileSync } from 'node:fs';
import { findType } from '../../../src/frontend/btf/lookup.ts';
import { parseBtf } from '../../../src/frontend/btf/parse.ts';
import type { Btf, BtfKind } from '../../../src/frontend/btf/types.ts';

/** The running kernel's own types, or why there are none. */
export function kernelTypes(): Btf | string {
  try {
    return parseBtf(readFileSync('/sys/kernel/btf/vmlinux'), 'vmlinux').btf;
  } catch (error) {
    return `no types of this kernel: ${String(error)}`;
  }
}

export const typeId = (btf: Btf, kind: BtfKind, name: string): number => findType(btf, name, kind) ?? 0;

/** Offsets in bytes of a structure's members by name, those of unnamed structures and unions inside it included. */
export function memberOffsets(btf: Btf, struct: string): ReadonlyMap<string, number> {
  const offsets = new Map<string, number>();
  const visit = (id: number, base: number): void => {
    const type = btf.types[id];
    if (type === undefined || !('members' in type)) return;
    for (const { name, type: inner, bitOffset } of type.members) {
      const at = base + bitOffset / 8;
      if (name === '') visit(inner, at);
      else offsets.set(name, at);
    }
  };
  visit(typeId(btf, 'struct', struct), 0);
  return offsets;
}
