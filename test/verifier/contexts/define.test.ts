import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WebpfError } from '../../../src/errors.ts';
import {
  type Access,
  ANY_WIDTH,
  accessContext,
  type Context,
  contextOf,
  contextOfFields,
  defineContext,
  type Field,
  field,
  narrowWords,
  packet,
  packetEnd,
  packetMeta,
  pointer,
  scalar,
  unprivilegedContextOf,
  words,
  writable,
} from '../../../src/verifier/contexts/index.ts';

/** An HTTP request as a Node service may hand it to its filters. */
const request = defineContext(
  contextOfFields(
    'request',
    40,
    [
      pointer('body', 0, packet, 4),
      pointer('body_end', 4, packetEnd, 4),
      ...narrowWords(8, 'method status'),
      writable(field('tag', 16, 8)),
      pointer('session', 24, { kind: 'memory', size: 64, writable: true, nullable: true }),
      ...words(32, 'flags[2]'),
    ],
    'read',
  ),
);

const load = (offset: number, size: number): Access => ({ offset, size, write: false });
const store = (offset: number, size: number): Access => ({ offset, size, write: true });

describe('a context of a host', () => {
  test('yields what its fields hold', () => {
    expect(accessContext(request, load(0, 4))).toMatchObject({ yields: packet, field: { name: 'body' } });
    expect(accessContext(request, load(13, 1))).toMatchObject({ yields: scalar, field: { name: 'status' } });
    expect(accessContext(request, load(24, 8))).toMatchObject({ yields: { kind: 'memory', nullable: true } });
    expect(accessContext(request, load(36, 4))).toMatchObject({ field: { name: 'flags', offset: 32 } });
    expect(accessContext(request, store(16, 8))).toMatchObject({ field: { name: 'tag' } });
  });

  test.each<[Access, string]>([
    [load(-4, 4), 'struct request has 40 bytes, at offsets from 0'],
    [load(40, 1), 'struct request has 40 bytes, at offsets from 0'],
    [load(10, 4), '4 bytes are accessed at offsets that are multiples of 4'],
    [load(8, 8), 'field method is read in 1, 2 or 4 bytes, not 8'],
    [load(0, 2), 'field body is read in 4 bytes, not 2'],
    [{ ...load(0, 4), signed: true }, 'field body is a pointer: load it without sign extension'],
    [store(8, 4), 'field method cannot be written'],
    [store(16, 4), 'field tag is written in 8 bytes, not 4'],
  ])('refuses %o and says why', (access, hint) => {
    const { offset, size } = access;
    const refused = `invalid bpf_context access off=${offset} size=${size}`;
    expect(accessContext(request, access)).toEqual({ refused, hint });
  });
});

describe('a context of Linux', () => {
  const hintOf = (context: Context | undefined, access: Access): string => {
    if (context === undefined) throw new Error('no context');
    const answer = accessContext(context, access);
    return 'hint' in answer ? answer.hint : '';
  };

  test('says which field is for other programs', () => {
    expect(hintOf(contextOf('socket_filter'), load(76, 4))).toBe(
      'field data is not there for this program and attach type',
    );
    expect(hintOf(contextOf('cgroup_sock_addr', 'cgroup_inet4_bind'), load(8, 4))).toBe(
      'field user_ip6 is not there for this program and attach type',
    );
    expect(hintOf(contextOf('sock_ops'), load(213, 1))).toBe(
      'field skb_tcp_flags is accessed at its first byte, offset 212',
    );
    expect(hintOf(contextOf('tracepoint'), load(0, 8))).toBe('struct trace_event has no field at offset 0');
  });

  // drivers/media/rc/bpf-lirc.c: no kernel at hand is built with it.
  test('lirc_mode2 is one word', () => {
    const context = contextOf('lirc_mode2') ?? contextOfFields('none', 1, []);
    expect(accessContext(context, load(0, 4))).toMatchObject({ yields: scalar });
    for (const access of [load(0, 2), load(4, 4), load(0, 8), store(0, 4)]) {
      expect(accessContext(context, access)).toHaveProperty('refused');
    }
  });

  test('is there for no attach type that the kernel refuses', () => {
    expect(contextOf('cgroup_sock_addr')).toBeUndefined();
    expect(contextOf('cgroup_sock_addr', 'cgroup_sysctl')).toBeUndefined();
    expect(contextOf('cgroup_sock', 'xdp')).toBeUndefined();
    expect(contextOf('tracing', 'trace_fentry')).toBeUndefined();
    expect(contextOf('cgroup_skb')).toBe(contextOf('cgroup_skb', 'cgroup_inet_ingress'));
  });

  // bpf_prog_load and cg_skb_is_valid_access; no kernel at hand loads programs of such users.
  test('shows users without capabilities no packet', () => {
    const context = unprivilegedContextOf('cgroup_skb', 'cgroup_inet_egress');
    expect(hintOf(context, load(76, 4))).toBe('field data is not there for this program and attach type');
    expect(hintOf(context, store(152, 8))).toBe('field tstamp cannot be written');
    expect(hintOf(context, load(152, 8))).toBe('');
    expect(unprivilegedContextOf('socket_filter')).toBe(contextOf('socket_filter'));
    expect(unprivilegedContextOf('xdp')).toBeUndefined();
  });

  test('no access at all passes beyond the structure or in between two fields', () => {
    const accesses = fc.record({
      offset: fc.integer({ min: -70_000, max: 70_000 }),
      size: fc.constantFrom(1, 2, 4, 8),
      write: fc.boolean(),
      signed: fc.boolean(),
    });
    const contexts = (['sched_cls', 'xdp', 'sock_ops', 'perf_event', 'syscall'] as const).map((t) =>
      contextOf(t),
    );
    fc.assert(
      fc.property(fc.constantFrom(...contexts), accesses, (context, access) => {
        const answer = context === undefined ? undefined : accessContext(context, access);
        if (answer === undefined || 'refused' in answer) return true;
        const { offset, size } = answer.field;
        return access.offset >= offset && access.offset + access.size <= offset + size;
      }),
    );
  });
});

const one = field('a', 0, 4);
const refused = (fields: readonly Field[], size = 16, access: Context['packet'] = 'none'): string => {
  try {
    defineContext(contextOfFields('mine', size, fields, access));
    return '';
  } catch (error) {
    if (error instanceof WebpfError && error.code === 'bad-argument') return error.message;
    throw error;
  }
};

describe('a definition is refused', () => {
  const start = pointer('data', 0, packet, 4);
  const end = pointer('data_end', 4, packetEnd, 4);

  test.each<[string, string]>([
    ['context mine: its size must be 1 to 65535 bytes, not 0', refused([], 0)],
    ['context mine: its size must be 1 to 65535 bytes, not 0.5', refused([], 0.5)],
    [
      'context mine: field b at offset 14 with 4 bytes does not lie within the 16 bytes',
      refused([one, field('b', 14, 4)]),
    ],
    [
      'context mine: field b at offset -4 with 4 bytes does not lie within the 16 bytes',
      refused([field('b', -4, 4)]),
    ],
    ['context mine: fields a and b overlap at offset 2', refused([field('b', 2, 4, 2), one])],
    [
      'context mine: field a: access sizes are sums of 1, 2, 4 and 8, not read 16, write 0',
      refused([field('a', 0, 16, 16)]),
    ],
    [
      'context mine: pointer data must have 4 or 8 bytes and be aligned to them',
      refused([pointer('data', 4, packet)]),
    ],
    [
      'context mine: pointer data must be read whole and never written',
      refused([writable(start), end], 16, 'read'),
    ],
    [
      'context mine: pointer data must be read whole and never written',
      refused([{ ...start, read: ANY_WIDTH }]),
    ],
    ['context mine: a packet needs both its start and its end', refused([start], 16, 'read')],
    [
      'context mine: packet metadata needs a packet behind it',
      refused([pointer('meta', 0, packetMeta, 4)], 16),
    ],
    [
      "context mine: packet access 'none' does not fit its fields: 'loads', 'read' or 'write' does",
      refused([start, end]),
    ],
    ["context mine: packet access 'read' does not fit its fields: 'none' does", refused([one], 16, 'read')],
    [
      'context mine: pointer m must lead to 1 to 2147483647 bytes, not 0',
      refused([pointer('m', 0, { kind: 'memory', size: 0, writable: false, nullable: false })]),
    ],
  ])('%s', (expected, message) => {
    expect(message).toBe(expected);
  });
});
