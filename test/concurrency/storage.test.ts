import { expect, it } from 'vitest';
import { abi, type HostObject } from '../../src/index.ts';
import { ethernet, mapSpec, openText } from '../api/build.ts';
import { inThreads } from '../share/threads.ts';

const THREADS = 3;
const RUNS = Number(process.env['WEBPF_STRESS_RUNS'] ?? 10_000);
const OWNERS = 8;
const packet = ethernet(0x0800);

const maps = [
  mapSpec('owners', abi.MAP_TYPE_ARRAY, { maxEntries: OWNERS }),
  mapSpec('bad', abi.MAP_TYPE_ARRAY, { maxEntries: 1 }),
  mapSpec('store', abi.MAP_TYPE_INODE_STORAGE, {
    valueSize: 16,
    maxEntries: 0,
    flags: abi.BPF_F_NO_PREALLOC,
  }),
];

/** Makes, looks at for a while, and half of the time deletes the value of one owner: its number, twice. */
const TEXT = `
  call bpf_get_prandom_u32
  r0 &= ${OWNERS - 1}
  *(u32 *)(r10 - 4) = r0
  r6 = r0
  r1 = map[owners]
  r2 = r10
  r2 += -4
  call bpf_map_lookup_elem
  if r0 == 0 goto out
  r7 = *(u64 *)(r0 + 0)
  *(u64 *)(r10 - 16) = r6
  *(u64 *)(r10 - 24) = r6
  r1 = map[store]
  r2 = r7
  r3 = r10
  r3 += -24
  r4 = 1
  call bpf_inode_storage_get
  r8 = r0
  if r8 == 0 goto deletion
  r9 = 50
  again:
  r1 = *(u64 *)(r8 + 0)
  if r1 != r6 goto fault
  r1 = *(u64 *)(r8 + 8)
  if r1 != r6 goto fault
  r9 += -1
  if r9 != 0 goto again
  goto deletion
  fault:
  *(u32 *)(r10 - 4) = 0
  r1 = map[bad]
  r2 = r10
  r2 += -4
  call bpf_map_lookup_elem
  if r0 == 0 goto out
  r1 = 1
  lock *(u64 *)(r0 + 0) += r1
  deletion:
  call bpf_get_prandom_u32
  r0 &= 1
  if r0 == 0 goto out
  r1 = map[store]
  r2 = r7
  call bpf_inode_storage_delete
  out:
  r0 = 0
  exit`;

it.each([
  'jit',
  'interp',
] as const)('values of objects, in %s: none becomes the value of another', async (engine) => {
  const options = { engine, memory: 'shared', cpus: THREADS + 1, type: 'xdp', sandbox: true, maps } as const;
  using object = await openText(TEXT, options);
  const program = await object.program();
  const inodes = Array.from({ length: OWNERS }, () => object.engine.object({ kind: 'inode' }));
  for (const [index, { address }] of inodes.entries())
    object.map('owners').set(index, new Uint8Array(BigUint64Array.of(BigInt(address)).buffer));
  const pending = inThreads(object, THREADS, { program: 'main', packet, runs: RUNS });
  program.repeat(packet, RUNS);
  await pending;
  expect(object.map('bad').get(0)).toEqual(new Uint8Array(8));
  const store = object.map<HostObject, Uint8Array>('store');
  expect([...store.keys()].every((owner) => inodes.includes(owner))).toBe(true);
  expect([...store.keys()].length).toBe(store.size);
  for (const inode of inodes) inode[Symbol.dispose]();
  expect(store.size).toBe(0);
});
