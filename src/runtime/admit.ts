/** What is proved of a program before it is loaded, and what it is loaded as. */
import type { Program } from '../frontend/program.ts';
import { attachTypeInForce } from '../verifier/contexts/index.ts';
import type { CustomProgramType } from '../verifier/custom.ts';
import { type InsnFacts, type Proof, sandboxProof, trustedProof } from '../verifier/proof.ts';
import type { Rejection, Verification } from '../verifier/verification.ts';
import { verify } from '../verifier/verify.ts';
import { type ContextKind, contextKindOf } from './context.ts';
import type { Engine } from './engine.ts';
import type { VerifiedType } from './helpers.ts';
import { checkOwnType } from './ownTypes.ts';
import { refuseAt } from './refuse.ts';

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
}

/** A program that is taken as it is: checked when it runs, or not at all. */
export const unverified = (engine: Engine, contextKind: ContextKind): Admission => ({
  contextKind,
  proof: engine.mode === 'trusted' ? trustedProof : sandboxProof,
});

/** Linux has no rules for programs of no type, nor for those that are given another context than their type's. */
const canBeVerified = ({ type }: Program, { programType, context }: TypeChoice): boolean =>
  programType !== undefined ||
  (type !== 'unspec' && (context ?? contextKindOf(type)) === contextKindOf(type));

function refuse(program: Program, { verdict, rejection }: Verification): never {
  const { insn = 0, source, summary = '', hint = '' } = rejection ?? ({} as Partial<Rejection>);
  const isRejected = verdict === 'reject';
  const what = isRejected ? 'is rejected' : 'cannot be verified';
  const way = isRejected ? '' : ' ("sandbox: true" runs it unverified)';
  return refuseAt(program, {
    code: isRejected ? 'rejected' : 'unsupported',
    stage: 'verifier',
    insn,
    source,
    cause: rejection,
    does: `${what}: ${summary},`,
    right: `${hint === '' ? '' : `: ${hint}`}${way}`,
  });
}

/** The memory of the event is the host's bytes: an address in it would lead anywhere. */
function refusePointers(program: Program, insn: number): never {
  return refuseAt(program, {
    code: 'unsupported',
    insn,
    does: 'loads a pointer from its context',
    right:
      ', but webpf gives programs of this type plain memory ("sandbox: true" runs it with every access checked)',
  });
}

/** Types of Linux by name: attach types have contexts of their own. */
const nameOf = ({ type, attachType, frags }: Program): string =>
  [type, attachTypeInForce(type, attachType) ?? '', frags ? 'frags' : ''].join(' ');

/** The sandbox's code for a program whose facts are checked: dead instructions may be such as no engine has. */
function deadOnly({ facts }: Proof): Proof {
  const dead = [...facts].flatMap(([slot, fact]): [number, InsnFacts][] =>
    fact.dead === true ? [[slot, { dead: true }]] : [],
  );
  return { ...sandboxProof, facts: new Map(dead) };
}

/**
 * Decides how a program is loaded, and verifies it unless the engine (or its type) leaves that out.
 *
 * @throws WebpfError 'rejected' or 'unsupported', with the Rejection as its cause
 */
export async function admit(engine: Engine, program: Program, choice: TypeChoice): Promise<Admission> {
  const { programType } = choice;
  const contextKind = programType ? 'memory' : (choice.context ?? contextKindOf(program.type));
  const wanted = engine.checkFacts || (engine.mode === 'verified' && canBeVerified(program, choice));
  if (!wanted) return unverified(engine, contextKind);
  if (programType !== undefined) checkOwnType(programType, engine.helpers);
  const verification = await verify(program, {
    helpers: engine.helpers.prototypes,
    cpus: engine.cpus,
    ...(programType && { programType }),
  });
  const { proof } = verification;
  if (proof === undefined) return refuse(program, verification);
  if (engine.checkFacts) return { contextKind, proof: deadOnly(proof), facts: proof };
  if (contextKind === 'memory' && proof.contextPointer !== undefined)
    return refusePointers(program, proof.contextPointer);
  return { contextKind, proof, type: programType ?? nameOf(program) };
}
