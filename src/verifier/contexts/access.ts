import { hintFor } from './hint.ts';
import type { Access, Context, Field, Granted, Refused, Structure } from './types.ts';

const takes = (field: Field, { offset, size, write, signed = false }: Access): boolean => {
  const end = field.offset + field.size;
  if (offset < field.offset || offset + size > end) return false;
  if (field.anchored === true && offset !== field.offset) return false;
  if (signed && field.yields.kind !== 'scalar') return false;
  return ((write ? field.write : field.read) & size) !== 0;
};

/** The field that takes the access; undefined when none does. */
export function accessStructure({ fields, unaligned }: Structure, access: Access): Granted | undefined {
  const { offset, size } = access;
  if (offset < 0 || (unaligned !== true && offset % size !== 0)) return undefined;
  const field = fields.find((one) => takes(one, access));
  return field === undefined ? undefined : { field, yields: field.yields };
}

/**
 * A load or store of the context at a constant offset (is_valid_access of the kernel's program types).
 *
 * The kernel also takes negative offsets of a tracepoint's context, by comparing a negative int with a size_t
 * (tp_prog_is_valid_access): what lies there is nobody's, so that they are refused here.
 */
export function accessContext(context: Context, access: Access): Granted | Refused {
  const granted = accessStructure(context, access);
  if (granted !== undefined) return granted;
  const refused = `invalid bpf_context access off=${access.offset} size=${access.size}`;
  return { refused, hint: hintFor(context, access) };
}
