/** The run state that this instance works on. */
import {
  FRAME_SIZE,
  MAX_FRAMES,
  RUN_BUDGET,
  RUN_CPU,
  RUN_CTX,
  RUN_CTX_AREA,
  RUN_CTX_END,
  RUN_FRAME,
  RUN_RANDOM,
  RUN_STACK,
  RUN_STACK_AREA,
  RUN_STACK_TOP,
} from '../../src/abi/layout';

const DEFAULT_BUDGET: i64 = 100_000_000;
const RANDOM_SEED: u64 = 0x9e3779b97f4a7c15;

/** Address of this instance's run state. */
export let run: u32 = 0;

export function setRun(address: u32): void {
  run = address;
}

/** Fills the parts of a (zeroed) run state that are the same for every run of its CPU. */
export function initRun(address: u32, cpu: u32): void {
  store<u32>(address, cpu, RUN_CPU);
  store<u32>(address, address + RUN_STACK_AREA, RUN_STACK);
  store<u32>(address, address + RUN_STACK_AREA + MAX_FRAMES * FRAME_SIZE, RUN_STACK_TOP);
  store<u32>(address, address + RUN_STACK_AREA + MAX_FRAMES * FRAME_SIZE, RUN_FRAME);
  store<u32>(address, address + RUN_CTX_AREA, RUN_CTX);
  store<u32>(address, address + RUN_CTX_AREA, RUN_CTX_END);
  store<u64>(address, RANDOM_SEED * (<u64>cpu + 1), RUN_RANDOM);
  store<i64>(address, DEFAULT_BUDGET, RUN_BUDGET);
}
