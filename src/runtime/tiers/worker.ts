/** The thread that translates: verifies where that is asked for, translates, compiles, and warms what came out. */
import { type MessagePort, workerData } from 'node:worker_threads';
import { compileArtifact } from '../../jit/instantiate.ts';
import { translate } from '../../jit/translate.ts';
import type { Proof } from '../../verifier/proof.ts';
import { checkStructure } from '../../verifier/structure.ts';
import { verify } from '../../verifier/verify.ts';
import type { Job, Made } from './job.ts';
import { warm } from './warm.ts';

async function proofOf({ program, proof, cpus, helpers, programType }: Job): Promise<Proof> {
  if (proof !== undefined) return proof;
  const found = await verify(program, { cpus, helpers, ...(programType && { programType }) });
  if (found.proof !== undefined) return found.proof;
  throw new Error(`${program.name} was verified at an earlier start, but is not accepted now`);
}

async function make(job: Job): Promise<Made> {
  const { program, setting, optimize } = job;
  const proof = await proofOf(job);
  const options = { shared: job.memory === 'shared', setting, optimize };
  const artifact = await translate(program, checkStructure(program), proof, options);
  const module = await compileArtifact(artifact);
  await warm(job, proof, artifact, module);
  return { wasm: artifact.wasm, module };
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const port = workerData as MessagePort;
let last = Promise.resolve();
port.on('message', ({ id, job }: { readonly id: number; readonly job: Job }) => {
  const made = last.then(() => make(job)).catch((error: unknown): Made => ({ error: describe(error) }));
  last = made.then((result) => port.postMessage({ id, made: result }));
});
