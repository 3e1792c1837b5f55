/** The types that the corpus names: values of maps (`value=locked`) and arguments of functions. */
import { TypeWriter } from './types.ts';

export interface HouseTypes {
  readonly writer: TypeWriter;
  /** Ids by name. */
  readonly ids: ReadonlyMap<string, number>;
}

const MEMORY_SIZES = [1, 4, 8, 16, 64];
const CONTEXTS = ['__sk_buff', 'xdp_md', 'bpf_raw_tracepoint_args', 'bpf_sk_lookup', 'bpf_user_pt_regs_t'];

/** What the kernel finds by name inside the values of maps, with the size it insists on. */
function fields(writer: TypeWriter, u32: number, u64: number): ReadonlyMap<string, number> {
  const opaque = (name: string, words: number): [string, number] => [
    name,
    writer.struct(name, words * 8, [{ name: 'opaque', type: writer.array(u64, words, u32), offset: 0 }]),
  ];
  return new Map([
    ['bpf_spin_lock', writer.struct('bpf_spin_lock', 4, [{ name: 'val', type: u32, offset: 0 }])],
    ['bpf_res_spin_lock', writer.struct('bpf_res_spin_lock', 4, [{ name: 'val', type: u32, offset: 0 }])],
    ['bpf_refcount', writer.struct('bpf_refcount', 4, [{ name: 'val', type: u32, offset: 0 }])],
    opaque('bpf_timer', 2),
    opaque('bpf_wq', 2),
    opaque('bpf_list_head', 2),
    opaque('bpf_list_node', 3),
    opaque('bpf_rb_root', 2),
    opaque('bpf_rb_node', 4),
    opaque('bpf_dynptr', 2),
  ]);
}

/** Structures of two members: `values(name, size, first, second, offset of the second)`. */
function values(writer: TypeWriter, known: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const id = (name: string): number => known.get(name) ?? 0;
  const pair = (
    name: string,
    size: number,
    first: string,
    second: string,
    offset: number,
  ): [string, number] => [
    name,
    writer.struct(name, size, [
      { name: 'first', type: id(first), offset: 0 },
      { name: 'second', type: id(second), offset },
    ]),
  ];
  const listed = pair('listed', 24, 'bpf_spin_lock', 'bpf_list_head', 8);
  const rooted = pair('rooted', 24, 'bpf_spin_lock', 'bpf_rb_root', 8);
  writer.declTag('contains:item:first', listed[1], 1);
  writer.declTag('contains:leaf:first', rooted[1], 1);
  return new Map([
    pair('locked', 8, 'bpf_spin_lock', 'u32', 4),
    pair('res_locked', 8, 'bpf_res_spin_lock', 'u32', 4),
    pair('timed', 24, 'bpf_timer', 'u64', 16),
    pair('queued', 24, 'bpf_wq', 'u64', 16),
    pair('plain', 16, 'u64', 'u64', 8),
    pair('tasks', 16, 'kept task', 'untrusted task', 8),
    pair('item', 32, 'bpf_list_node', 'u64', 24),
    pair('leaf', 40, 'bpf_rb_node', 'u64', 32),
    pair('counted', 16, 'u64', 'bpf_refcount', 8),
    listed,
    rooted,
  ]);
}

export function houseTypes(): HouseTypes {
  const writer = new TypeWriter();
  const u32 = writer.int('u32', 4);
  const u64 = writer.int('u64', 8);
  const char = writer.int('char', 1, true);
  const task = writer.struct('task_struct', 4, [{ name: 'val', type: u32, offset: 0 }]);
  const scalars: [string, number][] = [
    ['void', 0],
    ['int', writer.int('int', 4, true)],
    ['long', writer.int('long', 8, true)],
    ['u32', u32],
    ['u64', u64],
    ['char', char],
    ['task_struct', task],
    ['kept task', writer.pointer(writer.typeTag('kptr', task))],
    ['untrusted task', writer.pointer(writer.typeTag('kptr_untrusted', task))],
  ];
  const basic = new Map([...scalars, ...fields(writer, u32, u64)]);
  const memory = MEMORY_SIZES.map((size): [string, number] => [
    `mem${size}`,
    writer.struct(`mem${size}`, size, [{ name: 'bytes', type: writer.array(char, size, u32), offset: 0 }]),
  ]);
  const contexts = CONTEXTS.map((name): [string, number] => [
    name,
    writer.struct(name, 4, [{ name: 'val', type: u32, offset: 0 }]),
  ]);
  const structs = new Map([...basic, ...values(writer, basic), ...memory, ...contexts]);
  const pointers = [...structs].map(([name, id]): [string, number] => [`${name}*`, writer.pointer(id)]);
  return { writer, ids: new Map([...structs, ...pointers]) };
}
