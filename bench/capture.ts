import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type EngineOptions, open, openCapture } from '../src/index.ts';
import { measure } from './measure.ts';
import type { Row, Variant } from './row.ts';
import { variants } from './row.ts';

const examples = new URL('../examples/', import.meta.url);

/** The programs of examples/ that see every packet of the recorded traffic. */
const programs = [
  { file: 'flows.bpf.o', program: 'count_flows' },
  { file: 'firewall.bpf.o', program: 'firewall' },
  { file: 'pipeline.bpf.o', program: 'pipeline' },
  { file: 'filter.bpf.o', program: 'by_bytes' },
] as const;

function recordedPackets(): Uint8Array[] {
  const bytes = readFileSync(new URL('captures/traffic.pcap', examples));
  return Array.from(openCapture(bytes), ({ data }) => data);
}

async function batchOf(file: string, name: string, packets: Uint8Array[], options: EngineOptions) {
  const object = await open(fileURLToPath(new URL(file, examples)), options);
  const program = await object.program(name);
  return () => {
    program.runBatch(packets);
  };
}

/** Time of each example per packet of the capture, copying the packets in and out included. */
export async function* measureCapture(): AsyncGenerator<Row> {
  const packets = recordedPackets();
  for (const { file, program } of programs) {
    const cases = {} as Record<Variant, () => void>;
    for (const [name, options] of variants) cases[name] = await batchOf(file, program, packets, options);
    yield { name: program, insns: undefined, timings: await measure(cases, packets.length) };
  }
}
