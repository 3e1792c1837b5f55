import { WebpfError } from '../../errors.ts';

/** How a definition says no. `what` names the part of it that is meant. */
export function refuseDefinition(what: string, problem: string): never {
  throw new WebpfError('bad-argument', `${what}: ${problem}`, { stage: 'verifier', subject: what });
}

const IDENTIFIER = /^[A-Za-z_]\w*$/;
const LONGEST_NAME = 128;

/** Names go into listings, messages and C. */
export function checkName(what: string, name: unknown): void {
  if (typeof name === 'string' && IDENTIFIER.test(name) && name.length <= LONGEST_NAME) return;
  const shown = typeof name === 'string' ? `"${name.slice(0, LONGEST_NAME)}"` : typeof name;
  refuseDefinition(what, `its name must be a C identifier (letters, digits and _), not ${shown}`);
}
