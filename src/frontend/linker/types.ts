import { deduplicate } from '../btf/dedup.ts';
import { withReferences } from '../btf/references.ts';
import type { Btf, BtfExt, BtfSection, BtfSectionVariable, BtfType, SectionInfo } from '../btf/types.ts';
import type { Input } from './input.ts';
import { checkDeclarations } from './match.ts';
import type { Place, SectionTable } from './sections.ts';
import type { GlobalSymbol } from './symbols.ts';

/** The types of all inputs, one list behind the other, while they are merged. */
export interface JoinedTypes {
  readonly types: BtfType[];
  /** Where those of an input begin: its id 1 is there. */
  readonly starts: ReadonlyMap<Input, number>;
}

const VOID: BtfType = { kind: 'void', name: '' };

const movedId = (start: number, id: number): number => (id === 0 ? 0 : start + id - 1);

function join(inputs: readonly Input[]): JoinedTypes {
  const types: BtfType[] = [VOID];
  const starts = new Map<Input, number>();
  for (const input of inputs) {
    const start = types.length;
    starts.set(input, start);
    for (const type of input.types.slice(1)) types.push(withReferences(type, (id) => movedId(start, id)));
  }
  return { types, starts };
}

/** Variables and functions with names of their own in all inputs, by input and name. */
function declarationsOf({ types, starts }: JoinedTypes): (input: Input, name: string) => number | undefined {
  const found = new Map<Input, Map<string, number>>();
  for (const [input, start] of starts) {
    const own = new Map<string, number>();
    for (let id = start; id < start + input.types.length - 1; id++) {
      const type = types[id];
      if ((type?.kind === 'var' || type?.kind === 'func') && type.linkage !== 'static')
        own.set(type.name, id);
    }
    found.set(input, own);
  }
  return (input, name) => found.get(input)?.get(name);
}

/** Of each name the one declaration that stays, in place of all others. */
function chooseDeclarations(
  joined: JoinedTypes,
  globals: ReadonlyMap<string, GlobalSymbol>,
): Map<number, number> {
  const declarationOf = declarationsOf(joined);
  const replaced = new Map<number, number>();
  for (const { name, definition, occurrences } of globals.values()) {
    const declared = occurrences.flatMap(({ input, symbol }) => {
      const id = declarationOf(input, name);
      return id === undefined ? [] : [{ id, input, isDefinition: symbol.section !== 0 }];
    });
    const chosen = declared.find(({ input }) => input === definition?.input) ?? declared[0];
    if (chosen === undefined) continue;
    for (const other of declared) {
      if (other === chosen) continue;
      checkDeclarations({ types: joined.types }, chosen, other);
      replaced.set(other.id, chosen.id);
    }
  }
  return replaced;
}

/** Variables of the sections of one name, in the order of their places. */
interface Contents {
  readonly variables: BtfSectionVariable[];
  size: number;
}

/** Whether the output does not carry a section: a second license. Those of what the kernel has (.ksyms) have no contents. */
const isLeftOut = (input: Input, name: string, place: Place | undefined): boolean =>
  place === undefined && input.elf.sections.some((section) => section.name === name && section.size > 0);

/** Moves what an input says lies in one of its sections; what another input defines in its place is left out. */
function addSection(
  { name, size, variables }: BtfSection,
  input: Input,
  sections: SectionTable,
  replaced: Map<number, number>,
  into: Map<string, Contents>,
): void {
  const place = sections.placeNamed(input, name);
  if (isLeftOut(input, name, place)) {
    for (const { type } of variables) replaced.set(type, 0);
    return;
  }
  const contents = into.get(name) ?? { variables: [], size: 0 };
  into.set(name, contents);
  contents.size = place?.section.size ?? Math.max(contents.size, size);
  for (const variable of variables) {
    if (replaced.has(variable.type)) continue;
    contents.variables.push({ ...variable, offset: variable.offset + (place?.offset ?? 0) });
  }
}

/** The sections of all inputs by name; the inputs' own, and what is in none of them, are marked as replaced. */
function mergeSections(
  { types, starts }: JoinedTypes,
  sections: SectionTable,
  replaced: Map<number, number>,
): BtfSection[] {
  const merged = new Map<string, Contents>();
  for (const [input, start] of starts) {
    for (let id = start; id < start + input.types.length - 1; id++) {
      const type = types[id];
      if (type?.kind !== 'datasec') continue;
      addSection(type, input, sections, replaced, merged);
      replaced.set(id, 0);
    }
  }
  return [...merged]
    .filter(([, { variables }]) => variables.length > 0)
    .map(([name, { variables, size }]) => ({
      kind: 'datasec',
      name,
      size,
      variables: variables.sort((a, b) => a.offset - b.offset),
    }));
}

const EMPTY: SectionInfo = { functions: [], lines: [], core: [] };

/** What .BTF.ext says, moved along with the code, with the types' new ids. */
function mergeExt(
  inputs: readonly Input[],
  sections: SectionTable,
  idOf: (input: Input, id: number) => number,
): BtfExt {
  const merged = new Map<string, SectionInfo>();
  for (const input of inputs) {
    for (const [name, info] of input.ext) {
      const place = sections.placeNamed(input, name);
      if (place === undefined) continue;
      const move = <T extends { readonly offset: number }>(records: readonly T[]): T[] =>
        records.map((record) => ({ ...record, offset: record.offset + place.offset }));
      const typed = <T extends { readonly offset: number; readonly type: number }>(
        records: readonly T[],
      ): T[] => move(records).map((record) => ({ ...record, type: idOf(input, record.type) }));
      const { functions, lines, core } = merged.get(name) ?? EMPTY;
      merged.set(name, {
        functions: [...functions, ...typed(info.functions)],
        lines: [...lines, ...move(info.lines)],
        core: [...core, ...typed(info.core)],
      });
    }
  }
  return merged;
}

/**
 * The types of all inputs as one: equal ones merged, each global variable and function declared once, sections with the
 * places of their variables.
 *
 * @throws WebpfError `link` for a name that is declared with types that do not agree
 */
export function mergeTypes(
  inputs: readonly Input[],
  sections: SectionTable,
  globals: ReadonlyMap<string, GlobalSymbol>,
): { readonly btf: Btf; readonly ext: BtfExt } {
  const joined = join(inputs);
  const replaced = chooseDeclarations(joined, globals);
  const dataSections = mergeSections(joined, sections, replaced);
  const all = [...joined.types, ...dataSections];
  const { types, ids } = deduplicate(all, replaced);
  const idOf = (input: Input, id: number): number => ids[movedId(joined.starts.get(input) ?? 1, id)] ?? 0;
  return { btf: { types }, ext: mergeExt(inputs, sections, idOf) };
}
