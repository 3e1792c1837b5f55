import type { Callback, CallbackParameter } from '../../frontend/program.ts';
import { ANY_WIDTH, contextOfFields, field, pointer } from './fields.ts';
import type { Context, Field } from './types.ts';

const WORD = 8;

function fieldOf(parameter: CallbackParameter, index: number): Field {
  // Pointers to functions seldom name their parameters in BTF.
  const name = parameter.name || `argument ${index}`;
  const offset = index * WORD;
  switch (parameter.kind) {
    case 'scalar':
      return field(name, offset, WORD, ANY_WIDTH);
    case 'memory': {
      const { size, writable, nullable } = parameter;
      return pointer(name, offset, { kind: 'memory', size, writable, nullable });
    }
    case 'object': {
      const { struct, nullable } = parameter;
      return pointer(name, offset, { kind: 'btf', struct, nullable, trusted: true });
    }
  }
}

/** What a callback of a struct_ops table is given: its arguments, a word each, in the order of its parameters. */
export const contextOfCallback = ({ struct, member, parameters }: Callback): Context =>
  contextOfFields(`${struct}::${member}`, parameters.length * WORD, parameters.map(fieldOf));
