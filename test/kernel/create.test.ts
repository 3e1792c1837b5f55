import { afterAll, describe, expect, test } from 'vitest';
import * as abi from '../../src/abi/maps.ts';
import { Bpf, WebpfError } from '../../src/index.ts';
import { Random } from '../nodiff/random.ts';
import { isRefusal, KernelJudge } from './kernel.ts';

const judge = await KernelJudge.open();
const reason = typeof judge === 'string' ? judge : '';
if (reason !== '') console.log(`creation of maps in the kernel: skipped: ${reason}`);

const ATTEMPTS = 150;

/** Those whose making depends on neither BTF nor what else the machine has (as cpumap on how many CPUs Linux is for). */
const TYPES = Object.entries({
  hash: abi.MAP_TYPE_HASH,
  array: abi.MAP_TYPE_ARRAY,
  prog_array: abi.MAP_TYPE_PROG_ARRAY,
  perf_event_array: abi.MAP_TYPE_PERF_EVENT_ARRAY,
  percpu_hash: abi.MAP_TYPE_PERCPU_HASH,
  percpu_array: abi.MAP_TYPE_PERCPU_ARRAY,
  stack_trace: abi.MAP_TYPE_STACK_TRACE,
  cgroup_array: abi.MAP_TYPE_CGROUP_ARRAY,
  lru_hash: abi.MAP_TYPE_LRU_HASH,
  lru_percpu_hash: abi.MAP_TYPE_LRU_PERCPU_HASH,
  lpm_trie: abi.MAP_TYPE_LPM_TRIE,
  array_of_maps: abi.MAP_TYPE_ARRAY_OF_MAPS,
  hash_of_maps: abi.MAP_TYPE_HASH_OF_MAPS,
  devmap: abi.MAP_TYPE_DEVMAP,
  xskmap: abi.MAP_TYPE_XSKMAP,
  queue: abi.MAP_TYPE_QUEUE,
  stack: abi.MAP_TYPE_STACK,
  devmap_hash: abi.MAP_TYPE_DEVMAP_HASH,
  ringbuf: abi.MAP_TYPE_RINGBUF,
  bloom_filter: abi.MAP_TYPE_BLOOM_FILTER,
  user_ringbuf: abi.MAP_TYPE_USER_RINGBUF,
  arena: abi.MAP_TYPE_ARENA,
});

interface Attributes {
  readonly key: number;
  readonly value: number;
  readonly entries: number;
  readonly flags: number;
  readonly extra: bigint;
}

/** Every flag there is, and one that there is not. BPF_F_NUMA_NODE needs a node, others a token or an arena's address. */
const FLAGS = Array.from({ length: 21 }, (_, bit) => 1 << bit);
const LESS_OFTEN = 0.25;

function attributes(random: Random): Attributes {
  const flags = random.chance(LESS_OFTEN)
    ? random.pick(FLAGS) | random.pick(FLAGS)
    : random.pick([0, 0, 1, 128]);
  return {
    key: random.pick([0, 1, 4, 4, 4, 5, 8, 8, 260, 261, 512, 513]),
    value: random.pick([0, 1, 4, 4, 8, 8, 12, 16, 1016, 1024]),
    entries: random.pick([0, 1, 2, 5, 64, 4096, 4096, 8192]),
    flags,
    extra: random.chance(0.1) ? BigInt(random.pick([1, 5, 15, 16])) : 0n,
  };
}

/** Of arenas most attributes are refused at once: those that nearly fit. */
function arenaAttributes(random: Random): Attributes {
  const rare = random.chance(LESS_OFTEN) ? attributes(random) : undefined;
  return {
    key: rare?.key ?? 0,
    value: rare?.value ?? 0,
    entries: random.pick([0, 1, 16, 4096, (1 << 20) + 1, (1 << 31) >>> 0]),
    flags:
      abi.BPF_F_MMAPABLE | random.pick([0, 0, 1, abi.BPF_F_SEGV_ON_FAULT, abi.BPF_F_NO_USER_CONV, 1 << 20]),
    extra: random.pick([0n, 0n, 5n, 4096n, 1n << 44n, (1n << 44n) - 4096n, 0xffff_f000n]),
  };
}

/** An error number, or 0. */
async function inKernel(type: number, { key, value, entries, flags, extra }: Attributes): Promise<number> {
  if (typeof judge === 'string') throw new Error(judge);
  await judge.reset();
  const inner = await judge.map(abi.MAP_TYPE_ARRAY, 4, 8, 1, 0);
  if (isRefusal(inner)) throw new Error('no inner map');
  const isOuter = type === abi.MAP_TYPE_ARRAY_OF_MAPS || type === abi.MAP_TYPE_HASH_OF_MAPS;
  const made = await judge.map(type, key, value, entries, flags, isOuter ? inner.id : undefined, extra);
  return isRefusal(made) ? made.errno : 0;
}

async function here(mapType: number, { key, value, entries, flags, extra }: Attributes): Promise<number> {
  using bpf = await Bpf.open({ engine: 'interp', cpus: 2 });
  const innerMapFd = bpf.mapCreate({ mapType: abi.MAP_TYPE_ARRAY, keySize: 4, valueSize: 8, maxEntries: 1 });
  const shape = { mapType, keySize: key, valueSize: value, maxEntries: entries, mapFlags: flags };
  try {
    bpf.mapCreate({ ...shape, innerMapFd, mapExtra: extra });
    return 0;
  } catch (error) {
    if (error instanceof WebpfError && error.errno !== undefined) return error.errno;
    throw error;
  }
}

describe.skipIf(reason !== '')('maps are made as in the Linux kernel', () => {
  afterAll(() => {
    if (typeof judge !== 'string') judge.close();
  });

  test.each(TYPES)('%s', { timeout: 60_000 }, async (_, type) => {
    const random = new Random(type);
    const ours: string[] = [];
    const kernel: string[] = [];
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const attr = (type === abi.MAP_TYPE_ARENA ? arenaAttributes : attributes)(random);
      const words = `key ${attr.key} value ${attr.value} entries ${attr.entries} flags ${attr.flags} extra ${attr.extra}`;
      kernel.push(`${words}: ${await inKernel(type, attr)}`);
      ours.push(`${words}: ${await here(type, attr)}`);
    }
    expect(ours).toEqual(kernel);
  });
});
