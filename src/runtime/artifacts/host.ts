import { crc32 } from '../../jit/checksum.ts';
import type { CustomProgramType } from '../../verifier/custom.ts';
import type { Engine } from '../engine.ts';
import { encodePlain } from './encode.ts';

/** What the verifier was told of the host: declared helpers, and a program type of its own. */
export const hostRules = (
  { helpers }: Pick<Engine, 'helpers'>,
  programType: CustomProgramType | undefined,
): unknown => ({ helpers: helpers.prototypes, programType });

/**
 * Tells sets of rules apart; 0 where there are none.
 * @throws WebpfError 'bad-argument' when a definition of the host's has more than plain data in it
 */
export function hostDigest(
  engine: Pick<Engine, 'helpers'>,
  programType: CustomProgramType | undefined,
): number {
  if (engine.helpers.prototypes.size === 0 && programType === undefined) return 0;
  return crc32(encodePlain(hostRules(engine, programType))) || 1;
}
