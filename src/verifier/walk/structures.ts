/** Structures of the kernel that pointers are to, by name. */
import type { Walk } from './walk.ts';

/** What they begin with: a pointer to one is a pointer to the other (btf_struct_ids_match). */
const BEGINS_WITH: ReadonlyMap<string, string> = new Map([
  ['bpf_cpumask', 'cpumask'],
  ['sock', 'sock_common'],
  ['inet_sock', 'sock'],
  ['inet_connection_sock', 'inet_sock'],
  ['tcp_sock', 'inet_connection_sock'],
  ['tcp6_sock', 'tcp_sock'],
  ['mptcp_sock', 'inet_connection_sock'],
  ['udp_sock', 'inet_sock'],
  ['udp6_sock', 'udp_sock'],
  ['unix_sock', 'sock'],
  ['inet_timewait_sock', 'sock_common'],
  ['tcp_timewait_sock', 'inet_timewait_sock'],
  ['request_sock', 'sock_common'],
  ['inet_request_sock', 'request_sock'],
  ['tcp_request_sock', 'inet_request_sock'],
]);

/** Name of the structure that a pointer of kind BTF is to. */
export const structOf = ({ memory, names }: Walk, r: number): string => names.name(memory.aux(r));

/** Whether such a pointer may be taken for one to this structure. */
export function pointsTo(walk: Walk, r: number, struct: string): boolean {
  for (let name: string | undefined = structOf(walk, r); name !== undefined; name = BEGINS_WITH.get(name)) {
    if (name === struct) return true;
  }
  return false;
}
