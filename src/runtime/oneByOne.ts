import * as layout from '../abi/layout.ts';
import type { RunHost } from './host.ts';
import type { Executor } from './program.ts';

/** The batch loop around runs of single records; what one throws is that event's. */
export function oneByOne(engine: RunHost, run: (record: number) => void): Executor['batch'] {
  return (record, count) => {
    for (let index = 0; index < count; index++) {
      try {
        run(record + index * layout.REC_SIZE);
      } catch (error) {
        engine.memory.setU32(engine.run + layout.RUN_BATCH_INDEX, index);
        throw error;
      }
    }
  };
}
