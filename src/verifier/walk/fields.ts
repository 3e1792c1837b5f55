/** Members of map values that only their own helpers may touch, found by BTF (btf_parse_fields of the kernel). */
import { resolve, sizeOf } from '../../frontend/btf/lookup.ts';
import type { Btf, BtfType } from '../../frontend/btf/types.ts';
import type { MapSpec } from '../../frontend/program.ts';

export interface SpecialField {
  /** `bpf_spin_lock`, `bpf_timer`, `kptr`, … */
  readonly name: string;
  /** Bytes from the value's start. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

const STRUCTS: ReadonlySet<string> = new Set([
  'bpf_spin_lock',
  'bpf_res_spin_lock',
  'bpf_timer',
  'bpf_wq',
  'bpf_list_head',
  'bpf_list_node',
  'bpf_rb_root',
  'bpf_rb_node',
  'bpf_refcount',
  'bpf_task_work',
]);
const TAGS: ReadonlySet<string> = new Set(['kptr', 'kptr_untrusted', 'percpu_kptr', 'uptr']);

/** Structures nested deeper hold no fields the kernel knows. */
const MAX_DEPTH = 8;
/** BTF_FIELDS_MAX. */
const MAX_FIELDS = 11;

/** What a pointer's type tag makes of it. */
function tagOf(btf: Btf, type: BtfType): string | undefined {
  if (type.kind !== 'ptr') return undefined;
  const target = btf.types[type.type];
  return target?.kind === 'typeTag' && TAGS.has(target.name) ? target.name : undefined;
}

function* fieldsIn(btf: Btf, id: number, offset: number, depth: number): Generator<SpecialField> {
  const type = resolve(btf, id);
  if (depth > MAX_DEPTH) return;
  if (type.kind === 'ptr') {
    const tag = tagOf(btf, type);
    if (tag !== undefined) yield { name: tag === 'kptr_untrusted' ? 'kptr' : tag, offset, size: 8 };
  } else if (type.kind === 'struct' && STRUCTS.has(type.name)) {
    yield { name: type.name, offset, size: type.size };
  } else if (type.kind === 'struct') {
    for (const member of type.members)
      yield* fieldsIn(btf, member.type, offset + member.bitOffset / 8, depth + 1);
  } else if (type.kind === 'datasec') {
    for (const variable of type.variables) yield* fieldsIn(btf, variable.type, variable.offset, depth + 1);
  } else if (type.kind === 'var') {
    yield* fieldsIn(btf, type.type, offset, depth);
  } else if (type.kind === 'array') {
    const size = type.length === 0 ? 0 : sizeOf(btf, type.type);
    for (let i = 0; i < Math.min(type.length, MAX_FIELDS); i++) {
      yield* fieldsIn(btf, type.type, offset + i * size, depth + 1);
    }
  }
}

const known = new WeakMap<MapSpec, readonly SpecialField[]>();

export function specialFields(map: MapSpec): readonly SpecialField[] {
  const found = known.get(map);
  if (found !== undefined) return found;
  const { btf, valueTypeId } = map;
  const fields = btf === undefined || !valueTypeId ? [] : [...fieldsIn(btf, valueTypeId, 0, 0)];
  known.set(map, fields);
  return fields;
}

export const fieldNamed = (map: MapSpec, name: string): SpecialField | undefined =>
  specialFields(map).find((field) => field.name === name);

export const hasSpinLock = (map: MapSpec): boolean => fieldNamed(map, 'bpf_spin_lock') !== undefined;
