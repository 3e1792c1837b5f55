import { accessStructure } from './access.ts';
import { ANY_WIDTH, field } from './fields.ts';
import { hintFor } from './hint.ts';
import { SOCKETS } from './tables/sockets.ts';
import type { Access, Granted, Refused, SocketKind, Structure } from './types.ts';

/** struct bpf_flow_keys, what a flow dissector fills in (check_flow_keys_access of kernel/bpf/verifier.c). */
const FLOW_KEYS: Structure = {
  name: 'bpf_flow_keys',
  size: 56,
  fields: [{ ...field('keys', 0, 56, ANY_WIDTH), write: ANY_WIDTH }],
  unaligned: true,
};

/** Registers, in the words of the kernel's log, that lead to a structure of fixed layout. */
export type Pointee = SocketKind | 'flow_keys';

export const structureOf = (pointee: Pointee): Structure =>
  pointee === 'flow_keys' ? FLOW_KEYS : SOCKETS[pointee];

const complaint = (pointee: Pointee, { offset, size, write }: Access, register: number): string => {
  if (pointee === 'flow_keys') return `invalid access to flow keys off=${offset} size=${size}`;
  if (write) return `R${register} cannot write into ${pointee}`;
  return `R${register} invalid ${pointee} access off=${offset} size=${size}`;
};

/**
 * A load or store at a constant offset through a register that a context (or a helper) yielded.
 *
 * @param register number of that register, for the message
 */
export function accessPointee(pointee: Pointee, access: Access, register: number): Granted | Refused {
  const structure = structureOf(pointee);
  const granted = accessStructure(structure, access);
  if (granted !== undefined) return granted;
  return { refused: complaint(pointee, access, register), hint: hintFor(structure, access) };
}
