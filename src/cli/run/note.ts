import type { BpfProgram, ProofMode } from '../../index.ts';
import { printNote } from '../fail.ts';
import type { Io } from '../io.ts';

/** Says that a program is not verified, and why, to those who have not asked for it. */
export function noteSandbox(
  io: Io,
  name: string,
  mode: ProofMode,
  { sandbox }: { readonly sandbox?: boolean },
): void {
  if (mode !== 'sandbox' || sandbox === true) return;
  printNote(
    io,
    `${name} is not verified and runs in the sandbox, as its type is not known: name it (--type xdp, say), or say --sandbox`,
  );
}

/** Says why a program was not translated while it ran, where that was tried. */
export function noteTier(io: Io, { name, tierNote }: BpfProgram): void {
  if (tierNote !== undefined) printNote(io, `${name} was interpreted to the end: ${tierNote}`);
}
