/** What calls from JavaScript cost beyond the program, by size of the packet. */
import { type BpfProgram, open } from '../../src/index.ts';
import { type Contestant, measure } from '../measure.ts';
import type { Setting } from '../part.ts';
import { objectPath } from '../programs.ts';
import type { Cell, Section } from '../section.ts';
import type { Timing } from '../stats.ts';

const SIZES = [64, 256, 1_500, 3_000, 9_000];
const BATCH = 1024;

type Way = 'program' | 'copy' | 'run' | 'batch' | 'batch inside';

const timed = (runs: number, work: () => void): number => {
  const start = performance.now();
  work();
  return ((performance.now() - start) * 1e6) / runs;
};

const contestant = (sample: (runs: number) => number): Contestant => ({ inProcess: true, sample });

/** Into a memory and out of it, as a run has to: what no engine can save its caller. */
function copying(packet: Uint8Array): (runs: number) => number {
  const memory = new Uint8Array(1 << 16);
  let copied: Uint8Array = packet;
  return (runs) =>
    timed(runs, () => {
      for (let i = 0; i < runs; i++) {
        memory.set(packet, 512);
        copied = memory.slice(512, 512 + packet.length);
      }
      if (copied.length !== packet.length) throw new Error('nothing was copied');
    });
}

function waysOf(program: BpfProgram, packet: Uint8Array): Map<Way, Contestant> {
  const packets = new Array<Uint8Array>(BATCH).fill(packet);
  return new Map<Way, Contestant>([
    ['program', contestant((runs) => program.repeat(packet, runs).nsPerRun)],
    ['copy', contestant(copying(packet))],
    [
      'run',
      contestant((runs) =>
        timed(runs, () => {
          for (let i = 0; i < runs; i++) program.run(packet);
        }),
      ),
    ],
    ['batch', contestant(() => timed(BATCH, () => program.runBatch(packets)))],
    ['batch inside', contestant(() => program.runBatch(packets).elapsedNs / BATCH)],
  ]);
}

/** Undefined where a side was not measured. */
const beyond = (whole: Timing | undefined, ...parts: readonly (Timing | undefined)[]): number | undefined =>
  whole && parts.reduce((left, part) => left - (part?.median ?? Number.NaN), whole.median);

async function row(program: BpfProgram, length: number, setting: Setting): Promise<Cell[]> {
  const timings = await measure(waysOf(program, new Uint8Array(length)), setting);
  const [inside, copy, run] = [timings.get('program'), timings.get('copy'), timings.get('run')];
  const batch = timings.get('batch');
  return [`${length}`, inside, copy, run, beyond(run, inside, copy), batch, timings.get('batch inside')];
}

/** Of the empty program, so that nothing hides what the calls cost. */
export async function call(setting: Setting): Promise<Section> {
  using object = await open(objectPath('empty'));
  const program = await object.program();
  const rows: Cell[][] = [];
  for (const length of SIZES) {
    setting.progress(rows.length, SIZES.length, `${length} bytes`);
    rows.push(await row(program, length, setting));
  }
  return {
    part: 'call',
    title: 'Calls of the empty program from JavaScript, by packet size, ns an event',
    columns: ['bytes', 'in the engine', 'copy', 'run', 'run beyond', 'runBatch', 'runBatch in the engine'],
    rows,
    notes: [
      'copy: into a memory and out of it. run beyond: less the time in the engine and the copy.',
      `runBatch: of ${BATCH} packets, copied in; in the engine: its own elapsedNs.`,
    ],
  };
}
