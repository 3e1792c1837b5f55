/** A case as the two verifiers take it. */
import { parseBtf } from '../../../src/frontend/btf/parse.ts';
import type { MapSpec, Program } from '../../../src/frontend/program.ts';
import { programFromAssembly, programFromBytes } from '../../../src/frontend/raw.ts';
import type { Case } from './case.ts';
import { expand } from './expand.ts';
import { typeFunctions } from './functions.ts';
import { houseTypes } from './house.ts';
import { mapSpecs } from './maps.ts';

export interface Built {
  readonly program: Program;
  /** BTF of maps and functions, and struct bpf_func_info; undefined where the case goes without. */
  readonly functions: { readonly btf: Uint8Array; readonly info: Uint8Array } | undefined;
  /** BTF of the maps' values. */
  readonly btf: Uint8Array;
  readonly typeIds: ReadonlyMap<string, number>;
}

function bare(
  { asm, raw, definitions, place }: Case,
  maps: readonly MapSpec[],
  ids: Built['typeIds'],
): Program {
  const options = { name: 'main', type: place.type, maps, license: place.license };
  const program =
    raw === ''
      ? programFromAssembly(expand(asm, definitions, ids), options)
      : programFromBytes(Buffer.from(raw, 'hex'), options);
  return {
    ...program,
    attachTo: place.target?.[1] ?? '',
    attachType: place.attachType,
    sleepable: place.sleepable,
    frags: place.frags,
  };
}

/** @throws WebpfError where the assembler or the linker refuses the case */
export function build(test: Case): Built {
  const house = houseTypes();
  const types = parseBtf(house.writer.bytes(), test.file).btf;
  const maps = mapSpecs(test.maps, types, house.ids);
  const program = bare(test, maps, house.ids);
  if (test.functions === undefined || program.subprograms.length === 0) {
    return { program, functions: undefined, btf: house.writer.bytes(), typeIds: house.ids };
  }
  const { subprograms, info } = typeFunctions(program.subprograms, test.functions, test.place.type, house);
  const btf = house.writer.bytes();
  const all = parseBtf(btf, test.file).btf;
  const typed = { ...program, subprograms, btf: all, maps: mapSpecs(test.maps, all, house.ids) };
  return { program: typed, functions: { btf, info }, btf, typeIds: house.ids };
}
