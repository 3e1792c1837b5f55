import { MAP_CPU_STRIDE, MAP_SPIN_LOCK, MAP_VALUE_SIZE, MAP_VALUE_STRIDE } from '../../src/abi/layout';
import { copy, zero } from '../memory/bytes';
import { M_CPUS } from './descriptor';
import { closeValue, openValue } from './guard';

/** Values of all CPUs, one after the other; without the lock that a value may have in it. */
export function copyOut(map: u32, from: u32, out: u32, locked: bool): void {
  const stride = load<u32>(map, MAP_VALUE_STRIDE);
  const apart = load<u32>(map, MAP_CPU_STRIDE);
  const lock = load<u32>(map, MAP_SPIN_LOCK);
  if (apart) {
    for (let left = load<u32>(map, M_CPUS); left; --left, out += stride, from += apart) copy(out, from, stride);
    return;
  }
  const word = locked ? closeValue(map, from) : 0;
  copy(out, from, load<u32>(map, MAP_VALUE_SIZE));
  openValue(word);
  if (lock) zero(out + lock - 1, 4);
}
