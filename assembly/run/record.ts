import {
  REC_DATA,
  REC_LEN,
  REC_META,
  RUN_PKT_DATA,
  RUN_PKT_END,
  RUN_PKT_META,
  RUN_RECORD,
} from '../../src/abi/layout';
import { run } from './state';

/** Where the packet ended up: data, length and meta of the run go back into its record; the run has no record then. */
export function writeBack(record: u32): void {
  const data = load<u32>(run, RUN_PKT_DATA);
  store<u32>(record, data, REC_DATA);
  store<u32>(record, load<u32>(run, RUN_PKT_END) - data, REC_LEN);
  store<u32>(record, load<u32>(run, RUN_PKT_META), REC_META);
  store<u32>(run, 0, RUN_RECORD);
}
