import { WebpfError } from '../../src/errors.ts';
import { type Job, type Outcome, type OutcomeTrap, type Prepared, tryPrepare } from './engines.ts';

/** What is different between the interpreter and the JIT, a line each; empty when nothing is. */
export type Differences = readonly string[];

const trapText = (trap: OutcomeTrap | undefined): string =>
  trap === undefined
    ? 'none'
    : `${trap.kind} in ${trap.program} at ${trap.pc}, value 0x${trap.value.toString(16)}`;

const number = (value: bigint | undefined): string =>
  value === undefined ? 'none' : `0x${value.toString(16)}`;

function firstByte(what: string, a: Uint8Array, b: Uint8Array): string[] {
  if (a.length !== b.length) return [`${what}: ${a.length} bytes, ${b.length} bytes`];
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at < 0 ? [] : [`${what} at byte ${at}: 0x${a[at]?.toString(16)}, 0x${b[at]?.toString(16)}`];
}

const unequal = (what: string, a: string, b: string): string[] => (a === b ? [] : [`${what}: ${a}, ${b}`]);

function mapDifferences(a: Outcome, b: Outcome): string[] {
  return a.maps.flatMap((map, index) => {
    const other = b.maps[index];
    if (other === undefined) return [`map ${index} is missing`];
    const count = unequal(`elements of map ${index}`, String(map.count), String(other.count));
    return [...count, ...firstByte(`values of map ${index}`, map.values, other.values)];
  });
}

/** The interpreter's side is named first. */
export function differences(interp: Outcome, jit: Outcome, mode: Job['mode']): Differences {
  return [
    ...unequal('trap', trapText(interp.trap), trapText(jit.trap)),
    ...unequal('r0', number(interp.r0), number(jit.r0)),
    ...(mode === 'sandbox' ? unequal('budget left', `${interp.fuel}`, `${jit.fuel}`) : []),
    ...firstByte('data', interp.data, jit.data),
    ...firstByte('stack', interp.stack, jit.stack),
    ...mapDifferences(interp, jit),
  ];
}

export interface Verdict {
  readonly differences: Differences;
  /** Why both engines refuse the program. */
  readonly refused: WebpfError | undefined;
  /** Of the interpreter, one for each input. */
  readonly outcomes: readonly Outcome[];
  /** Instructions the interpreter executed. */
  readonly executed: bigint;
}

const NOTHING = { differences: [], refused: undefined, outcomes: [], executed: 0n };

/** Runs a job in both engines, over the inputs one after another, and compares all that it leaves behind. */
export async function nodiff(job: Job, inputs: readonly Uint8Array[]): Promise<Verdict> {
  const interp = await tryPrepare('interp', job);
  if (interp instanceof WebpfError) return { ...NOTHING, refused: interp };
  const jit = await tryPrepare('jit', job);
  if (jit instanceof WebpfError)
    return { ...NOTHING, differences: [`the JIT alone refuses it: ${jit.message}`] };
  return compareRuns(job, inputs, interp, jit);
}

function compareRuns(job: Job, inputs: readonly Uint8Array[], interp: Prepared, jit: Prepared): Verdict {
  const outcomes: Outcome[] = [];
  for (const [index, input] of inputs.entries()) {
    const mine = interp.run(input);
    outcomes.push(mine);
    const found = differences(mine, jit.run(input), job.mode);
    if (found.length > 0) {
      const where = found.map((line) => `input ${index}: ${line}`);
      return { differences: where, refused: undefined, outcomes, executed: interp.executed };
    }
  }
  return { differences: [], refused: undefined, outcomes, executed: interp.executed };
}
