/** Registers in the words of the kernel's messages. */
import { KIND_BTF } from '../../abi/state.ts';
import { kindOf, typeName } from '../state/kinds.ts';
import type { Walk } from './walk.ts';

/** The register's type as messages name it. */
export function nameOfType(walk: Walk, r: number): string {
  return nameOf(walk, walk.memory.type(r), walk.memory.aux(r));
}

export const nameOf = (walk: Walk, type: number, aux: number): string =>
  kindOf(type) === KIND_BTF ? typeName(type) + walk.names.name(aux) : typeName(type);

const hex = (x: bigint): string => `0x${x.toString(16)}`;

/** The variable part of a pointer's offset: `(0x0; 0xff)`, or a number where it is known. */
export function tnumText(walk: Walk, r: number): string {
  const { value, mask } = walk.memory.scalar(r);
  if (mask === 0n) return value === 0n ? '0' : hex(value);
  return `(${hex(value)}; ${hex(mask)})`;
}
