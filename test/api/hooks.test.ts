import { describe, expect, it } from 'vitest';
import {
  type Hook,
  type ProgramEvent,
  type ProgramType,
  skMsg,
  sockAddr,
  sockOps,
  sockopt,
  sysctl,
} from '../../src/index.ts';
import { engines, openText } from './build.ts';

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);

describe.each(engines)('hooks in %s', (engine) => {
  const run = async (type: ProgramType, text: string, event: ProgramEvent, hook?: Hook) => {
    using object = await openText(`${text}\nexit`, { type, engine, sandbox: true });
    const program = await object.program();
    const first = program.run({ ...event, context: hook ? { hook } : {} });
    // What a run was given or has left is gone with it.
    expect(program.run(event).hook).toEqual((await fresh(type, text, event)).hook);
    return { r0: signed(first.r0), hook: first.hook, event: first.event };
  };
  const fresh = async (type: ProgramType, text: string, event: ProgramEvent) => {
    using object = await openText(`${text}\nexit`, { type, engine, sandbox: true });
    return (await object.program()).run(event);
  };

  const none = { retval: 0, applyBytes: 0, corkBytes: 0, newValue: undefined };

  it('see and change what a system call returns', async () => {
    const connect = sockAddr('cgroup_inet4_connect', {});
    const change = 'call bpf_get_retval\nr6 = r0\nr1 = -13\ncall bpf_set_retval\nr0 += r6';
    const changed = await run('cgroup_sock_addr', change, connect, { retval: -1 });
    expect(changed).toMatchObject({ r0: -1n, hook: { ...none, retval: -13 } });
    expect((await run('cgroup_sock_addr', 'r0 = 1', connect)).hook).toBeUndefined();
    const option = sockopt('get', { retval: 5 });
    const got = await run(
      'cgroup_sockopt',
      'call bpf_get_retval\nr6 = r0\nr1 = 7\ncall bpf_set_retval\nr0 = r6',
      option,
    );
    expect(got).toMatchObject({ r0: 5n, event: { retval: 7 } });
  });

  it('say how much of a message a verdict is for', async () => {
    const text = 'r6 = r1\nr2 = 100\ncall bpf_msg_apply_bytes\nr1 = r6\nr2 = 200\ncall bpf_msg_cork_bytes';
    const { hook } = await run('sk_msg', text, skMsg({ data: new Uint8Array(10) }));
    expect(hook).toEqual({ ...none, applyBytes: 100, corkBytes: 200 });
  });

  it('set the flags of callbacks', async () => {
    const text = 'r2 = 0x105\ncall bpf_sock_ops_cb_flags_set';
    const full = await run('sock_ops', text, sockOps({ is_fullsock: 1 }));
    expect(full).toMatchObject({ r0: 0x100n, event: { bpf_sock_ops_cb_flags: 5 } });
    expect((await run('sock_ops', text, sockOps({}))).r0).toBe(-22n);
  });

  const setting = { name: 'net/ipv4/tcp_mem', value: '1 2 3', newValue: '4 5' };
  /** r0 is what the helper returns; above it the first bytes that it has written. */
  const text = (helper: string, room: number, flags = 0): string => `
    r2 = -1
    *(u64 *)(r10 - 16) = r2
    *(u64 *)(r10 - 8) = r2
    r2 = r10
    r2 += -16
    r3 = ${room}
    r4 = ${flags}
    call bpf_sysctl_${helper}
    r1 = *(u32 *)(r10 - 16)
    r1 <<= 32
    r0 <<= 32
    r0 >>= 32
    r0 |= r1`;
  const split = (r0: bigint): [number, string] => {
    const bytes = Buffer.from(new BigUint64Array([BigInt.asUintN(64, r0)]).buffer);
    return [bytes.readInt32LE(0), bytes.subarray(4).toString('latin1')];
  };
  const ask = async (helper: string, room: number, write = 0, flags = 0, hook: Hook = { sysctl: setting }) =>
    split((await run('cgroup_sysctl', text(helper, room, flags), sysctl({ write }), hook)).r0);

  it('know the name of a setting', async () => {
    expect(await ask('get_name', 16)).toEqual([-7, 'net/']);
    expect(await ask('get_name', 16, 0, 1)).toEqual([7, 'tcp_']);
    expect(await ask('get_name', 4, 0, 1)).toEqual([-7, 'tcp\0']);
  });

  it('know its value, and what is written', async () => {
    expect(await ask('get_current_value', 16)).toEqual([5, '1 2 ']);
    expect(await ask('get_current_value', 3)).toEqual([-7, '1 \0\xff']);
    expect(await ask('get_current_value', 4, 0, 0, { sysctl: { name: 'a' } })).toEqual([-22, '\0\0\0\0']);
    expect(await ask('get_new_value', 16, 1)).toEqual([3, '4 5\0']);
    expect(await ask('get_new_value', 16, 0)).toEqual([-22, '\0\0\0\0']);
  });

  it('choose what is written instead', async () => {
    const write = `
      r2 = 0x3938
      *(u16 *)(r10 - 2) = r2
      r2 = r10
      r2 += -2
      r3 = 2
      call bpf_sysctl_set_new_value`;
    const chosen = await run('cgroup_sysctl', write, sysctl({ write: 1 }), { sysctl: setting });
    expect(chosen).toMatchObject({ r0: 0n, hook: { ...none, newValue: '89' } });
    const read = await run('cgroup_sysctl', write, sysctl({ write: 0 }), { sysctl: setting });
    expect(read).toMatchObject({ r0: -22n, hook: none });
  });

  it('refuse what no hook has', async () => {
    const retval = run('cgroup_sysctl', 'r0 = 1', sysctl({}), { retval: 2 ** 31 });
    await expect(retval).rejects.toThrow(/retval/);
    const name = 'x'.repeat(4096);
    await expect(run('cgroup_sysctl', 'r0 = 1', sysctl({}), { sysctl: { name } })).rejects.toThrow(/4095/);
  });
});
