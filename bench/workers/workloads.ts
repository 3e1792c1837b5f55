/** What the threads of the benchmark run. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  abi,
  type BpfObject,
  type MapSpec,
  open,
  openCapture,
  programFromAssembly,
} from '../../src/index.ts';
import { frame } from '../empty.ts';

export interface Workload {
  readonly name: string;
  readonly program: string;
  /** Those of a worker, from 0 on. */
  packets(worker: number): readonly Uint8Array[];
  open(cpus: number): Promise<BpfObject>;
}

/** Workers with flows of their own. */
const MOST = 16;

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A flow's record: counters, and room for what else is kept of a flow. */
const VALUE_BYTES = 64;

const hash: MapSpec = {
  name: 'counts',
  type: abi.MAP_TYPE_HASH,
  keySize: 4,
  valueSize: VALUE_BYTES,
  maxEntries: 8192,
  flags: 0,
  section: '',
};

/** Counts packets by their first four bytes, in one hash map for all: flows are found, or made, and counted atomically. */
const zeros = Array.from({ length: 7 }, (_, i) => `*(u64 *)(r10 - ${64 - 8 * i}) = 0`).join('\n');
const COUNT = `
  r2 = *(u32 *)(r1 + 0)
  r3 = *(u32 *)(r1 + 4)
  r4 = r2
  r4 += 4
  if r4 > r3 goto out
  r5 = *(u32 *)(r2 + 0)
  *(u32 *)(r10 - 4) = r5
  r1 = map[counts]
  r2 = r10
  r2 += -4
  call bpf_map_lookup_elem
  if r0 == 0 goto add
  r1 = 1
  lock *(u64 *)(r0 + 0) += r1
  goto out
  add:
  *(u64 *)(r10 - 72) = 1
  ${zeros}
  r1 = map[counts]
  r2 = r10
  r2 += -4
  r3 = r10
  r3 += -72
  r4 = 0
  call bpf_map_update_elem
  out: r0 = 2
  exit`;

/** Packets of 1024 flows in no order: as a network card gives them to CPUs, a flow's all to one. */
const flows = (worker: number): Uint8Array[] =>
  Array.from({ length: 8192 }, (_, index) => {
    const packet = frame(64);
    const flow = Math.imul(index, 2_654_435_761) >>> 22;
    new DataView(packet.buffer).setUint32(0, flow * MOST + worker, true);
    return packet;
  });

const recorded = (): Uint8Array[] =>
  Array.from(openCapture(readFileSync(here('../../examples/captures/traffic.pcap'))), ({ data }) => data);

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'one hash map',
    program: 'count',
    packets: flows,
    open: (cpus) =>
      open(programFromAssembly(COUNT, { name: 'count', type: 'xdp', maps: [hash] }), {
        memory: 'shared',
        cpus,
      }),
  },
  {
    name: 'examples/flows',
    program: 'count_flows',
    packets: recorded,
    open: (cpus) => open(here('../../examples/flows.bpf.o'), { memory: 'shared', cpus }),
  },
];
