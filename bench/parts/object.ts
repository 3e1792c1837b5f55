/** Any object a user gives, in the engines that can run it. */
import { readObject } from '../../src/index.ts';
import type { EngineName } from '../engines/all.ts';
import type { Candidate, Outcome } from '../engines/outcome.ts';
import { webpfCandidate, webpfEngines } from '../engines/webpf.ts';
import { measure } from '../measure.ts';
import type { Setting } from '../part.ts';
import { inputs } from '../programs/inputs.mjs';
import type { Section } from '../section.ts';

export interface ObjectRequest {
  readonly path: string;
  /** Default: the object's only one. */
  readonly program?: string | undefined;
  /** Default: a frame of TCP over IPv4. */
  readonly data?: Uint8Array | undefined;
}

type Entrant = readonly [EngineName, () => Promise<Candidate>];

const { parse: { data: FRAME } = { data: new Uint8Array(64) } } = inputs;
const LOW = 0xffff_ffffn;

/** The kernel tells no more than 32 bits of r0, and no packet where there is none. */
const differs = (a: Outcome, b: Outcome): boolean => (a.r0 & LOW) !== (b.r0 & LOW) || a.packet !== b.packet;

async function entrantsOf(
  { workshop }: Setting,
  { path, program, data = FRAME }: ObjectRequest,
): Promise<{ name: string; entrants: readonly Entrant[] }> {
  const file = await readObject(path);
  // What is wrong with the object is said by webpf, before anything is measured.
  const first = await webpfCandidate(file, program, data, webpfEngines.interp);
  first[Symbol.dispose]();
  const name = program ?? file.programs[0]?.name ?? '';
  const ours = Object.entries(webpfEngines).map(
    ([engine, options]): Entrant => [engine as EngineName, () => webpfCandidate(file, name, data, options)],
  );
  return { name, entrants: [...ours, ['kernel JIT', () => workshop.kernel(path, name, data)]] };
}

export async function object(setting: Setting, request: ObjectRequest): Promise<Section> {
  const { name, entrants } = await entrantsOf(setting, request);
  const candidates = new Map<EngineName, Candidate>();
  const notes: string[] = [];
  for (const [engine, make] of entrants) {
    try {
      candidates.set(engine, await make());
    } catch (error) {
      notes.push(`no ${engine}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const reference = candidates.get('interp');
  for (const [engine, { first }] of candidates) {
    if (reference && differs(first, reference.first))
      notes.push(`${engine} gives another result: r0 ${first.r0}`);
  }
  const timings = await measure(candidates, setting);
  for (const candidate of candidates.values()) candidate[Symbol.dispose]();
  const jit = timings.get('JIT')?.median ?? Number.NaN;
  return {
    part: 'object',
    title: `${name} of ${request.path}, ns a run`,
    columns: ['engine', 'ns', 'times JIT'],
    rows: [...timings].map(([engine, timing]) => [engine, timing, timing.median / jit]),
    notes,
  };
}
