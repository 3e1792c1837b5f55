import type { BtfType } from './types.ts';

/** Ids of the types that a type refers to. */
export function referencesOf(type: BtfType): readonly number[] {
  switch (type.kind) {
    case 'struct':
    case 'union':
      return type.members.map((member) => member.type);
    case 'array':
      return [type.type, type.indexType];
    case 'funcProto':
      return [type.type, ...type.parameters.map((parameter) => parameter.type)];
    case 'datasec':
      return type.variables.map((variable) => variable.type);
    default:
      return 'type' in type ? [type.type] : [];
  }
}

/** The type with each id that it refers to replaced. */
export function withReferences(type: BtfType, of: (id: number) => number): BtfType {
  switch (type.kind) {
    case 'struct':
    case 'union':
      return { ...type, members: type.members.map((member) => ({ ...member, type: of(member.type) })) };
    case 'array':
      return { ...type, type: of(type.type), indexType: of(type.indexType) };
    case 'funcProto': {
      const parameters = type.parameters.map((parameter) => ({ ...parameter, type: of(parameter.type) }));
      return { ...type, type: of(type.type), parameters };
    }
    case 'datasec':
      return { ...type, variables: type.variables.map((each) => ({ ...each, type: of(each.type) })) };
    default:
      return 'type' in type ? { ...type, type: of(type.type) } : type;
  }
}

/** Throws unless every type from `first` on refers to types that exist. */
export function checkReferences(
  types: readonly BtfType[],
  first: number,
  error: (message: string) => Error,
): void {
  for (let id = first; id < types.length; id++) {
    const type = types[id];
    for (const target of type === undefined ? [] : referencesOf(type)) {
      if (target < types.length) continue;
      throw error(`type ${id} (${type?.kind} '${type?.name}') refers to type ${target} of ${types.length}`);
    }
  }
}
