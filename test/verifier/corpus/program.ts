/** A case as the two verifiers take it. */
import { parseBtf } from '../../../src/frontend/btf/parse.ts';
import type { MapSpec, Program } from '../../../src/frontend/program.ts';
import { programFromAssembly, programFromBytes } from '../../../src/frontend/raw.ts';
import type { Case } from './case.ts';
import { expand } from './expand.ts';
import { typeFunctions } from './functions.ts';
import { houseTypes } from './house.ts';
import { type CorpusMap, mapSpecs } from './maps.ts';

export interface Built {
  readonly program: Program;
  /** Those of the program, in its order. */
  readonly maps: readonly CorpusMap[];
  /** BTF of maps and functions, and struct bpf_func_info; undefined where the case goes without. */
  readonly functions: { readonly btf: Uint8Array; readonly info: Uint8Array } | undefined;
  /** BTF of the maps' values. */
  readonly btf: Uint8Array;
  readonly typeIds: ReadonlyMap<string, number>;
}

/** The maps that the text names, and the templates of those: what a file says of more maps is not a program's. */
function usedMaps(maps: readonly CorpusMap[], text: string): readonly CorpusMap[] {
  const named = new Set([...text.matchAll(/\bmap\[(\w+)\]/g)].map(([, name]) => name ?? ''));
  const used = maps.filter(({ spec }) => named.has(spec.name));
  const templates = new Set(used.map(({ inner }) => inner));
  return maps.filter((map) => used.includes(map) || templates.has(map.spec.name));
}

function bare({ raw, place }: Case, text: string, maps: readonly MapSpec[]): Program {
  const options = { name: 'main', type: place.type, maps, license: place.license };
  const program =
    raw === '' ? programFromAssembly(text, options) : programFromBytes(Buffer.from(raw, 'hex'), options);
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
  const text = expand(test.asm, test.definitions, house.ids);
  const maps = usedMaps(test.maps, text);
  const specs = mapSpecs(maps, parseBtf(house.writer.bytes(), test.file).btf, house.ids);
  const program = bare(test, text, specs);
  if (test.functions === undefined || program.subprograms.length === 0) {
    return { program, maps, functions: undefined, btf: house.writer.bytes(), typeIds: house.ids };
  }
  const { subprograms, info } = typeFunctions(program.subprograms, test.functions, test.place.type, house);
  const btf = house.writer.bytes();
  const all = parseBtf(btf, test.file).btf;
  const typed = { ...program, subprograms, btf: all, maps: mapSpecs(maps, all, house.ids) };
  return { program: typed, maps, functions: { btf, info }, btf, typeIds: house.ids };
}
