/** The examples over recorded traffic, packets copied in included. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { open, openCapture } from '../../src/index.ts';
import { type WebpfEngine, webpfEngines } from '../engines/webpf.ts';
import { type Contestant, measure } from '../measure.ts';
import type { Setting } from '../part.ts';
import type { Cell, Section } from '../section.ts';

const examples = new URL('../../examples/', import.meta.url);
const engines: readonly WebpfEngine[] = ['interp', 'JIT'];

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

async function overPackets(
  file: string,
  name: string,
  packets: readonly Uint8Array[],
  engine: WebpfEngine,
): Promise<Contestant> {
  const object = await open(fileURLToPath(new URL(file, examples)), webpfEngines[engine]);
  const program = await object.program(name);
  return {
    inProcess: true,
    sample() {
      const start = performance.now();
      program.runBatch(packets);
      return ((performance.now() - start) * 1e6) / packets.length;
    },
  };
}

export async function capture(setting: Setting): Promise<Section> {
  const packets = recordedPackets();
  const rows: Cell[][] = [];
  for (const { file, program } of programs) {
    setting.progress(rows.length, programs.length, program);
    const contestants = new Map<WebpfEngine, Contestant>();
    for (const engine of engines) contestants.set(engine, await overPackets(file, program, packets, engine));
    const timings = await measure(contestants, setting);
    const [interp, jit] = [timings.get('interp'), timings.get('JIT')];
    rows.push([program, interp, jit, (interp?.median ?? Number.NaN) / (jit?.median ?? Number.NaN)]);
  }
  return {
    part: 'capture',
    title: 'The examples over recorded traffic, ns a packet',
    columns: ['program', 'interp', 'JIT', 'interp/JIT'],
    rows,
    notes: [`runBatch of ${packets.length} packets, copied in.`],
  };
}
