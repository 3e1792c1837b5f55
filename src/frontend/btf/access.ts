import { resolve } from './lookup.ts';
import { typeName } from './name.ts';
import type { Btf, BtfType, CoreRelocation } from './types.ts';

/** The kernel's limit on steps (BPF_CORE_SPEC_MAX_LEN). */
const MAX_STEPS = 64;
const FIRST_TYPE_KIND = 6;
const ENUM_KINDS: ReadonlySet<number> = new Set([10, 11]);

/** The step's text and the type it leads to. */
function step(btf: Btf, type: BtfType, index: number): readonly [string, BtfType | undefined] {
  if (type.kind === 'array') return [`[${index}]`, resolve(btf, type.type)];
  const member = type.kind === 'struct' || type.kind === 'union' ? type.members[index] : undefined;
  if (member === undefined) return [`:${index}`, undefined];
  return [member.name === '' ? '' : `.${member.name}`, resolve(btf, member.type)];
}

function fieldPath(btf: Btf, root: number, indexes: readonly number[]): string {
  const [first = 0, ...rest] = indexes;
  let type: BtfType | undefined = resolve(btf, root);
  let path = first === 0 ? '' : `[${first}]`;
  for (const index of rest) {
    if (type === undefined) break;
    const [text, next] = step(btf, type, index);
    path += text;
    type = next;
  }
  return path;
}

/** What a CO-RE relocation is about, as C writes it: `struct sk_buff.len`, `enum e::VALUE`, `struct foo`. */
export function accessPath(btf: Btf, { type: root, access, kind }: CoreRelocation): string {
  const name = typeName(btf, root);
  const indexes = access.split(':', MAX_STEPS).map(Number);
  if (ENUM_KINDS.has(kind)) {
    const type = resolve(btf, root);
    const value = type.kind === 'enum' || type.kind === 'enum64' ? type.values[indexes[0] ?? 0] : undefined;
    return value === undefined ? name : `${name}::${value.name}`;
  }
  return kind >= FIRST_TYPE_KIND ? name : name + fieldPath(btf, root, indexes);
}
