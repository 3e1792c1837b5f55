import { describe, expect, it } from 'vitest';
import * as abi from '../../src/abi/maps.ts';
import { functionArgs, ptRegs, type RunContext } from '../../src/index.ts';
import { engines, mapSpec, openText, type Written } from './build.ts';

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);

describe.each(engines)('programs that trace, in %s', (engine) => {
  const call = async (text: string, context: RunContext = {}, options: Written = {}) => {
    using object = await openText(`${text}\nexit`, { type: 'kprobe', engine, ...options });
    const result = (await object.program()).run({ ...ptRegs({ args: [1n, 2n] }), context });
    return { r0: signed(result.r0), event: result.event };
  };

  it('know the function, and what they were attached with', async () => {
    const traced = { functionIp: 0xffff_ffff_8100_0000n, cookie: 7n };
    expect((await call('call bpf_get_func_ip', { traced })).r0).toBe(signed(traced.functionIp));
    expect((await call('call bpf_get_attach_cookie', { traced })).r0).toBe(7n);
    expect((await call('call bpf_get_attach_cookie')).r0).toBe(0n);
  });

  it('override what a function returns', async () => {
    const { r0, event } = await call('r2 = -12\ncall bpf_override_return');
    expect(r0).toBe(0n);
    expect(event).toMatchObject({ ax: BigInt.asUintN(64, -12n), di: 1n });
  });

  it('send signals, where the host lets them', async () => {
    const sent: [number, string][] = [];
    const tasks = {
      signal: (number: number, to: 'process' | 'thread') => {
        sent.push([number, to]);
        return number === 9 ? 11 : undefined;
      },
    };
    expect((await call('r1 = 10\ncall bpf_send_signal', {}, { tasks })).r0).toBe(0n);
    expect((await call('r1 = 9\ncall bpf_send_signal_thread', {}, { tasks })).r0).toBe(-11n);
    expect((await call('r1 = 65\ncall bpf_send_signal', {}, { tasks })).r0).toBe(-22n);
    expect((await call('r1 = 10\ncall bpf_send_signal')).r0).toBe(-1n);
    expect(sent).toEqual([
      [10, 'process'],
      [9, 'thread'],
    ]);
  });

  it('write to tasks, where the host lets them', async () => {
    const text = `
      r1 = 0x01020304
      *(u32 *)(r10 - 4) = r1
      r1 = 0x7000 ll
      r2 = r10
      r2 += -4
      r3 = 4
      call bpf_probe_write_user`;
    const written: [bigint, Uint8Array][] = [];
    const writeUser = (address: bigint, bytes: Uint8Array) => written.push([address, bytes]) < 2;
    const tasks = { writeUser };
    expect((await call(text, {}, { tasks })).r0).toBe(0n);
    expect((await call(text, {}, { tasks })).r0).toBe(-14n);
    expect((await call(text)).r0).toBe(-1n);
    expect(written[0]).toEqual([0x7000n, Uint8Array.of(4, 3, 2, 1)]);
  });

  it('read the current task', async () => {
    const text = `
      call bpf_get_current_task
      r3 = r0
      r6 = r0
      r1 = r10
      r1 += -8
      r2 = 4
      call bpf_probe_read_kernel
      if r0 != 0 goto out
      r0 = *(u32 *)(r10 - 8)
      out: `;
    expect((await call(text)).r0).toBe(-14n);
    using object = await openText(`${text}\nexit`, { type: 'kprobe', engine });
    using task = object.engine.object({ kind: 'task', bytes: Uint8Array.of(5, 0, 0, 0) });
    const program = await object.program();
    expect(program.run({ ...ptRegs({}), context: { traced: { task } } }).r0).toBe(5n);
    expect(signed(program.run(ptRegs({})).r0)).toBe(-14n);
  });

  it('have a call stack, a task and a cookie in one run', async () => {
    const text = `
      r6 = r1
      call bpf_get_attach_cookie
      r7 = r0
      r1 = r6
      r2 = r10
      r2 += -16
      r3 = 16
      r4 = 0
      call bpf_get_stack
      if r0 != 16 goto out
      call bpf_get_current_cgroup_id
      r1 = *(u64 *)(r10 - 16)
      r0 += r1
      r0 += r7
      out: `;
    using object = await openText(`${text}\nexit`, { type: 'kprobe', engine });
    using task = object.engine.object({ kind: 'task', bytes: Uint8Array.of(5, 0, 0, 0) });
    using cgroup = object.engine.object({ kind: 'cgroup', cookie: 100n });
    const context = { stack: { kernel: [0x1000n, 0x2000n] }, traced: { task, cgroup, cookie: 7n } };
    expect((await object.program()).run({ ...ptRegs({}), context }).r0).toBe(0x1000n + 107n);
  });

  it('know the cgroup of the task, and those above', async () => {
    const groups = mapSpec('groups', abi.MAP_TYPE_CGROUP_ARRAY, { valueSize: 4, maxEntries: 3 });
    const run = async (text: string) => {
      using object = await openText(`${text}\nexit`, { type: 'kprobe', engine, maps: [groups] });
      const outer = object.engine.object({ kind: 'cgroup', cookie: 100n });
      const inner = object.engine.object({ kind: 'cgroup', cookie: 200n, parent: outer });
      object.map('groups').raw.update(u32(0), u32(outer.address));
      object.map('groups').raw.update(u32(1), u32(inner.address));
      const program = await object.program();
      return [undefined, outer, inner].map((cgroup) =>
        signed(program.run({ ...ptRegs({}), context: { traced: cgroup ? { cgroup } : {} } }).r0),
      );
    };
    const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
    const ancestor = (level: number) => run(`r1 = ${level}\ncall bpf_get_current_ancestor_cgroup_id`);
    const under = (index: number) =>
      run(`r1 = map[groups]\nr2 = ${index}\ncall bpf_current_task_under_cgroup`);
    expect(await run('call bpf_get_current_cgroup_id')).toEqual([1n, 100n, 200n]);
    expect(await ancestor(0)).toEqual([1n, 1n, 1n]);
    expect(await ancestor(1)).toEqual([0n, 100n, 100n]);
    expect(await ancestor(2)).toEqual([0n, 0n, 200n]);
    expect(await ancestor(-1)).toEqual([0n, 0n, 0n]);
    expect(await under(0)).toEqual([0n, 1n, 1n]);
    expect(await under(1)).toEqual([0n, 0n, 1n]);
    expect(await under(2)).toEqual([-11n, -11n, -11n]);
    expect(await under(3)).toEqual([-7n, -7n, -7n]);
  });

  it('know their number in the PID namespace of the task alone', async () => {
    const text = (ino: number, size: number) => `
      r1 = 4
      r2 = ${ino}
      r3 = r10
      r3 += -8
      r4 = ${size}
      call bpf_get_ns_current_pid_tgid
      if r0 != 0 goto out
      r0 = *(u64 *)(r10 - 8)
      out: `;
    const task = { pid: 3, tgid: 2, pidNamespace: { dev: 4n, ino: 5n } };
    expect((await call(text(5, 8), {}, { task })).r0).toBe((2n << 32n) + 3n);
    expect((await call(text(6, 8), {}, { task })).r0).toBe(-22n);
    expect((await call(text(5, 4), {}, { task })).r0).toBe(-22n);
  });

  it('read the counters that the host has', async () => {
    const maps = [mapSpec('events', abi.MAP_TYPE_PERF_EVENT_ARRAY, { valueSize: 4, maxEntries: 2 })];
    const perfCounter = (map: string, index: number) =>
      map === 'events' && index === 0 ? { counter: 5n, enabled: 70n, running: 60n } : undefined;
    const read = (flags: string) => `r1 = map[events]\nr2 = ${flags}\ncall bpf_perf_event_read`;
    const readValue = (flags: string, size: number) => `
      r1 = map[events]
      r2 = ${flags}
      r3 = r10
      r3 += -24
      r4 = ${size}
      call bpf_perf_event_read_value
      if r0 != 0 goto out
      r0 = *(u64 *)(r10 - 24)
      r1 = *(u64 *)(r10 - 16)
      r0 += r1
      r1 = *(u64 *)(r10 - 8)
      r0 += r1
      out: `;
    const ask = async (text: string) => (await call(text, {}, { maps, perfCounter })).r0;
    expect(await ask(read('0'))).toBe(5n);
    expect(await ask(read('0xffffffff ll'))).toBe(5n);
    expect(await ask(read('1'))).toBe(-2n);
    expect(await ask(read('2'))).toBe(-7n);
    expect(await ask(read('0x100000000 ll'))).toBe(-22n);
    expect(await ask(readValue('0', 24))).toBe(135n);
    expect(await ask(readValue('0', 16))).toBe(-22n);
    expect((await call(read('0'), {}, { maps })).r0).toBe(-2n);
  });

  it('are given arguments by number', async () => {
    const ask = async (text: string, result?: bigint) => {
      using object = await openText(`${text}\nexit`, { type: 'tracing', engine, sandbox: true });
      return signed((await object.program()).run(functionArgs([10n, 20n], result)).r0);
    };
    const argument = (index: number) => `
      r2 = ${index}
      r3 = r10
      r3 += -8
      call bpf_get_func_arg
      if r0 != 0 goto out
      r0 = *(u64 *)(r10 - 8)
      out: `;
    const result = `
      r2 = r10
      r2 += -8
      call bpf_get_func_ret
      if r0 != 0 goto out
      r0 = *(u64 *)(r10 - 8)
      out: `;
    expect(await ask('call bpf_get_func_arg_cnt')).toBe(2n);
    expect(await ask(argument(1))).toBe(20n);
    expect(await ask(argument(2))).toBe(-22n);
    expect(await ask(result, 30n)).toBe(30n);
    expect(await ask(result)).toBe(-95n);
  });
});
