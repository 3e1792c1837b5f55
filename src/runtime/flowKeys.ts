import * as layout from '../abi/layout.ts';
import type { Region } from './descriptor.ts';
import { ETH_HLEN } from './ethernet.ts';
import type { LinearMemory } from './memory.ts';

/** struct bpf_flow_keys (include/uapi/linux/bpf.h). */
const SIZE = 56;
const NHOFF = 0; // u16
const THOFF = 2; // u16
const N_PROTO = 10; // big-endian u16

const ETH_TYPE = 12;

/** The memory behind `__sk_buff.flow_keys`, which flow dissectors fill in. */
export class FlowKeys {
  readonly #memory: LinearMemory;
  readonly address: number;

  constructor(memory: LinearMemory) {
    this.#memory = memory;
    this.address = memory.alloc(SIZE);
  }

  /** What programs that have flow keys are given of it. */
  get region(): Region {
    const { address } = this;
    return { start: address, end: address + SIZE, access: layout.REGION_READ | layout.REGION_WRITE };
  }

  /** Before a run over the event of this record: as bpf_flow_dissect and its test run begin. */
  reset(record: number): void {
    const memory = this.#memory;
    const data = memory.u32(record + layout.REC_DATA);
    const protocol =
      memory.u32(record + layout.REC_LEN) < ETH_HLEN ? new Uint8Array(2) : memory.read(data + ETH_TYPE, 2);
    const keys = new Uint8Array(SIZE);
    const view = new DataView(keys.buffer);
    view.setUint16(NHOFF, ETH_HLEN, true);
    view.setUint16(THOFF, ETH_HLEN, true);
    keys.set(protocol, N_PROTO);
    memory.write(this.address, keys);
  }

  /** A copy. */
  read(): Uint8Array {
    return this.#memory.read(this.address, SIZE);
  }
}
