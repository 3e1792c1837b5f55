import { WebpfError } from '../errors.ts';
import { valueCodec } from '../frontend/btf/codec.ts';
import type { Btf } from '../frontend/btf/types.ts';
import type { MapSpec } from '../frontend/program.ts';
import { naming } from './naming.ts';

/** A variable of .rodata, .data or .bss. */
interface Variable {
  readonly map: MapSpec;
  readonly btf: Btf;
  readonly typeId: number;
  readonly offset: number;
}

function findVariable(maps: readonly MapSpec[], name: string): Variable | undefined {
  for (const map of maps) {
    const { btf, valueTypeId } = map;
    const section = valueTypeId === undefined ? undefined : btf?.types[valueTypeId];
    if (!btf || section?.kind !== 'datasec') continue;
    for (const { type, offset } of section.variables) {
      const variable = btf.types[type];
      if (variable?.kind === 'var' && variable.name === name)
        return { map, btf, typeId: variable.type, offset };
    }
  }
  return undefined;
}

/**
 * Copies of the data sections with variables set by name, as libbpf's skeletons do before a load: the way to
 * configure `const volatile` variables.
 * @throws WebpfError 'not-found' for an unknown name, 'bad-map' for a value that does not fit the variable's type.
 */
export function setGlobals(
  maps: readonly MapSpec[],
  globals: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, Uint8Array> {
  const contents = new Map<string, Uint8Array>();
  for (const [name, value] of Object.entries(globals)) {
    const variable = findVariable(maps, name);
    if (!variable) {
      throw new WebpfError('not-found', `there is no global variable "${name}" in the object's BTF`, {
        stage: 'runtime',
        subject: name,
      });
    }
    const { map } = variable;
    const data = contents.get(map.name) ?? map.data?.slice() ?? new Uint8Array(map.valueSize); // .bss has none
    const codec = valueCodec(variable.btf, variable.typeId);
    data.set(
      naming(`global variable ${name}`, name, () => codec.encode(value)),
      variable.offset,
    );
    contents.set(map.name, data);
  }
  return contents;
}
