import type { Insn } from '../../src/isa/insn.ts';
import { type Item, resolve } from './listing.ts';
import type { Random } from './random.ts';

/**
 * Makes a well-behaved program wild: random pointers, offsets, operands and jumps, which the sandbox has to stop
 * in the same way in both engines. What the structural checks refuse is left to the caller to try again.
 */
export function makeWild(random: Random, items: readonly Item[], mutations: number): Item[] {
  const wild = [...items];
  for (let made = 0; made < mutations; made++) {
    const index = random.below(wild.length);
    const item = wild[index];
    if (item !== undefined) wild[index] = mutate(random, item, wild);
  }
  return wild;
}

export const wildInsns = (items: readonly Item[]): Insn[] => resolve(items);

function mutate(random: Random, item: Item, all: readonly Item[]): Item {
  if (item.target !== undefined && item.insn.kind !== 'call' && item.insn.kind !== 'lddw')
    return random.chance(0.3) ? { ...item, target: nearby(random, item.target, all.length) } : item;
  const insn = random.chance(0.25) ? access(random) : distort(random, item.insn);
  return { insn, target: insn === item.insn ? item.target : undefined };
}

function nearby(random: Random, target: number, length: number): number {
  return Math.min(length - 1, Math.max(0, target + random.between(-6, 6)));
}

/** A memory access through a register that may hold anything. */
function access(random: Random): Insn {
  const register = () => random.below(10);
  const off = random.chance(0.5) ? random.between(-520, 520) : random.between(-32768, 32767);
  const size = random.pick([1, 2, 4, 8] as const);
  return random.pick<() => Insn>([
    () => ({ kind: 'load', size, signed: false, dst: register(), src: random.below(11), off }),
    () => ({ kind: 'store', size, dst: random.below(11), off, src: register() }),
    () => ({
      kind: 'atomic',
      op: 'add',
      fetch: true,
      size: random.pick([4, 8] as const),
      dst: random.below(11),
      src: register(),
      off,
    }),
    () => ({ kind: 'loadAcquire', size, dst: register(), src: random.below(11), off }),
    () => ({ kind: 'callx', dst: register() }),
  ])();
}

/** The same instruction with one field changed. */
function distort(random: Random, insn: Insn): Insn {
  switch (insn.kind) {
    case 'alu':
      return random.chance(0.5)
        ? { ...insn, dst: random.below(10) }
        : { ...insn, imm: undefined, src: random.below(11) };
    case 'load':
    case 'loadAcquire':
      return random.chance(0.5)
        ? { ...insn, off: skew(random, insn.off) }
        : { ...insn, dst: random.below(10) };
    case 'store':
    case 'atomic':
    case 'storeRelease':
      return random.chance(0.5)
        ? { ...insn, off: skew(random, insn.off) }
        : { ...insn, dst: random.below(11) };
    case 'packet':
      return { ...insn, imm: random.imm() };
    case 'lddw':
      return insn.pseudo === 0 ? { ...insn, lo: random.imm(), hi: random.pick([0, 0, 1, -1]) } : insn;
    case 'jump':
      return { ...insn, dst: random.below(11) };
    default:
      return insn;
  }
}

function skew(random: Random, off: number): number {
  const moved = off + random.pick([-64, -8, -4, -1, 1, 4, 8, 64, 512]);
  return Math.min(32767, Math.max(-32768, moved));
}
