/**
 * V8 optimises a function once it has run often enough, for all threads that have its module. What is run here for
 * that touches an engine of its own: maps like the program's, and the first events that the program was given.
 */
import type { MapSpec } from '../../frontend/program.ts';
import type { Artifact } from '../../jit/artifact.ts';
import type { Proof } from '../../verifier/proof.ts';
import { NO_CONTEXT } from '../context.ts';
import { Engine } from '../engine.ts';
import { createMaps } from '../mapSet.ts';
import type { Placed } from '../placed.ts';
import { place } from '../prepare.ts';
import { linkTranslated } from '../translated.ts';
import type { Job } from './job.ts';
import { Samples } from './samples.ts';

/** ms; TurboFan is done with most programs by then, and goes on with the others after it. */
const TIME = 30;
/** Larger maps (bytes) would cost more than the warming saves. */
const MOST_MEMORY = 64 * 1024 * 1024;
/** What a program is run over that has had no event yet. */
const BLANK = [new Uint8Array(64), new Uint8Array(1500)];

const bytesOf = ({ keySize, valueSize, maxEntries }: MapSpec): number => (keySize + valueSize) * maxEntries;

async function engineFor({ memory, cpus, mode }: Job, { info }: Artifact): Promise<Engine> {
  const options = {
    engine: 'interp',
    memory,
    cpus,
    sandbox: mode === 'sandbox',
    trusted: mode === 'trusted',
  } as const;
  const { helpers } = await Engine.create(options);
  const missing = info.helpers.filter((id) => !helpers.delivers(id));
  // Helpers of the host's own cannot be had here: these stand for them.
  const stubs = Object.fromEntries(missing.map((id) => [id, () => 0n]));
  return await Engine.create({ ...options, helpers: stubs });
}

/** As a run would find it. */
function prepareContext({ templates }: Engine, { contextKind, flowKeys }: Placed): void {
  templates.write(contextKind, NO_CONTEXT);
  if (flowKeys !== undefined) templates.setFlowKeys(flowKeys.address);
}

/** Nothing bounds a program that nobody has verified, over events it was not made for. */
const canBeWarmed = ({ program, mode }: Job): boolean =>
  mode !== 'trusted' && program.maps.reduce((sum, map) => sum + bytesOf(map), 0) <= MOST_MEMORY;

/** Runs the module for a while. Whatever goes wrong here is no fault of the translation. */
export async function warm(
  job: Job,
  proof: Proof,
  artifact: Artifact,
  module: WebAssembly.Module,
): Promise<void> {
  const { program, contextKind } = job;
  if (!canBeWarmed(job)) return;
  try {
    using engine = await engineFor(job, artifact);
    const maps = createMaps(engine, program.maps, {});
    const own = program.maps.map(({ name }) => maps.find(name));
    const placed = place(engine, program, { own, granted: maps.granted(own) }, { contextKind, proof });
    const { batch } = linkTranslated(engine, placed, { artifact, module, proof });
    prepareContext(engine, placed);
    const seen = new Samples(job.samples).read();
    const end = performance.now() + TIME;
    while (performance.now() < end) runOnce(engine, job, batch, seen.length > 0 ? seen : BLANK);
  } catch {
    // Unwarmed, the module is as right as warmed.
  }
}

function runOnce(
  { arena }: Engine,
  { contextKind }: Job,
  batch: (record: number, count: number) => void,
  events: readonly Uint8Array[],
): void {
  arena.clear();
  for (const event of events) if (!arena.add(contextKind, event)) break;
  for (let index = 0; index < arena.count; index++) {
    try {
      batch(arena.record(index), 1);
    } catch {
      // A trap: of this event alone.
    }
  }
}
