import { describe, expect, it } from 'vitest';
import { type HostObject, ptRegs } from '../../src/index.ts';
import { engines, openText } from '../api/build.ts';

describe.each(engines)('tasks and cgroups, in %s', (engine) => {
  const opened = (text: string) =>
    openText(`${text}\nexit`, { type: 'syscall', engine, task: { pid: 42, tgid: 42 } });
  const run = async (
    text: string,
    made: (object: Awaited<ReturnType<typeof opened>>) => HostObject[] = () => [],
  ) => {
    using object = await opened(text);
    const held = made(object);
    const { r0 } = (await object.program()).run(new Uint8Array(16));
    expect(held.map((one) => one.references)).toEqual(held.map(() => 1));
    return r0;
  };
  const found = (kfunc: string, id: string, release: string) => `
    r1 = ${id}
    call kfunc ${kfunc}
    r6 = 0
    if r0 == 0 goto out
    r6 = 1
    r1 = r0
    call kfunc ${release}
    out: r0 = r6`;

  it('are found by number, as long as they are there', async () => {
    const task = (pid: number) => found('bpf_task_from_pid', `${pid}`, 'bpf_task_release');
    const cgroup = (id: string) => found('bpf_cgroup_from_id', id, 'bpf_cgroup_release');
    expect(await run(task(42))).toBe(1n);
    expect(await run(task(43))).toBe(0n);
    expect(await run(task(43), ({ engine: host }) => [host.object({ kind: 'task', cookie: 43n })])).toBe(1n);
    const id = 0x1_0000_0005n;
    const made = (object: Awaited<ReturnType<typeof opened>>) => [
      object.engine.object({ kind: 'cgroup', cookie: id }),
      object.engine.object({ kind: 'task', cookie: id }),
    ];
    expect(await run(cgroup(`${id} ll`), made)).toBe(1n);
    expect(await run(cgroup('5'), made)).toBe(0n);
  });

  it('are acquired and released', async () => {
    const text = `
      call bpf_get_current_task_btf
      r1 = r0
      call kfunc bpf_task_acquire
      r6 = 0
      if r0 == 0 goto out
      r6 = 1
      r1 = r0
      call kfunc bpf_task_release
      out: r0 = r6`;
    expect(await run(text)).toBe(1n);
  });

  it('ancestors of a cgroup, and whether a task is below', async () => {
    const ancestor = (level: number) => `
      r1 = 7
      call kfunc bpf_cgroup_from_id
      r7 = 0
      if r0 == 0 goto out
      r6 = r0
      r1 = r0
      r2 = ${level}
      call kfunc bpf_cgroup_ancestor
      if r0 == 0 goto release
      r7 = 1
      r1 = r0
      call kfunc bpf_cgroup_release
      release:
      r1 = r6
      call kfunc bpf_cgroup_release
      out: r0 = r7`;
    const below = (id: number) => `
      r1 = ${id}
      call kfunc bpf_cgroup_from_id
      r7 = 9
      if r0 == 0 goto out
      r6 = r0
      r1 = 43
      call kfunc bpf_task_from_pid
      if r0 == 0 goto release
      r8 = r0
      r1 = r0
      r2 = r6
      call kfunc bpf_task_under_cgroup
      r7 = r0
      r1 = r8
      call kfunc bpf_task_release
      release:
      r1 = r6
      call kfunc bpf_cgroup_release
      out: r0 = r7`;
    const ask = async (text: string) => {
      using object = await opened(text);
      const outer = object.engine.object({ kind: 'cgroup', cookie: 6n });
      const inner = object.engine.object({ kind: 'cgroup', cookie: 7n, parent: outer });
      object.engine.object({ kind: 'task', cookie: 43n, parent: outer });
      const { r0 } = (await object.program()).run(new Uint8Array(16));
      expect([outer.references, inner.references]).toEqual([3, 1]);
      return r0;
    };
    expect([
      await ask(ancestor(0)),
      await ask(ancestor(1)),
      await ask(ancestor(2)),
      await ask(ancestor(3)),
    ]).toEqual([0n, 1n, 1n, 0n]);
    expect([await ask(below(6)), await ask(below(7))]).toEqual([1n, 0n]);
  });

  it('need a proof', async () => {
    const text = found('bpf_task_from_pid', '1', 'bpf_task_release');
    using object = await openText(`${text}\nexit`, { type: 'syscall', engine, sandbox: true });
    await expect(object.program()).rejects.toThrow(/verified program/);
  });
});

it('the current task has the pid of the option', async () => {
  using object = await openText('r0 = 0\nexit', { type: 'kprobe', task: { pid: 5, tgid: 4 } });
  expect(object.engine.currentTask?.cookie).toBe(5n);
  expect((await object.program()).run(ptRegs({})).r0).toBe(0n);
});
