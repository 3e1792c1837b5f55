/** What is proved of a program before it is loaded, and what it is loaded as. */
import type { Program } from '../frontend/program.ts';
import type { Artifact, Setting } from '../jit/artifact.ts';
import type { CustomProgramType } from '../verifier/custom.ts';
import { type InsnFacts, type Proof, type ProofMode, sandboxProof, trustedProof } from '../verifier/proof.ts';
import { checkFit } from './artifacts/fit.ts';
import { hostDigest } from './artifacts/host.ts';
import { type ContextKind, contextKindOf } from './context.ts';
import type { Engine } from './engine.ts';
import type { VerifiedType } from './helpers.ts';

/** What the host says of the programs of an object. */
export interface TypeChoice {
  /** A type of the host's own, whatever their sections say. */
  readonly programType?: CustomProgramType | undefined;
  /** How they see their events, whatever their type says. */
  readonly context?: ContextKind | undefined;
}

/** How a program is loaded. */
export interface Admission {
  readonly contextKind: ContextKind;
  /** What its code may rely on. */
  readonly proof: Proof;
  /** The facts that are held against every run, where the engine does so. */
  readonly facts?: Proof | undefined;
  /** What it was verified as; undefined where it was not, or where nothing relies on it. */
  readonly type?: VerifiedType | undefined;
  /** What its translation must say that it was admitted by. */
  readonly setting?: Setting | undefined;
  /** Its translation, where there is one already: `proof` then has the facts alone that engines need to load it. */
  readonly artifact?: Artifact | undefined;
  /** Instructions that the verifier walked, where it was asked. */
  readonly insnsProcessed?: number | undefined;
  /** Takes a translation that was made, for later starts. */
  readonly keep?: ((artifact: Artifact) => void) | undefined;
}

/** A program that is taken as it is: checked when it runs, or not at all. */
export const unverified = (engine: Engine, contextKind: ContextKind): Admission => ({
  contextKind,
  proof: engine.mode === 'trusted' ? trustedProof : sandboxProof,
});

/** Linux has no rules for programs of no type, nor for those that are given another context than their type's. */
const canBeVerified = ({ type, classic }: Program, { programType, context }: TypeChoice): boolean =>
  programType !== undefined ||
  (classic === 'seccomp' && (context ?? 'memory') === 'memory') ||
  (type !== 'unspec' && (context ?? contextKindOf(type)) === contextKindOf(type));

/** What code must do otherwise by a fact: dead instructions may be such as no engine has, arenas are not checked. */
function demandOf({ dead, memory, narrow }: InsnFacts): InsnFacts | undefined {
  if (dead === true) return { dead };
  if (memory === 'arena') return { memory };
  return narrow === true ? { narrow } : undefined;
}

/** The sandbox's code for a program whose facts are checked. */
function demandsOnly({ facts }: Proof): Proof {
  const demands = [...facts].flatMap(([slot, fact]): [number, InsnFacts][] => {
    const demand = demandOf(fact);
    return demand === undefined ? [] : [[slot, demand]];
  });
  return { ...sandboxProof, facts: new Map(demands) };
}

export const contextFor = ({ type }: Program, { programType, context }: TypeChoice): ContextKind =>
  programType ? 'memory' : (context ?? contextKindOf(type));

/** How a program of this type is loaded. */
export function modeFor(engine: Engine, program: Program, choice: TypeChoice): ProofMode {
  if (engine.mode !== 'verified' || canBeVerified(program, choice)) return engine.mode;
  return 'sandbox';
}

/** What engines must know of a program to load its translation. */
export const summaryOf = ({
  info: { mode, dead, contextSize, contextPointers },
}: Pick<Artifact, 'info'>): Proof => ({
  mode,
  facts: new Map(dead.map((slot) => [slot, { dead: true }])),
  stacks: [],
  contextSize,
  contextPointers,
});

function admitTranslated(
  engine: Engine,
  program: Program,
  choice: TypeChoice,
  { artifact, contextKind }: { readonly artifact: Artifact; readonly contextKind: ContextKind },
): Admission {
  const { programType } = choice;
  const { info } = artifact;
  checkFit(artifact, program, {
    mode: modeFor(engine, program, choice),
    shared: engine.memory.kind === 'shared',
    contextKind,
    cpus: engine.cpus,
    host: hostDigest(engine, programType),
  });
  const type = info.mode === 'verified' ? (programType ?? info.rules) : undefined;
  return { contextKind, proof: summaryOf(artifact), type, setting: info, artifact };
}

/**
 * Decides how a program is loaded, and verifies it unless the engine (or its type) leaves that out.
 *
 * @param artifact its translation, or what was found of it before: taken for what it says that it is
 * @throws WebpfError 'rejected' or 'unsupported', with the Rejection as its cause; 'bad-argument' for a translation
 *   that does not fit the engine or the maps
 */
export async function admit(
  engine: Engine,
  program: Program,
  choice: TypeChoice,
  artifact?: Artifact,
): Promise<Admission> {
  const { programType } = choice;
  const contextKind = contextFor(program, choice);
  if (artifact !== undefined) return admitTranslated(engine, program, choice, { artifact, contextKind });
  const setting = { contextKind, cpus: engine.cpus, host: hostDigest(engine, programType), rules: '' };
  const wanted = engine.checkFacts || modeFor(engine, program, choice) === 'verified';
  if (!wanted) return { ...unverified(engine, contextKind), setting };
  // Loaded here: programs whose translation is known never need it.
  const { verifyFor } = await import('./verifying.ts');
  const { proof, rules, insnsProcessed } = await verifyFor(engine, program, programType);
  if (engine.checkFacts) return { contextKind, proof: demandsOnly(proof), facts: proof, insnsProcessed };
  return { contextKind, proof, type: programType ?? rules, setting: { ...setting, rules }, insnsProcessed };
}
