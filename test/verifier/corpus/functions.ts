/** Functions of a case and their types in BTF: `NAME [at SLOT]: [static|global] RESULT (ARGUMENT, …)`. */
import type { Subprogram } from '../../../src/frontend/program.ts';
import type { HouseTypes } from './house.ts';
import { type Parameter, u32s } from './types.ts';

export interface FunctionSpec {
  readonly name: string;
  /** Instead of where the label stands: records that do not fit the code. */
  readonly at: number | undefined;
  readonly linkage: 'static' | 'global';
  readonly result: string;
  readonly parameters: readonly (readonly string[])[];
}

const LINE = /^([\w]+)(?: at (\d+))?: (?:(static|global) )?(\S+) \((.*)\)$/;

function parseFunction(line: string, where: string): FunctionSpec {
  const match = LINE.exec(line);
  if (match === null)
    throw new Error(`${where}: '${line}' is no 'NAME: [static|global] RESULT (ARGUMENT, …)'`);
  const [, name = '', at, linkage = 'static', result = '', args = ''] = match;
  const parameters = args.trim() === '' ? [] : args.split(',').map((arg) => arg.trim().split(/\s+/));
  return {
    name,
    at: at === undefined ? undefined : Number(at),
    linkage: linkage as 'static' | 'global',
    result,
    parameters,
  };
}

/** `none` for no BTF at all. */
export function parseFunctions(lines: readonly string[], where: string): readonly FunctionSpec[] {
  const text = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  return text.map((line) => parseFunction(line, where));
}

const CONTEXT_STRUCTS: Readonly<Record<string, string>> = {
  xdp: 'xdp_md',
  raw_tracepoint: 'bpf_raw_tracepoint_args',
  sk_lookup: 'bpf_sk_lookup',
  kprobe: 'bpf_user_pt_regs_t',
};

function typeOf(word: string, programType: string, ids: HouseTypes['ids']): number {
  const name = word === 'ctx' ? `${CONTEXT_STRUCTS[programType] ?? '__sk_buff'}*` : word;
  const id = ids.get(name);
  if (id === undefined) throw new Error(`there is no type '${name}' in the house's BTF`);
  return id;
}

const parameterOf = (words: readonly string[], programType: string, ids: HouseTypes['ids']): Parameter => ({
  type: typeOf(words.at(-1) ?? '', programType, ids),
  tags: words.slice(0, -1).map((tag) => `arg:${tag}`),
});

export interface TypedFunctions {
  readonly subprograms: readonly Subprogram[];
  /** struct bpf_func_info of each. */
  readonly info: Uint8Array;
}

const UNTYPED: Pick<FunctionSpec, 'at' | 'linkage' | 'result' | 'parameters'> = {
  at: undefined,
  linkage: 'static',
  result: 'int',
  parameters: [],
};

/** Adds the functions' types; those a case says nothing of are `static int (void)`. */
export function typeFunctions(
  found: readonly Subprogram[],
  specs: readonly FunctionSpec[],
  programType: string,
  { writer, ids }: HouseTypes,
): TypedFunctions {
  const subprograms = found.map((subprogram) => {
    const known = specs.find(({ name }) => name === subprogram.name);
    const { at, linkage, result, parameters } = known ?? UNTYPED;
    const types = parameters.map((words) => parameterOf(words, programType, ids));
    const btfTypeId = writer.func(subprogram.name, linkage, typeOf(result, programType, ids), types);
    const main = subprogram.linkage === 'main';
    return {
      ...subprogram,
      start: at ?? subprogram.start,
      linkage: main ? 'main' : linkage,
      btfTypeId,
    } as const;
  });
  const info = u32s(...subprograms.flatMap(({ start, btfTypeId }) => [start, btfTypeId]));
  return { subprograms, info };
}
