import { describe, expect, it } from 'vitest';
import {
  cgroupDevice,
  contextEvent,
  Engine,
  functionArgs,
  openIn,
  type Program,
  type ProgramType,
  perfEvent,
  programFromAssembly,
  ptRegs,
  rawTracepoint,
  skb,
  skLookup,
  skMsg,
  sockAddr,
  sockOps,
  sockopt,
  syscallArgs,
  sysctl,
  TracepointFormat,
  xdp,
} from '../../src/index.ts';
import { engines, ethernet } from './build.ts';

const modes = engines.flatMap((engine) => [
  { engine, sandbox: false },
  { engine, sandbox: true },
]);

const FORMAT = `name: sys_enter_openat
ID: 700
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:unsigned char common_flags;	offset:2;	size:1;	signed:0;
	field:unsigned char common_preempt_count;	offset:3;	size:1;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;

	field:int __syscall_nr;	offset:8;	size:4;	signed:1;
	field:int dfd;	offset:16;	size:8;	signed:0;
	field:char comm[16];	offset:24;	size:16;	signed:0;
	field:__data_loc char[] filename;	offset:40;	size:4;	signed:0;
`;

describe.each(modes)('events in $engine, sandbox: $sandbox', ({ engine, sandbox }) => {
  const load = async (text: string, type: ProgramType, attachType = '') => {
    const program: Program = {
      ...programFromAssembly(text, { name: 'main', type, license: 'GPL' }),
      attachType,
    };
    const host = await Engine.create({ engine, sandbox });
    const object = await openIn(host, program);
    return { host, program: await object.program() };
  };

  it('sock_addr: members are written and read back, addresses as text', async () => {
    const text = `
      r2 = *(u32 *)(r1 + 4)
      if r2 != 0x010200c0 goto out
      *(u32 *)(r1 + 24) = 0x901f
      out:
      r0 = 1
      exit`;
    const attach = 'cgroup_inet4_connect';
    const { program } = await load(text, 'cgroup_sock_addr', attach);
    const result = program.run(sockAddr(attach, { user_ip4: '192.0.2.1', user_port: 0x5000 }));
    expect(result.verdict).toBe('allow');
    expect(result.event).toMatchObject({ user_ip4: 0x010200c0, user_port: 0x901f });
  });

  it('sockopt: the value is memory between two pointers', async () => {
    const text = `
      r2 = *(u64 *)(r1 + 8)
      r3 = *(u64 *)(r1 + 16)
      r4 = r2
      r4 += 4
      r0 = 0
      if r4 > r3 goto out
      r5 = *(u32 *)(r2 + 0)
      r5 += 1
      *(u32 *)(r2 + 0) = r5
      *(u32 *)(r1 + 36) = 0
      r0 = 1
      out: exit`;
    const { program } = await load(text, 'cgroup_sockopt', 'cgroup_getsockopt');
    const optval = Uint8Array.of(41, 0, 0, 0);
    const result = program.run(sockopt('get', { optval, optlen: 4, level: 6, retval: 5 }));
    expect(result).toMatchObject({ r0: 1n, verdict: 'allow' });
    expect(result.event).toMatchObject({ optval: Uint8Array.of(42, 0, 0, 0), level: 6, retval: 0 });
    expect(program.run(sockopt('get', { optval: optval.subarray(0, 2) })).verdict).toBe('deny');
    if (!sandbox) expect(() => program.run(new Uint8Array(40))).toThrow(/loads the pointer "optval"/);
  });

  it('sock_ops: the socket is one of the engine, or NULL', async () => {
    const text = `
      r1 = *(u64 *)(r1 + 184)
      r0 = 0
      if r1 == 0 goto out
      r0 = *(u32 *)(r1 + 16)
      r0 &= 1
      out: exit`;
    const { host, program } = await load(text, 'sock_ops', 'cgroup_sock_ops');
    const sk = host.socket({ mark: 77 });
    expect(program.run(sockOps({ op: 4, sk })).r0).toBe(1n);
    expect(program.run(sockOps({ op: 4 })).r0).toBe(0n);
  });

  it.each([
    ['cgroup_device', '', 'r0 = *(u32 *)(r1 + 4)\nr0 &= 1\nexit', cgroupDevice({ major: 5 }), 1n],
    ['perf_event', '', 'r0 = *(u64 *)(r1 + 168)\nexit', perfEvent({ sample_period: 99n }), 99n],
    ['kprobe', '', 'r0 = *(u64 *)(r1 + 104)\nexit', ptRegs({ args: [1n, 2n] }), 2n],
    ['kprobe', '', 'r0 = *(u64 *)(r1 + 80)\nexit', ptRegs({ result: 9n }), 9n],
    ['raw_tracepoint', '', 'r0 = *(u64 *)(r1 + 8)\nexit', rawTracepoint([3n, 4n]), 4n],
    ['sk_lookup', 'sk_lookup', 'r0 = *(u32 *)(r1 + 12)\nr0 &= 1\nexit', skLookup({ protocol: 17 }), 1n],
    ['xdp', '', 'r0 = *(u32 *)(r1 + 12)\nexit', xdp({ packet: ethernet(0), ingressIfindex: 1 }), 1n],
    ['sched_cls', '', 'r0 = *(u32 *)(r1 + 8)\nexit', skb({ packet: ethernet(0), mark: 6 }), 6n],
  ] as const)('%s %s: %s', async (type, attach, text, event, r0) => {
    const { program } = await load(text, type, attach);
    expect(program.run(event).r0).toBe(r0);
    expect(program.runBatch([event, event]).results).toEqual(BigUint64Array.of(r0, r0));
  });

  it('sysctl: what is written is read back', async () => {
    const { program } = await load('*(u32 *)(r1 + 4) = 3\nr0 = 1\nexit', 'cgroup_sysctl', 'cgroup_sysctl');
    expect(program.run(sysctl({ write: 1 })).event).toMatchObject({ write: 1, file_pos: 3 });
  });

  it('sk_msg: data is the message', async () => {
    const text = `
      r2 = *(u64 *)(r1 + 0)
      r3 = *(u64 *)(r1 + 8)
      r4 = r2
      r4 += 1
      r0 = 0
      if r4 > r3 goto out
      *(u8 *)(r2 + 0) = 0x21
      r0 = 1
      out: exit`;
    const { program } = await load(text, 'sk_msg', 'sk_msg_verdict');
    const result = program.run(skMsg({ data: Uint8Array.of(1, 2), size: 2 }));
    expect(result.verdict).toBe('SK_PASS');
    expect(result.event).toMatchObject({ data: Uint8Array.of(0x21, 2), size: 2 });
  });

  it('syscall: what the program leaves of its argument', async () => {
    const { program } = await load('*(u32 *)(r1 + 4) = 8\nr0 = 0\nexit', 'syscall');
    expect(program.run(syscallArgs(new Uint8Array(8))).event).toEqual(Uint8Array.of(0, 0, 0, 0, 8, 0, 0, 0));
  });

  it('tracepoints: records by their format', async () => {
    const openat = new TracepointFormat(FORMAT);
    const { program } = await load('r0 = *(u64 *)(r1 + 16)\nexit', 'tracepoint');
    const event = openat.event({ dfd: 5, comm: 'cat', filename: '/etc/hosts', common_pid: -1 });
    expect(event.data.length).toBe(44 + 11);
    const result = program.run(event);
    expect(result.r0).toBe(5n);
    expect(result.event).toMatchObject({
      common_pid: -1,
      dfd: 5n,
      filename: new TextEncoder().encode('/etc/hosts\0'),
    });
  });
});

describe('what no event has is refused', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['a member', () => sockOps({ nothing: 1 }), /bpf_sock_ops has no member "nothing".*op, reply/],
    ['a number too large', () => cgroupDevice({ major: 2 ** 32 }), /member major/],
    ['bytes for a number', () => cgroupDevice({ major: new Uint8Array(4) }), /member major/],
    ['a number for a pointer', () => sockopt('get', { optval: 5 }), /optval is a pointer/],
    ['an address of the other family', () => sockOps({ remote_ip4: '::1' }), /remote_ip4 has 4 bytes/],
    ['a type without a structure', () => contextEvent('tracing'), /have no structure/],
    ['a seventh argument', () => ptRegs({ args: Array<bigint>(7).fill(0n) }), /6 arguments, not 7/],
    ['no format', () => new TracepointFormat('hello'), /no format of a tracepoint/],
    ['a member no record has', () => new TracepointFormat(FORMAT).event({ x: 1 }), /has no member "x"/],
    ['text too long', () => new TracepointFormat(FORMAT).event({ comm: new Uint8Array(17) }), /16 bytes.*17/],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(message);
  });

  it('arguments of functions are words and memory', () => {
    expect(functionArgs([1n, Uint8Array.of(1)], -1n)).toMatchObject({
      kind: 'memory',
      data: Uint8Array.of(
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        255,
        255,
        255,
        255,
        255,
        255,
        255,
        255,
      ),
      pointers: [{ offset: 8 }],
    });
  });
});
