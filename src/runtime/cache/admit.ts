/** Admission of programs that an earlier start may have verified and translated. */
import { ABI_VERSION } from '../../abi/layout.ts';
import { WebpfError } from '../../errors.ts';
import type { Program } from '../../frontend/program.ts';
import { ARTIFACT_VERSION, type Artifact, describedOnly, isTranslated } from '../../jit/artifact.ts';
import { describe } from '../../jit/describe.ts';
import { checkStructure } from '../../verifier/structure.ts';
import { VERSION } from '../../version.ts';
import { type Admission, admit, contextFor, modeFor, type TypeChoice } from '../admit.ts';
import { badArgument } from '../argument.ts';
import { encodePlain } from '../artifacts/encode.ts';
import { hostRules } from '../artifacts/host.ts';
import type { Engine } from '../engine.ts';
import { type Cache, tools } from '../tools.ts';

/** Everything that verdict and translation depend on; undefined when the host's definitions are no plain data. */
function inputsOf(engine: Engine, program: Program, choice: TypeChoice): Uint8Array | undefined {
  try {
    return encodePlain({
      versions: [VERSION, ARTIFACT_VERSION, ABI_VERSION],
      program,
      mode: modeFor(engine, program, choice),
      contextKind: contextFor(program, choice),
      memory: engine.memory.kind,
      cpus: engine.cpus,
      host: hostRules(engine, choice.programType),
    });
  } catch (error) {
    if (error instanceof WebpfError) return undefined;
    throw error;
  }
}

/** Whether the engine's translations are like those of others: not so when they count, or are not optimised. */
export const canReuse = ({ counts, optimize }: Engine): boolean => !counts && optimize === true;

/** The compiler needs the proof, which is not kept: a verdict without a translation is of no use to it. */
const isOfUse = ({ kind }: Engine, found: Artifact): boolean => kind !== 'jit' || isTranslated(found);

async function cacheIn(directory: string): Promise<Cache> {
  const { openCache } = tools();
  if (typeof directory !== 'string' || directory === '')
    throw badArgument('option cache must be the path of a directory, or false');
  if (openCache === undefined)
    throw badArgument('option cache: there is no disk here to keep translations on');
  return openCache(directory);
}

/** What was found of a program by verifying it, for starts that come before its translation. */
function verdictOf(engine: Engine, program: Program, { proof, setting }: Admission): Artifact {
  const shared = engine.memory.kind === 'shared';
  return describedOnly(describe(program, checkStructure(program), proof, { shared, setting }));
}

/** As admit(); takes from the cache in that directory what is there, and puts into it what is not. */
export async function admitCached(
  engine: Engine,
  program: Program,
  choice: TypeChoice,
  directory: string,
): Promise<Admission> {
  const cache = await cacheIn(directory);
  const isPlain = canReuse(engine) && !engine.checkFacts;
  const inputs = isPlain ? inputsOf(engine, program, choice) : undefined;
  if (inputs === undefined) return admit(engine, program, choice);
  const keep = (artifact: Artifact): void => void cache.write(inputs, artifact);
  const found = await cache.read(inputs);
  if (found !== undefined && isOfUse(engine, found))
    return { ...(await admit(engine, program, choice, found)), keep };
  const admission = await admit(engine, program, choice);
  if (engine.kind !== 'jit' && admission.proof.mode === 'verified')
    keep(verdictOf(engine, program, admission));
  return { ...admission, keep };
}
