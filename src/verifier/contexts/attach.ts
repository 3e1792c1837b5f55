import type { ProgramType } from '../../frontend/program.ts';

/**
 * Attach types that the kernel takes for a program type (bpf_prog_load_check_attach of kernel/bpf/syscall.c), as
 * BPF_* in lower case. The attach type is part of what is verified: context and return values depend on it.
 */
interface Attachment {
  readonly types: readonly string[];
  /** In force when the program names none; undefined where it must name one. */
  readonly byDefault?: string;
}

const words = (text: string): readonly string[] => text.split(' ');

/** Types that are not listed take any attach type, and ignore those without meaning for them. */
const ATTACHMENTS: Readonly<Partial<Record<ProgramType, Attachment>>> = {
  cgroup_skb: {
    types: words('cgroup_inet_ingress cgroup_inet_egress'),
    byDefault: 'cgroup_inet_ingress',
  },
  cgroup_sock: {
    types: words(
      'cgroup_inet_sock_create cgroup_inet_sock_release cgroup_inet4_post_bind cgroup_inet6_post_bind',
    ),
    byDefault: 'cgroup_inet_sock_create',
  },
  cgroup_sock_addr: {
    types: words(
      'cgroup_inet4_bind cgroup_inet6_bind cgroup_inet4_connect cgroup_inet6_connect cgroup_unix_connect ' +
        'cgroup_udp4_sendmsg cgroup_udp6_sendmsg cgroup_unix_sendmsg ' +
        'cgroup_udp4_recvmsg cgroup_udp6_recvmsg cgroup_unix_recvmsg ' +
        'cgroup_inet4_getpeername cgroup_inet6_getpeername cgroup_unix_getpeername ' +
        'cgroup_inet4_getsockname cgroup_inet6_getsockname cgroup_unix_getsockname',
    ),
  },
  cgroup_sockopt: { types: words('cgroup_getsockopt cgroup_setsockopt') },
  sk_reuseport: {
    types: words('sk_reuseport_select sk_reuseport_select_or_migrate'),
    byDefault: 'sk_reuseport_select',
  },
  sk_lookup: { types: ['sk_lookup'] },
  syscall: { types: [], byDefault: '' },
  netfilter: { types: ['netfilter'] },
};

/** The attach types a program of this type must choose from; undefined when it may name any or none. */
export function attachTypesOf(type: ProgramType): readonly string[] | undefined {
  return ATTACHMENTS[type]?.types;
}

/**
 * The attach type in force: the one named (`''` and undefined name none), else the type's default.
 *
 * @returns undefined when the kernel does not load such a program (EINVAL, without a log)
 */
export function attachTypeInForce(type: ProgramType, named: string | undefined): string | undefined {
  const own = named ?? '';
  const attachment = ATTACHMENTS[type];
  if (attachment === undefined || attachment.types.includes(own)) return own;
  // 0 stands for "none" and for BPF_CGROUP_INET_INGRESS alike.
  return own === '' || own === 'cgroup_inet_ingress' ? attachment.byDefault : undefined;
}
