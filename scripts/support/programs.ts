/** Program types, and what the verifier and the engines make of them. */
import type { Callback } from '../../src/frontend/program.ts';
import { programTypes } from '../../src/frontend/programTypes.ts';
import { type Program, type ProgramType, programFromAssembly, verify } from '../../src/index.ts';
import { attachTypesOf, contextOf } from '../../src/verifier/contexts/index.ts';
import { contextKindOf } from '../../src/verifier/contexts/kind.ts';

export interface ProgramTypeSupport {
  readonly type: ProgramType;
  readonly attachTypes: readonly string[];
  /** Structures of the context, one for all attach types or several. */
  readonly contexts: readonly string[];
  readonly kind: string;
  readonly isVerified: boolean;
}

const MINIMAL = ['r0 = 0\nexit', 'r0 = 1\nexit'];

/** Programs of tables of callbacks are known by the member that they implement. */
const CALLBACK: Callback = { struct: 'ops', member: 'member', parameters: [], result: undefined };

async function isTaken(type: ProgramType, attachType: string): Promise<boolean> {
  for (const text of MINIMAL) {
    const program: Program = {
      ...programFromAssembly(text, { name: 'minimal', type, license: 'GPL' }),
      attachType,
      callback: type === 'struct_ops' ? CALLBACK : undefined,
    };
    if ((await verify(program)).verdict === 'accept') return true;
  }
  return false;
}

async function supportOf(type: ProgramType): Promise<ProgramTypeSupport> {
  const attachTypes = attachTypesOf(type) ?? [''];
  const contexts = attachTypes.map((attachType) => contextOf(type, attachType)?.name ?? 'by BTF');
  const taken = await Promise.all(attachTypes.map((attachType) => isTaken(type, attachType)));
  return {
    type,
    attachTypes: attachTypes.filter((name) => name !== ''),
    contexts: [...new Set(contexts)],
    kind: contextKindOf(type),
    isVerified: taken.every(Boolean),
  };
}

export const programTypeSupport = (): Promise<readonly ProgramTypeSupport[]> =>
  Promise.all(programTypes.filter((type) => type !== 'unspec').map(supportOf));
