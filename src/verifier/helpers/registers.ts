import type { Argument } from './types.ts';

/**
 * Register types by the words the kernel's log uses for them, but for `alloc_ptr_`: objects from bpf_obj_new, which
 * it prints as `ptr_`.
 */
export type RegisterKind =
  | (typeof ANY_MEMORY)[number]
  | (typeof SOCKETS)[number]
  | (typeof BTF)[number]
  | (typeof PER_CPU)[number]
  | (typeof OBJECT)[number]
  | 'map_ptr'
  | 'scalar'
  | 'ctx'
  | 'func'
  | 'dynptr_ptr';

const ANY_MEMORY = [
  'fp',
  'pkt',
  'pkt_meta',
  'map_key',
  'map_value',
  'mem',
  'ringbuf_mem',
  'buf',
  'trusted_ptr_',
] as const;
const SOCKETS = ['sock_common', 'sock', 'tcp_sock', 'xdp_sock'] as const;
const BTF = ['ptr_', 'trusted_ptr_', 'rcu_ptr_'] as const;
const PER_CPU = ['percpu_ptr_', 'percpu_rcu_ptr_', 'percpu_trusted_ptr_'] as const;
const OBJECT = ['map_value', 'alloc_ptr_'] as const;

/**
 * Registers an argument takes, in the order of the kernel's complaint (`R1 type=ctx expected=fp, pkt, …`); empty for
 * an argument that takes all. A `nullable` argument takes a constant 0 as well. Source: compatible_reg_types of
 * kernel/bpf/verifier.c, as Linux 6.18 prints them.
 */
export function registersFor(argument: Argument): readonly RegisterKind[] {
  switch (argument.kind) {
    case 'anything':
      return [];
    case 'map':
      return ['map_ptr'];
    case 'mapKey':
    case 'mapValue':
    case 'memory':
      return ANY_MEMORY;
    case 'size':
    case 'allocationSize':
      return ['scalar'];
    case 'context':
      return ['ctx'];
    case 'socket':
      return socketRegisters(argument.of);
    case 'btf':
      return BTF;
    case 'perCpuBtf':
      return PER_CPU;
    case 'ringRecord':
      return ['ringbuf_mem'];
    case 'callback':
      return ['func'];
    case 'stack':
      return ['fp'];
    case 'constantString':
    case 'timer':
      return ['map_value'];
    case 'spinLock':
    case 'kptr':
      return OBJECT;
    case 'kptrValue':
      return BTF;
    case 'dynptr':
      return ['fp', 'dynptr_ptr'];
  }
}

function socketRegisters(of: 'sock_common' | 'btf_sock_common' | 'sock'): readonly RegisterKind[] {
  if (of === 'sock') return ['sock'];
  return of === 'sock_common' ? SOCKETS : [...SOCKETS, 'ptr_', 'trusted_ptr_'];
}

/** The list as the kernel's complaint has it. */
export const expectedText = (argument: Argument): string =>
  registersFor(argument)
    .map((kind) => kind.replace(/^alloc_/, ''))
    .join(', ');
