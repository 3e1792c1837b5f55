import { type BpfProgram, readCapture, WebpfError } from '../../index.ts';

export interface Sample {
  readonly runs: number;
  readonly nsPerRun: number;
}

/** What a program is measured with. */
export interface BenchInput {
  /** Runs about `count` times; what a run does to its packet, the next one finds. */
  sample(count: number): Sample;
}

export const packetInput = (program: BpfProgram, data: Uint8Array): BenchInput => ({
  sample: (count) => program.repeat(data, count),
});

/** Packets of a capture that are kept in memory for measuring. */
const MAX_PACKETS = 100_000;

/** The first packets of a capture; a sample is a whole number of passes over them. */
export async function captureInput(program: BpfProgram, path: string): Promise<BenchInput> {
  const packets: Uint8Array[] = [];
  for await (const batch of readCapture(path)) {
    for (const packet of batch.packets) packets.push(packet.data);
    if (packets.length >= MAX_PACKETS) break;
  }
  if (packets.length === 0) {
    throw new WebpfError('bad-argument', `${path} has no packets to measure with`, { stage: 'cli' });
  }
  return { sample: (count) => passes(program, packets, Math.ceil(count / packets.length)) };
}

function passes(program: BpfProgram, packets: readonly Uint8Array[], count: number): Sample {
  let elapsed = 0;
  for (let pass = 0; pass < count; pass++) {
    const { elapsedNs, traps } = program.runBatch(packets);
    if (traps[0]) throw trapOf(traps[0]);
    elapsed += elapsedNs;
  }
  const runs = count * packets.length;
  return { runs, nsPerRun: elapsed / runs };
}

const trapOf = ({ message, insn, index }: { message: string; insn: number; index: number }): WebpfError =>
  new WebpfError('trap', `packet ${index}: ${message}`, { stage: 'cli', insn });
