import type { ProgramType } from '../../src/frontend/program.ts';
import type { RunContext } from '../../src/index.ts';
import { contextKindOf } from '../../src/runtime/context.ts';
import { Random } from '../nodiff/random.ts';
import { likelyBytes } from './maps.ts';

/** What one run of a program is given. */
export interface Input {
  readonly packet: Uint8Array;
  readonly context: RunContext;
  /** Of the maps' contents and of bpf_get_prandom_u32. */
  readonly seed: number;
}

const LONGEST = 90;
const ETHERTYPES = [0x0800, 0x86dd, 0x0806, 0x8100] as const;

function packet(random: Random): Uint8Array {
  if (random.chance(0.1)) return new Uint8Array(random.below(2));
  const bytes = likelyBytes(
    random,
    random.chance(0.3) ? random.pick([13, 14, 15, 34, 54, 64]) : random.below(LONGEST),
  );
  if (bytes.length >= 14) new DataView(bytes.buffer).setUint16(12, random.pick(ETHERTYPES));
  return bytes;
}

const number = (random: Random): number => random.imm() >>> 0;

const context = (random: Random): RunContext => ({
  ingressIfindex: random.below(4),
  rxQueueIndex: random.below(300),
  mark: number(random),
  priority: number(random),
  hash: number(random),
  pktType: random.below(8),
  queueMapping: random.below(70),
  vlanTci: random.below(0x10000),
  cb: Array.from({ length: 5 }, () => number(random)),
});

/** Programs whose context is not a packet find the context itself there: larger than any of the kernel's. */
const RAW = 8192;

const raw = (random: Random): Uint8Array => {
  const bytes = new Uint8Array(RAW);
  bytes.set(likelyBytes(random, 256));
  return bytes;
};

export function inputsOf(type: ProgramType, seed: number, count: number): Input[] {
  const random = new Random(seed ^ 0x5eed);
  const isRaw = contextKindOf(type) === 'memory';
  return Array.from({ length: count }, () => ({
    packet: isRaw ? raw(random) : packet(random),
    context: context(random),
    seed: random.u32(),
  }));
}
