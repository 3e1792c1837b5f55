import { RUN_FUEL } from '../../src/abi/layout';
import { TRAP_BUDGET } from '../../src/abi/traps';
import { run } from './state';
import { trap } from './trap';

/** Spends `cost` instructions of the budget; traps at `pc` when it does not cover them. */
export function spend(cost: u32, pc: u32): void {
  const left = load<i64>(run, RUN_FUEL) - <i64>cost;
  if (left < 0) trap(TRAP_BUDGET, pc, cost);
  store<i64>(run, left, RUN_FUEL);
}

/**
 * Takes `cost` off the budget without a trap, for work whose extent shows while a lock is held, or deep in a loop. What
 * is owed ends the run at the next `spend`, and at the next helper that takes a map.
 */
export function owe(cost: u32): void {
  store<i64>(run, load<i64>(run, RUN_FUEL) - <i64>cost, RUN_FUEL);
}
