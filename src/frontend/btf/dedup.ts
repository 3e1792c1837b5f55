import { referencesOf, withReferences } from './references.ts';
import type { BtfType } from './types.ts';

/** Types without repetition, and what became of each that was given. */
export interface Deduplicated {
  readonly types: readonly BtfType[];
  /** New id of each old one. */
  readonly ids: readonly number[];
}

/** Ids that stand for others: forward declarations for the structs they declare, say. */
type Aliases = ReadonlyMap<number, number>;

const jsonValue = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}` : value);

/** What a type says by itself. Variables are never the same one. */
const shapeOf = (type: BtfType, id: number): string =>
  JSON.stringify([withReferences(type, () => 0), type.kind === 'var' ? id : 0], jsonValue);

class Numbers {
  private readonly known = new Map<string, number>();

  of(text: string): number {
    const number = this.known.get(text) ?? this.known.size;
    this.known.set(text, number);
    return number;
  }

  get size(): number {
    return this.known.size;
  }
}

/**
 * Classes of equal types: those that look alike are split until all of a class refer to the same classes in turn, so
 * that types which refer to each other in circles are found equal too.
 */
function classesOf(types: readonly BtfType[], shapes: readonly string[], aliases: Aliases): number[] {
  const target = (id: number): number => aliases.get(id) ?? id;
  const references = types.map((type) => referencesOf(type).map(target));
  const first = new Numbers();
  let classes = shapes.map((shape) => first.of(shape));
  for (let before = 0, count = first.size; count !== before; ) {
    const numbers = new Numbers();
    const current = classes;
    classes = current.map((own, id) =>
      numbers.of([own, ...(references[id] ?? []).map((to) => current[to])].join()),
    );
    before = count;
    count = numbers.size;
  }
  return classes;
}

/** By kind and name, the struct or union of which there is one alone; undefined where there are several. */
function definitions(types: readonly BtfType[], classes: readonly number[]): Map<string, number | undefined> {
  const found = new Map<string, number | undefined>();
  types.forEach(({ kind, name }, id) => {
    if ((kind !== 'struct' && kind !== 'union') || name === '') return;
    const key = `${kind} ${name}`;
    const other = found.get(key) ?? id;
    const isSame = !found.has(key) || (found.get(key) !== undefined && classes[other] === classes[id]);
    found.set(key, isSame ? other : undefined);
  });
  return found;
}

function resolveForwards(
  types: readonly BtfType[],
  classes: readonly number[],
  aliases: Map<number, number>,
): boolean {
  const defined = definitions(types, classes);
  const before = aliases.size;
  types.forEach((type, id) => {
    const definition = type.kind === 'fwd' ? defined.get(`${type.of} ${type.name}`) : undefined;
    if (definition !== undefined && !aliases.has(id)) aliases.set(id, definition);
  });
  return aliases.size > before;
}

/**
 * Types with those that say the same merged, and forward declarations replaced by the struct or union that they declare
 * where there is just one of that name (what btf__dedup of libbpf does).
 *
 * @param replaced ids of types that are left out, and of those that take their place
 */
export function deduplicate(types: readonly BtfType[], replaced: Aliases = new Map()): Deduplicated {
  const shapes = types.map(shapeOf);
  const aliases = new Map(replaced);
  let classes = classesOf(types, shapes, aliases);
  while (resolveForwards(types, classes, aliases)) classes = classesOf(types, shapes, aliases);
  const kept = new Map<number, number>();
  const firsts = types.filter((_, id) => {
    const own = classes[id] ?? 0;
    if (aliases.has(id) || kept.has(own)) return false;
    kept.set(own, kept.size);
    return true;
  });
  const ids = types.map((_, id) => kept.get(classes[aliases.get(id) ?? id] ?? 0) ?? 0);
  return { types: firsts.map((type) => withReferences(type, (id) => ids[id] ?? 0)), ids };
}
