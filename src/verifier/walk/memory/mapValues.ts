/** Values of maps: who may read and write them, what is known of them, members that are nobody's. */
import {
  BPF_F_RDONLY_PROG,
  BPF_F_WRONLY_PROG,
  MAP_TYPE_ARRAY,
  MAP_TYPE_DEVMAP,
  MAP_TYPE_DEVMAP_HASH,
  MAP_TYPE_PERCPU_ARRAY,
} from '../../../abi/maps.ts';
import type { MapSpec } from '../../../frontend/program.ts';
import { tnumText } from '../describe.ts';
import { specialFields } from '../fields.ts';
import { refuse } from '../refusal.ts';
import type { Walk } from '../walk.ts';
import type { Access } from './regions.ts';

/** Their entries are devices: programs may look at which. */
const DEVICES: ReadonlySet<number> = new Set([MAP_TYPE_DEVMAP, MAP_TYPE_DEVMAP_HASH]);

/** Programs may read but not write: .rodata, maps made so, and maps of devices. */
export const isReadOnly = ({ type, flags, frozen }: MapSpec): boolean =>
  (flags & BPF_F_RDONLY_PROG) !== 0 || frozen === true || DEVICES.has(type);
/** Every index below its size has a value. */
export const isFixedArray = ({ type }: MapSpec): boolean =>
  type === MAP_TYPE_ARRAY || type === MAP_TYPE_PERCPU_ARRAY;
const isWriteOnly = ({ flags }: MapSpec): boolean => (flags & BPF_F_WRONLY_PROG) !== 0;

/** Refuses an access the map's flags do not allow (check_map_access_type). */
export function checkMapType(
  walk: Walk,
  map: number,
  { write }: { readonly write: boolean },
  at: Access,
): void {
  const spec = walk.map(map);
  const where = `value_size=${spec.valueSize} off=${at.off} size=${at.size}`;
  if (write && isReadOnly(spec)) {
    refuse(`write into map forbidden, ${where}`, { hint: `map ${spec.name} is read-only for programs` });
  }
  if (!write && isWriteOnly(spec)) {
    refuse(`read from map forbidden, ${where}`, { hint: `map ${spec.name} is write-only for programs` });
  }
}

/** The value of a map that no one can change any more, and that has no other; undefined for other maps. */
export const constantData = ({ type, maxEntries, data, frozen }: MapSpec): Uint8Array | undefined =>
  frozen === true && type === MAP_TYPE_ARRAY && maxEntries === 1 ? data : undefined;

/** Bytes of such a value, as a number. */
export function mapBytes(spec: MapSpec, off: number, size: number): bigint | undefined {
  const data = constantData(spec);
  if (data === undefined || off < 0 || off + size > spec.valueSize) return undefined;
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(data[off + i] ?? 0);
  return value;
}

const IN_PLACE: ReadonlySet<string> = new Set(['kptr', 'percpu_kptr', 'uptr']);

/** Refuses what touches a lock, a timer, a kptr, … (check_map_access). */
export function refuseSpecialField(
  walk: Walk,
  register: number,
  off: number,
  size: number,
  spec: MapSpec,
  by: 'direct' | 'helper',
): void {
  const { memory, ops } = walk;
  const r = walk.reg(register);
  const low = off + ops.sminOf(r);
  const high = off + ops.umaxOf(r) + size;
  for (const { name, offset, size: length } of specialFields(spec)) {
    if (low >= offset + length || high <= offset) continue;
    if (!IN_PLACE.has(name)) refuse(`${name} cannot be accessed directly by load/store`);
    if (by === 'helper') refuse(`${name} cannot be accessed indirectly by helper`);
    if (!memory.isConst(r)) refuse(`kptr access cannot have variable offset: var_off=${tnumText(walk, r)}`);
    if (offset !== low) refuse(`kptr access misaligned expected=${offset} off=${low}`);
    if (size !== 8) refuse('kptr access size must be BPF_DW');
    refuse(`direct accesses to ${name} fields are not supported`, { verdict: 'unsupported' });
  }
}
