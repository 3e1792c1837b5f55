import type { CustomProgramType, ProgramTypeDefinition } from '../verifier/custom.ts';
import { badArgument } from './argument.ts';
import type { CheckedOptions, ObjectOptions } from './object.ts';

const isChecked = (type: ProgramTypeDefinition | CustomProgramType): type is CustomProgramType =>
  type.helpers instanceof Map;

/**
 * Options with the host's own type checked; what it says of the context leaves nothing to choose. The rules that it is
 * checked by are loaded for it alone.
 */
export async function checkOptions({ programType, ...options }: ObjectOptions): Promise<CheckedOptions> {
  if (programType === undefined) return options;
  const { context = 'memory' } = options;
  if (context !== 'memory')
    throw badArgument(`option context is ${context}, but programs of a type of your own get plain memory`);
  if (isChecked(programType)) return { ...options, programType };
  const { defineProgramType } = await import('../verifier/custom.ts');
  return { ...options, programType: defineProgramType(programType) };
}
