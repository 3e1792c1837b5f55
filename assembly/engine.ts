import {
  ABI_MAGIC,
  ABI_VERSION,
  HDR_HASH_SEED,
  HDR_MAGIC,
  HDR_NCPU,
  HDR_PRINTK,
  HDR_RUNS,
  HDR_VERSION,
  HEADER,
  RUN_SIZE,
} from '../src/abi/layout';
import { MAP_TYPE_RINGBUF } from '../src/abi/maps';
import { mapCreate } from './maps/create';
import { initAllocator, reserve } from './memory/allocator';
import { initRun, setRun } from './run/state';

const PRINTK_BYTES: u32 = 1 << 16;
/** The same for every engine, so that runs can be repeated; the host may store a random one. */
const HASH_SEED: u64 = 0x5bd1_e995_9d1b_54a3;

/** Lays out the header and the run states. Once per memory. */
export function init(ncpu: u32): void {
  initAllocator();
  const runs = reserve((ncpu as u64) * RUN_SIZE);
  store<u32>(HEADER, ABI_MAGIC, HDR_MAGIC);
  store<u32>(HEADER, ABI_VERSION, HDR_VERSION);
  store<u32>(HEADER, ncpu, HDR_NCPU);
  store<u32>(HEADER, runs, HDR_RUNS);
  store<u64>(HEADER, HASH_SEED, HDR_HASH_SEED);
  for (let cpu: u32 = 0; cpu < ncpu; ++cpu) initRun(runs + cpu * RUN_SIZE, cpu);
  store<u32>(HEADER, mapCreate(MAP_TYPE_RINGBUF, 0, 0, PRINTK_BYTES, 0, 0), HDR_PRINTK);
}

/** Binds this instance to a CPU's run state and returns its address; 0 when there is no such CPU. */
export function attach(cpu: u32): u32 {
  if (cpu >= load<u32>(HEADER, HDR_NCPU)) return 0;
  const state = load<u32>(HEADER, HDR_RUNS) + cpu * RUN_SIZE;
  setRun(state);
  return state;
}
