/** Fields of map values that hold timers and work. */
import * as layout from '../../abi/layout.ts';
import type { MapSpec } from '../../frontend/program.ts';
import { specialFields } from '../../verifier/walk/fields.ts';
import type { LinearMemory } from '../memory.ts';

const KINDS: readonly (readonly [kind: number, struct: string])[] = [
  [layout.LATER_TIMER, 'bpf_timer'],
  [layout.LATER_WORK, 'bpf_wq'],
];
/** Bytes of struct bpf_timer and bpf_wq. */
const FIELD_SIZE = 16;

/** Kind and offset of each. */
function offsetsOf(spec: MapSpec): readonly (readonly [kind: number, offset: number])[] {
  const fields = specialFields(spec);
  if (fields.length === 0) return [];
  return KINDS.flatMap(([kind, struct]) => {
    const field = fields.find(({ name }) => name === struct);
    return field === undefined ? [] : [[kind, field.offset] as const];
  });
}

/** Says where a map's values have timers and work: an address for MAP_LATER, or 0. */
export function laterFields(memory: LinearMemory, spec: MapSpec): number {
  const found = offsetsOf(spec);
  if (found.length === 0) return 0;
  const address = memory.alloc(4 * layout.LATER_KINDS);
  for (const [kind, offset] of found) memory.setU32(address + 4 * kind, offset + 1);
  return address;
}

/** What the host sees of a value: zeros where there is a timer, or work. */
export function hideLater(spec: MapSpec, value: Uint8Array): Uint8Array {
  for (const [, offset] of offsetsOf(spec)) value.fill(0, offset, offset + FIELD_SIZE);
  return value;
}
