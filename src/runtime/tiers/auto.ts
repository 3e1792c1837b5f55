import { isTranslated, readArtifact } from '../../jit/artifact.ts';
import { compileArtifact } from '../../jit/instantiate.ts';
import type { Engine } from '../engine.ts';
import type { Placed } from '../placed.ts';
import type { Executor } from '../program.ts';
import { tools } from '../tools.ts';
import { linkTranslated, remember } from '../translated.ts';
import type { Job } from './job.ts';
import { type Handover, Tiers } from './tiers.ts';

function jobOf(
  { memory, cpus, helpers, optimize, tailCalls }: Engine,
  placed: Placed,
  samples: SharedArrayBuffer,
): Job {
  const { program, artifact, proof, setting, contextKind } = placed;
  const type = tailCalls.kindOf(placed.descriptor.address);
  return {
    program,
    proof: artifact === undefined ? proof : undefined,
    mode: proof.mode,
    setting,
    contextKind,
    memory: memory.kind,
    cpus,
    optimize,
    helpers: helpers.prototypes,
    programType: typeof type === 'object' ? type : undefined,
    samples,
  };
}

const handover = (engine: Engine, placed: Placed): Handover => ({
  job: (samples) => jobOf(engine, placed, samples),
  link: (wasm, module) => {
    const artifact = readArtifact(wasm);
    const fast = linkTranslated(engine, placed, { artifact, module, proof: placed.proof });
    placed.keep?.(artifact);
    return fast.batch;
  },
});

/** Runs with `slow` until the translation has taken over; without it from the start where there is one already. */
export async function auto(engine: Engine, placed: Placed, slow: Executor): Promise<Executor> {
  const { artifact, proof } = placed;
  if (artifact !== undefined && isTranslated(artifact)) {
    const { batch } = linkTranslated(engine, placed, {
      artifact,
      module: await compileArtifact(artifact),
      proof,
    });
    return { ...slow, batch, tiers: { tier: 'jit', note: undefined, settled: async () => 'jit' } };
  }
  remember(engine, placed, proof, undefined);
  const optimizer = await tools().optimizer?.();
  if (optimizer === undefined) return slow;
  const tiers = new Tiers(engine, optimizer, slow.batch, handover(engine, placed));
  return { ...slow, batch: tiers.batch, tiers };
}
