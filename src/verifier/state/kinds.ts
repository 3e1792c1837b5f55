/** Kinds of registers in the words of the kernel's log (reg_type_str of kernel/bpf/log.c). */
import * as abi from '../../abi/state.ts';

const NAMES: readonly string[] = [
  '?',
  'scalar',
  'ctx',
  'map_ptr',
  'map_value',
  'map_key',
  'fp',
  'pkt',
  'pkt_meta',
  'pkt_end',
  'flow_keys',
  'sock',
  'sock_common',
  'tcp_sock',
  'xdp_sock',
  'tp_buffer',
  'ptr_',
  'mem',
  'buf',
  'func',
  'dynptr_ptr',
  'arena',
];

const PREFIXES: readonly (readonly [flag: number, prefix: string])[] = [
  [abi.FLAG_READ_ONLY, 'rdonly_'],
  [abi.FLAG_RINGBUF, 'ringbuf_'],
  [abi.FLAG_PERCPU, 'percpu_'],
  [abi.FLAG_UNTRUSTED, 'untrusted_'],
  [abi.FLAG_TRUSTED, 'trusted_'],
  [abi.FLAG_RCU, 'rcu_'],
];

function composeName(type: number): string {
  const prefix = PREFIXES.map(([flag, text]) => ((type & flag) === 0 ? '' : text)).join('');
  const name = NAMES[type & abi.KIND_MASK] ?? '?';
  if ((type & abi.FLAG_NULL) === 0) return prefix + name;
  return (type & abi.KIND_MASK) === abi.KIND_BTF ? `${prefix}${name}or_null_` : `${prefix}${name}_or_null`;
}

/** Few types are met, and often. */
const composed = new Map<number, string>();

/** A register's type as the kernel prints it, without the structure a `ptr_` points to. */
export function typeName(type: number): string {
  const known = composed.get(type);
  if (known !== undefined) return known;
  const name = composeName(type);
  composed.set(type, name);
  return name;
}

export const kindOf = (type: number): number => type & abi.KIND_MASK;
export const mayBeNull = (type: number): boolean => (type & abi.FLAG_NULL) !== 0;

/** Types of registers by the names the tables of helpers use for them. */
const BASE: ReadonlyMap<string, number> = new Map(NAMES.map((name, kind) => [name, kind]));

/** The type that is printed so: `trusted_ptr_`, `ringbuf_mem`. */
export function typeNamed(name: string): number {
  let type = 0;
  let rest = name;
  for (const [flag, prefix] of PREFIXES) {
    if (!rest.startsWith(prefix)) continue;
    type |= flag;
    rest = rest.slice(prefix.length);
  }
  return type | (BASE.get(rest) ?? abi.KIND_NONE);
}

const SOCKETS: ReadonlySet<number> = new Set([
  abi.KIND_SOCK,
  abi.KIND_SOCK_COMMON,
  abi.KIND_TCP_SOCK,
  abi.KIND_XDP_SOCK,
]);
/** Registers that lead to struct bpf_sock and its relatives. */
export const isSocket = (type: number): boolean => SOCKETS.has(type & abi.KIND_MASK);

export const isPacket = (type: number): boolean => {
  const kind = type & abi.KIND_MASK;
  return kind === abi.KIND_PACKET || kind === abi.KIND_PACKET_META;
};
