import { ENOENT } from '../abi/maps.ts';
import { HOST_COUNTER } from '../abi/services.ts';
import { unsigned64 } from './argument.ts';
import type { HelperTable } from './helpers.ts';
import type { RawMap } from './maps/raw.ts';
import type { LinearMemory } from './memory.ts';

/** What a counter has counted, and for how long: `struct bpf_perf_event_value`. u64 each, times in ns. */
export interface PerfCounter {
  readonly counter: bigint;
  /** Time it was switched on. Default 0. */
  readonly enabled?: bigint;
  /** Time it really counted: less than `enabled` where counters share hardware. Default 0. */
  readonly running?: bigint;
}

/**
 * What programs read with bpf_perf_event_read and bpf_perf_event_read_value.
 * @param map name of the perf event array
 * @param index in it: a CPU, as a rule
 * @returns undefined where no counter is open (-ENOENT)
 */
export type ReadPerfCounter = (map: string, index: number) => PerfCounter | undefined;

export function writeCounter(
  memory: LinearMemory,
  at: number,
  { counter, enabled = 0n, running = 0n }: PerfCounter,
): void {
  [counter, enabled, running].forEach((value, i) => {
    memory.setU64(at + i * 8, unsigned64('a number of a counter', value));
  });
}

/** @param mapAt the map of this address */
export function serveCounters(
  helpers: HelperTable,
  memory: LinearMemory,
  mapAt: (address: number) => RawMap | undefined,
  read: ReadPerfCounter | undefined,
): void {
  helpers.serve(HOST_COUNTER, ([map, index, out]) => {
    const found = read?.(mapAt(Number(map))?.spec.name ?? '', Number(index));
    if (found === undefined) return -ENOENT;
    writeCounter(memory, Number(out), found);
    return 0;
  });
}
