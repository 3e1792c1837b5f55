import { describe, expect, it } from 'vitest';
import { abi } from '../../src/index.ts';
import { ethernet, mapSpec, openText } from '../api/build.ts';
import { inThreads } from '../share/threads.ts';

const THREADS = 3;
const RUNS = Number(process.env['WEBPF_STRESS_RUNS'] ?? 10_000);
const packet = ethernet(0x0800);

/** Indexes of the array `sums`: numbers that went in and came out, and their sums. */
const SUMS = ['pushed', 'popped', 'sum pushed', 'sum popped'] as const;

const add = (index: number, register: string, label: string): string => `
  *(u32 *)(r10 - 12) = ${index}
  r1 = map[sums]
  r2 = r10
  r2 += -12
  call bpf_map_lookup_elem
  if r0 == 0 goto ${label}
  lock *(u64 *)(r0 + 0) += ${register}
  ${label}:`;

/** Pushes a random number, or pops one, and adds it to the sums. */
const PROGRAM = `
  r9 = 1
  call bpf_get_prandom_u32
  w6 = w0
  *(u64 *)(r10 - 8) = r6
  r1 = map[subject]
  r2 = r10
  r2 += -8
  r7 = r6
  r7 &= 16
  if r7 == 0 goto pop
  r3 = 0
  call bpf_map_push_elem
  if r0 != 0 goto out
  ${add(0, 'r9', 'pushed')}
  ${add(2, 'r6', 'out')}
  r0 = 2
  exit
  pop:
  call bpf_map_pop_elem
  if r0 != 0 goto out
  r6 = *(u64 *)(r10 - 8)
  ${add(1, 'r9', 'popped')}
  ${add(3, 'r6', 'done')}
  r0 = 2
  exit`;

describe.each(['jit', 'interp'] as const)('in %s', (engine) => {
  it.each([
    ['queue', abi.MAP_TYPE_QUEUE],
    ['stack', abi.MAP_TYPE_STACK],
  ])('%s: what goes in comes out, once', async (_, type) => {
    const subject = mapSpec('subject', type, { keySize: 0, maxEntries: 32 });
    const sums = mapSpec('sums', abi.MAP_TYPE_ARRAY);
    using object = await openText(PROGRAM, {
      engine,
      memory: 'shared',
      cpus: THREADS + 1,
      type: 'xdp',
      maps: [subject, sums],
    });
    const program = await object.program();
    const pending = inThreads(object, THREADS, { program: 'main', packet, runs: RUNS });
    program.repeat(packet, RUNS);
    await pending;
    const { raw } = object.map('sums');
    const numberOf = (bytes: Uint8Array = new Uint8Array(8)): bigint =>
      new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
    const [pushed = 0n, popped = 0n, sumPushed = 0n, sumPopped = 0n] = SUMS.map((_name, index) =>
      numberOf(raw.lookup(Uint8Array.of(index, 0, 0, 0))),
    );
    const rest: bigint[] = [];
    const queue = object.queue<Uint8Array>('subject');
    for (let value = queue.pop(); value !== undefined; value = queue.pop()) rest.push(numberOf(value));
    expect(pushed).toBeGreaterThan(BigInt(RUNS / 2));
    expect([popped + BigInt(rest.length), rest.reduce((sum, value) => sum + value, sumPopped)]).toEqual([
      pushed,
      sumPushed,
    ]);
  });
});
