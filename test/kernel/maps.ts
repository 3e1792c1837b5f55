import * as abi from '../../src/abi/maps.ts';
import type { MapSpec } from '../../src/frontend/program.ts';
import { Bpf, WebpfError } from '../../src/index.ts';
import { mapSpec } from '../conformance/maps.ts';
import type { Random } from '../nodiff/random.ts';
import { type Answer, isRefusal, type KernelJudge } from './kernel.ts';
import { createMap } from './run.ts';

/** One operation of the bpf() system call on a map, with what its answer is compared by. */
export type Operation =
  | { readonly name: 'lookup' | 'delete' | 'next' | 'take'; readonly key: Uint8Array }
  | { readonly name: 'update'; readonly key: Uint8Array; readonly value: Uint8Array; readonly flags: number }
  | { readonly name: 'push'; readonly value: Uint8Array; readonly flags: number }
  | { readonly name: 'pop' | 'peek' | 'keys' | 'freeze' };

/** The answer as text: hex of what was read, or `errno N`. */
export type Replied = string;

/** Maps that answer the system call's operations. */
export interface MapSide {
  apply(operation: Operation): Promise<Replied>;
}

/** A map type with keys that make its rules show. */
export interface Subject {
  readonly spec: MapSpec;
  /** Undefined for queues and stacks. */
  readonly key: ((random: Random) => Uint8Array) | undefined;
  /** Whether the order of keys is the kernel's, too. */
  readonly ordered: boolean;
}

const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const index = (limit: number) => (random: Random) => u32(random.below(limit));
const NO_PREALLOC = abi.BPF_F_NO_PREALLOC;
const RDONLY = abi.BPF_F_RDONLY;
const WRONLY = abi.BPF_F_WRONLY;
const PREFIXES = [0, 1, 7, 8, 9, 16, 24, 31, 32, 32, 33];
const ADDRESSES = [0, 0x0a, 0x0100000a, 0x0200000a, 0xffffffff];

const prefix = (random: Random): Uint8Array =>
  Buffer.concat([u32(random.pick(PREFIXES)), u32(random.pick(ADDRESSES))]);

const prefix6 = (random: Random): Uint8Array => {
  const address = new Uint8Array(16);
  address[random.pick([0, 7, 8, 15])] = random.pick([1, 0x80, 0xff]);
  return Buffer.concat([u32(random.pick([0, 1, 8, 63, 64, 65, 127, 128, 129])), address]);
};

export const SUBJECTS: readonly Subject[] = [
  { spec: mapSpec('hash', abi.MAP_TYPE_HASH, 4, 8, 4), key: index(7), ordered: false },
  { spec: mapSpec('hash, wide', abi.MAP_TYPE_HASH, 24, 3, 3), key: wide, ordered: false },
  { spec: mapSpec('hash, lazy', abi.MAP_TYPE_HASH, 4, 8, 4, NO_PREALLOC), key: index(7), ordered: false },
  { spec: mapSpec('array', abi.MAP_TYPE_ARRAY, 4, 5, 3), key: index(5), ordered: true },
  { spec: mapSpec('percpu hash', abi.MAP_TYPE_PERCPU_HASH, 4, 8, 4), key: index(7), ordered: false },
  { spec: mapSpec('percpu array', abi.MAP_TYPE_PERCPU_ARRAY, 4, 8, 3), key: index(5), ordered: true },
  { spec: mapSpec('lru hash', abi.MAP_TYPE_LRU_HASH, 4, 8, 1000), key: index(7), ordered: false },
  { spec: mapSpec('lpm trie', abi.MAP_TYPE_LPM_TRIE, 8, 8, 6, NO_PREALLOC), key: prefix, ordered: true },
  {
    spec: mapSpec('lpm trie, IPv6', abi.MAP_TYPE_LPM_TRIE, 20, 3, 5, NO_PREALLOC),
    key: prefix6,
    ordered: true,
  },
  {
    spec: mapSpec('lru percpu hash', abi.MAP_TYPE_LRU_PERCPU_HASH, 4, 8, 1000),
    key: index(7),
    ordered: false,
  },
  { spec: mapSpec('hash, read-only', abi.MAP_TYPE_HASH, 4, 8, 4, RDONLY), key: index(7), ordered: false },
  { spec: mapSpec('array, write-only', abi.MAP_TYPE_ARRAY, 4, 8, 3, WRONLY), key: index(5), ordered: true },
  { spec: mapSpec('queue, read-only', abi.MAP_TYPE_QUEUE, 0, 8, 3, RDONLY), key: undefined, ordered: true },
  { spec: mapSpec('queue', abi.MAP_TYPE_QUEUE, 0, 8, 3), key: undefined, ordered: true },
  { spec: mapSpec('stack', abi.MAP_TYPE_STACK, 0, 8, 3), key: undefined, ordered: true },
];

/** Keys that differ in one byte, wherever it is. */
function wide(random: Random): Uint8Array {
  const key = new Uint8Array(24);
  key[random.pick([0, 11, 23])] = random.below(3);
  return key;
}

const FLAGS = [0, 0, 0, 1, 2, 3, 4];

/** `count` random operations; values have `valueBytes`. */
export function operations(subject: Subject, random: Random, count: number, valueBytes: number): Operation[] {
  return Array.from({ length: count }, () => operation(subject, random, valueBytes));
}

function operation({ key }: Subject, random: Random, valueBytes: number): Operation {
  const value = random.bytes(valueBytes);
  const flags = random.pick(FLAGS);
  if (random.chance(0.004)) return { name: 'freeze' };
  if (key === undefined)
    return random.chance(0.5)
      ? { name: 'push', value, flags }
      : { name: random.pick(['pop', 'peek'] as const) };
  const kind = random.pick(['lookup', 'update', 'update', 'delete', 'next', 'keys', 'take'] as const);
  if (kind === 'keys') return { name: 'keys' };
  return kind === 'update'
    ? { name: kind, key: key(random), value, flags }
    : { name: kind, key: key(random) };
}

/** The kernel's side. */
export class KernelMap implements MapSide {
  readonly #judge: KernelJudge;
  readonly #id: number;

  private constructor(judge: KernelJudge, id: number) {
    this.#judge = judge;
    this.#id = id;
  }

  static async of(judge: KernelJudge, { spec }: Subject): Promise<KernelMap> {
    return new KernelMap(judge, await createMap(judge, spec));
  }

  async apply(operation: Operation): Promise<Replied> {
    const none = new Uint8Array(0);
    switch (operation.name) {
      case 'lookup':
        return text(await this.#judge.lookup(this.#id, operation.key));
      case 'update':
        return text(await this.#judge.update(this.#id, operation.key, operation.value, operation.flags));
      case 'delete':
        return text(await this.#judge.delete(this.#id, operation.key));
      case 'next':
        return text(await this.#judge.next(this.#id, operation.key));
      case 'push':
        return text(await this.#judge.update(this.#id, none, operation.value, operation.flags));
      case 'take':
        return text(await this.#judge.take(this.#id, operation.key));
      case 'freeze':
        return text(await this.#judge.freeze(this.#id));
      case 'pop':
        return text(await this.#judge.take(this.#id, none));
      case 'peek':
        return text(await this.#judge.lookup(this.#id, none));
      case 'keys':
        return this.#keys();
    }
  }

  async #keys(): Promise<Replied> {
    const keys: string[] = [];
    for (let key: Uint8Array | undefined; ; ) {
      const answer = await this.#judge.next(this.#id, key);
      if (isRefusal(answer)) return keys.sort().join(' ');
      keys.push(answer.key);
      key = Buffer.from(answer.key, 'hex');
    }
  }
}

function text(answer: Answer<{ value: string } | { key: string } | { ok: 1 }>): Replied {
  if (isRefusal(answer)) return `errno ${answer.errno}`;
  if ('value' in answer) return answer.value;
  return 'key' in answer ? answer.key : 'ok';
}

/** Ours, by the commands of the same names. */
export class OurMap implements MapSide {
  readonly valueBytes: number;
  readonly #bpf: Bpf;
  readonly #fd: number;

  private constructor(bpf: Bpf, { type, keySize, valueSize, maxEntries, flags }: MapSpec) {
    this.#bpf = bpf;
    this.#fd = bpf.mapCreate({ mapType: type, keySize, valueSize, maxEntries, mapFlags: flags });
    this.valueBytes = bpf.map({ mapFd: this.#fd }).raw.valueBytes;
  }

  /** `cpus`: as many as the kernel has, since it passes per-CPU values whole. */
  static async of({ spec }: Subject, cpus: number): Promise<OurMap> {
    return new OurMap(await Bpf.open({ engine: 'interp', cpus, maxMemory: 32 << 20 }), spec);
  }

  async apply(operation: Operation): Promise<Replied> {
    return replied(() => this.#perform(operation));
  }

  #perform(operation: Operation): Uint8Array | string | undefined {
    const bpf = this.#bpf;
    const mapFd = this.#fd;
    switch (operation.name) {
      case 'lookup':
        return bpf.mapLookupElem({ mapFd, key: operation.key });
      case 'take':
        return bpf.mapLookupAndDeleteElem({ mapFd, key: operation.key });
      case 'update':
        bpf.mapUpdateElem({ ...operation, mapFd });
        return undefined;
      case 'delete':
        bpf.mapDeleteElem({ mapFd, key: operation.key });
        return undefined;
      case 'next':
        return bpf.mapGetNextKey({ mapFd, key: operation.key });
      case 'push':
        bpf.mapUpdateElem({ ...operation, mapFd });
        return undefined;
      case 'pop':
        return bpf.mapLookupAndDeleteElem({ mapFd });
      case 'peek':
        return bpf.mapLookupElem({ mapFd });
      case 'freeze':
        bpf.mapFreeze({ mapFd });
        return undefined;
      case 'keys':
        return this.#keys();
    }
  }

  #keys(): string {
    const keys: string[] = [];
    for (let key: Uint8Array | undefined; ; ) {
      const next = nextOrEnd(() => this.#bpf.mapGetNextKey({ mapFd: this.#fd, key }));
      if (next === undefined) return keys.sort().join(' ');
      keys.push(hex(next));
      key = next;
    }
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function replied(work: () => Uint8Array | string | undefined): Replied {
  try {
    const answer = work();
    return answer instanceof Uint8Array ? hex(answer) : (answer ?? 'ok');
  } catch (error) {
    if (error instanceof WebpfError && error.code === 'syscall') return `errno ${error.errno}`;
    throw error;
  }
}

function nextOrEnd(work: () => Uint8Array): Uint8Array | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof WebpfError && error.code === 'syscall') return undefined;
    throw error;
  }
}
