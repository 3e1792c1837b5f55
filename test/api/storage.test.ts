import { describe, expect, it } from 'vitest';
import * as abi from '../../src/abi/maps.ts';
import { type BpfObject, type HostObject, ptRegs, type Socket, skb } from '../../src/index.ts';
import { engines, ethernet, mapSpec, openText } from './build.ts';

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
const number = (value: Uint8Array | undefined): bigint | undefined =>
  value && new DataView(value.buffer, value.byteOffset).getBigUint64(0, true);
const bytes = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);

const SIZES = { maxEntries: 0, flags: abi.BPF_F_NO_PREALLOC };
const SK = mapSpec('store', abi.MAP_TYPE_SK_STORAGE, SIZES);
const TASK = mapSpec('store', abi.MAP_TYPE_TASK_STORAGE, SIZES);
const CGROUP = mapSpec('store', abi.MAP_TYPE_CGRP_STORAGE, SIZES);
const INODE = mapSpec('store', abi.MAP_TYPE_INODE_STORAGE, SIZES);

type Owner = HostObject | Socket;
const storeOf = (object: BpfObject) => object.map<Owner, Uint8Array>('store');

/** Counts in the value of the object in r2, which begins with 40; r0: what it is now. */
const count = (kind: string): string => `
  *(u64 *)(r10 - 8) = 40
  r1 = map[store]
  r3 = r10
  r3 += -8
  r4 = 1
  call bpf_${kind}_storage_get
  if r0 == 0 goto out
  r6 = r0
  r1 = *(u64 *)(r6 + 0)
  r1 += 1
  *(u64 *)(r6 + 0) = r1
  r0 = r1
  out: exit`;

const BY_SOCKET = `
  r2 = *(u64 *)(r1 + 168)
  r0 = 0
  if r2 == 0 goto out
  r1 = r2
  call bpf_sk_fullsock
  r2 = r0
  if r2 == 0 goto out
  ${count('sk')}`;
const BY_TASK = `call bpf_get_current_task_btf\nr2 = r0\n${count('task')}`;
const DELETE_TASK = `
  call bpf_get_current_task_btf
  r2 = r0
  r1 = map[store]
  call bpf_task_storage_delete
  exit`;

describe.each(engines)('local storage, in %s', (engine) => {
  const sandbox = true;
  const packet = ethernet(0x0800);

  it.each([true, false])('of the socket of a packet (sandbox: %s)', async (isSandbox) => {
    using object = await openText(BY_SOCKET, { type: 'sched_cls', engine, maps: [SK], sandbox: isSandbox });
    const program = await object.program();
    const store = storeOf(object);
    const first = object.engine.socket({});
    using second = object.engine.socket({});
    const run = (sk?: Socket): bigint => program.run(skb({ packet, ...(sk && { sk }) })).r0;
    expect([run(first), run(first), run(second), run()]).toEqual([41n, 42n, 41n, 0n]);
    expect([number(store.get(first)), number(store.get(second)), store.size]).toEqual([42n, 41n, 2]);
    expect(new Map(store)).toEqual(
      new Map([
        [first, bytes(42n)],
        [second, bytes(41n)],
      ]),
    );
    expect(store.delete(first)).toBe(true);
    expect(store.delete(first)).toBe(false);
    expect(run(first)).toBe(41n);
    first[Symbol.dispose]();
    expect(store.size).toBe(1);
    expect([...store.keys()]).toEqual([second]);
  });

  it.each([true, false])('of the current task, which a run may bring (sandbox: %s)', async (isSandbox) => {
    using object = await openText(BY_TASK, { type: 'kprobe', engine, maps: [TASK], sandbox: isSandbox });
    const program = await object.program();
    const store = storeOf(object);
    using task = object.engine.object({ kind: 'task' });
    const { currentTask } = object.engine;
    const run = (traced = {}): bigint => program.run({ ...ptRegs({}), context: { traced } }).r0;
    expect([run(), run({ task }), run({ task })]).toEqual([41n, 41n, 42n]);
    expect(number(currentTask && store.get(currentTask))).toBe(41n);
    store.set(task, bytes(7n));
    expect(run({ task })).toBe(8n);
    expect(() => store.set(task, bytes(1n), abi.BPF_NOEXIST)).toThrow(/EEXIST/);
    store.delete(task);
    expect(() => store.set(task, bytes(1n), abi.BPF_EXIST)).toThrow(/ENOENT/);
  });

  it('is deleted by programs', async () => {
    using object = await openText(DELETE_TASK, { type: 'kprobe', engine, maps: [TASK], sandbox });
    const program = await object.program();
    expect(signed(program.run(ptRegs({})).r0)).toBe(-2n);
    const { currentTask } = object.engine;
    if (currentTask !== undefined) storeOf(object).set(currentTask, bytes(1n));
    expect(program.run(ptRegs({})).r0).toBe(0n);
    expect(storeOf(object).size).toBe(0);
  });

  it.each([
    { kind: 'cgroup', spec: CGROUP, helper: 'cgrp' },
    { kind: 'inode', spec: INODE, helper: 'inode' },
  ] as const)('of a $kind', async ({ kind, spec, helper }) => {
    const text = `r2 = *(u64 *)(r1 + 0)\n${count(helper)}`;
    using object = await openText(text, { engine, maps: [spec], sandbox });
    const program = await object.program();
    using owner = object.engine.object({ kind });
    using task = object.engine.object({ kind: 'task' });
    const context = (value: number): Uint8Array => bytes(BigInt(value));
    expect(program.run(context(owner.address)).r0).toBe(41n);
    expect(program.run(context(0)).r0).toBe(0n);
    // An address that is not one of such an object ends the run, also where another object is.
    for (const address of [task.address, owner.address + 8])
      expect(() => program.run(context(address))).toThrow(expect.objectContaining({ code: 'trap' }));
    expect(() => storeOf(object).set(task, bytes(1n))).toThrow(/EBADF/);
  });

  it('lets unverified programs write their values, and nothing before or behind', async () => {
    const at = (offset: number) => `
      call bpf_get_current_task_btf
      r2 = r0
      r1 = map[store]
      r3 = 0
      r4 = 1
      call bpf_task_storage_get
      r1 = 1
      *(u8 *)(r0 ${offset < 0 ? '-' : '+'} ${Math.abs(offset)}) = r1
      exit`;
    for (const [offset, isInside] of [
      [0, true],
      [7, true],
      [8, false],
      [-1, false],
    ] as const) {
      using object = await openText(at(offset), { type: 'kprobe', engine, maps: [TASK], sandbox });
      const program = await object.program();
      const run = () => program.run(ptRegs({}));
      if (isInside) expect(run().r0).toBeGreaterThan(0n);
      else expect(run).toThrow(expect.objectContaining({ code: 'trap' }));
    }
  });

  it('keeps what an object has in several maps apart, and takes memory back', async () => {
    const maps = [TASK, { ...TASK, name: 'other', valueSize: 100 }];
    using object = await openText(BY_TASK, { type: 'kprobe', engine, maps, sandbox });
    const other = object.map<Owner, Uint8Array>('other');
    const store = storeOf(object);
    for (let round = 0; round < 3; round++) {
      const tasks = Array.from({ length: 3000 }, () => object.engine.object({ kind: 'task' }));
      for (const [i, task] of tasks.entries()) {
        other.set(task, new Uint8Array(100).fill(i));
        store.set(task, bytes(BigInt(i)));
      }
      expect([store.size, other.size]).toEqual([3000, 3000]);
      expect(
        tasks.every((task, i) => other.get(task)?.[99] === i % 256 && number(store.get(task)) === BigInt(i)),
      ).toBe(true);
      for (const task of tasks) task[Symbol.dispose]();
      expect([store.size, other.size]).toEqual([0, 0]);
    }
  });
});

it('refuses maps that the kernel refuses', async () => {
  const wrong = [
    { flags: 0 },
    { maxEntries: 1 },
    { keySize: 8 },
    { valueSize: 0 },
    { flags: 1 | abi.BPF_F_RDONLY_PROG },
  ];
  for (const sizes of wrong) {
    using object = await openText('r0 = 0\nexit', { maps: [{ ...TASK, ...sizes }] });
    expect(() => storeOf(object)).toThrow(/EINVAL|map/);
  }
  const large = (valueSize: number) => openText('r0 = 0\nexit', { maps: [{ ...TASK, valueSize }] });
  using tooLarge = await large(65_408);
  expect(() => storeOf(tooLarge)).toThrow(/E2BIG|large/);
  using largest = await large(65_407);
  expect(storeOf(largest).size).toBe(0);
});
