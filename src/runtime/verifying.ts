/** Verification of programs that are to be loaded. Imported when the first one is: most of the time it takes is its own. */
import type { Program } from '../frontend/program.ts';
import { attachTypeInForce } from '../verifier/contexts/index.ts';
import type { CustomProgramType } from '../verifier/custom.ts';
import type { Proof } from '../verifier/proof.ts';
import type { Rejection, Verification } from '../verifier/verification.ts';
import { verify } from '../verifier/verify.ts';
import type { Engine } from './engine.ts';
import { checkOwnType } from './ownTypes.ts';
import { refuseAt } from './refuse.ts';

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

/** Types of Linux by name: attach types have contexts of their own. */
const nameOf = ({ type, attachType, frags, classic }: Program): string =>
  classic === 'seccomp'
    ? classic
    : [type, attachTypeInForce(type, attachType) ?? '', frags ? 'frags' : ''].join(' ');

/** What is proved, and the rules it was proved by: '' for those of a type of the host's. */
interface Verified {
  readonly proof: Proof;
  readonly rules: string;
  /** Instructions walked. */
  readonly insnsProcessed: number;
}

/** @throws WebpfError 'rejected' or 'unsupported', with the Rejection as its cause */
export async function verifyFor(
  engine: Engine,
  program: Program,
  programType: CustomProgramType | undefined,
): Promise<Verified> {
  if (programType !== undefined) checkOwnType(programType, engine.helpers);
  const verification = await verify(program, {
    helpers: engine.helpers.prototypes,
    cpus: engine.cpus,
    ...(programType && { programType }),
  });
  const { proof, insnsProcessed } = verification;
  if (proof === undefined) return refuse(program, verification);
  return { proof, rules: programType === undefined ? nameOf(program) : '', insnsProcessed };
}
