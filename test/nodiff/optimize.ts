import { OPTIMIZATIONS, type Optimize } from '../../src/jit/opt/names.ts';
import { Random } from './random.ts';

/** All optimisations but some. */
export function withoutSome(random: Random): Optimize {
  const share = random.pick([0.1, 0.3, 0.6]);
  return { without: OPTIMIZATIONS.filter(() => random.chance(share)) };
}

/** All optimisations, for every other seed; else none of them, or all but some. */
export function optimizeOf(seed: number): Optimize {
  // Not of the stream that the program comes from: that stays the same.
  const random = new Random(seed ^ 0x6f7074);
  if (random.chance(0.5)) return true;
  return random.chance(0.25) ? false : withoutSome(random);
}
