/** The verifier, which is loaded when something is verified first: most starts have nothing to verify. */
import type { Program } from '../frontend/program.ts';
import type { Verification, VerifyOptions } from './verification.ts';
import type * as verifier from './verify.ts';

/** A verifier with its own linear memory, for one program after the other. */
export type Verifier = verifier.Verifier;

const load = (): Promise<typeof verifier> => import('./verify.ts');

export const Verifier = {
  /** @throws WebpfError `file` when the compiled domain cannot be read */
  open: async (): Promise<Verifier> => (await load()).Verifier.open(),
};

/**
 * Verifies a program by the rules of the Linux kernel.
 *
 * @returns a verdict, never an error, for whatever is wrong with the program
 * @throws WebpfError `file` when the compiled domain cannot be read
 */
export const verify = async (program: Program, options?: VerifyOptions): Promise<Verification> =>
  (await load()).verify(program, options);
