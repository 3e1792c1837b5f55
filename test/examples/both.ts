/** Runs a program of an example over the recorded traffic, once in each engine. */
import { readFileSync } from 'node:fs';
import { type BpfObject, type EngineKind, open, openCapture } from '../../src/index.ts';

export const ENGINES: readonly EngineKind[] = ['interp', 'jit'];

export const traffic: readonly Uint8Array[] = Array.from(
  openCapture(readFileSync('examples/captures/traffic.pcap'), 'traffic.pcap'),
  ({ data }) => data,
);

export interface Outcome {
  readonly verdicts: ReadonlyMap<string, number>;
  readonly results: BigUint64Array;
  readonly traps: readonly unknown[];
  readonly packets: readonly Uint8Array[];
  /** What `read` took out of the object. */
  readonly state: unknown;
}

/** `prepare` fills maps before the run, `read` takes what is to be compared after it. */
export async function runBoth(
  file: string,
  name: string,
  read: (object: BpfObject) => unknown,
  prepare: (object: BpfObject) => void = () => {},
): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const engine of ENGINES) {
    using object = await open(`examples/${file}.bpf.o`, { engine });
    const program = await object.program(name);
    prepare(object);
    const { verdicts, results, traps, packets = [] } = program.runBatch(traffic, { packets: true });
    outcomes.push({ verdicts, results, traps, packets, state: read(object) });
  }
  const [interpreted, translated] = outcomes;
  if (!interpreted || !translated) throw new Error('an engine did not run');
  if (!isSame(interpreted, translated)) throw new Error(`the engines differ on ${file}, program ${name}`);
  return translated;
}

const isSame = (a: Outcome, b: Outcome): boolean => text(a) === text(b);

const text = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return `${item}n`;
    if (item instanceof Map) return [...item];
    return item instanceof Uint8Array ? Buffer.from(item).toString('hex') : item;
  });

/** A map as sorted lines, so that the order of a hash does not matter. */
export const linesOf = (object: BpfObject, map: string): string[] =>
  [...object.map(map)].map((entry) => text(entry)).sort();
