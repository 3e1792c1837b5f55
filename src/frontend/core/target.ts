import type { Btf, BtfType } from '../btf/types.ts';
import { contextTypes } from './contexts.ts';

/** A type of the target's that may be what a type of the object's stands for. */
export interface Candidate {
  readonly btf: Btf;
  readonly id: number;
}

/** Names of the kernel are shorter than this (KSYM_NAME_LEN). */
const LONGEST_NAME = 512;

/** A type's name without its flavour: `sk_buff___old` stands for `sk_buff` (bpf_core_essential_name_len of libbpf). */
export const essentialName = (name: string): string =>
  name.length > LONGEST_NAME ? name : (/^(.*[^_])___[^_]/.exec(name)?.[1] ?? name);

/** enum and enum64 stand for each other. */
export const kindOf = ({ kind }: BtfType): string => (kind === 'enum64' ? 'enum' : kind);

type Index = ReadonlyMap<string, readonly Candidate[]>;

const keyOf = (type: BtfType): string => `${kindOf(type)} ${essentialName(type.name)}`;

/** Candidates by kind and name among the types from `start` on. */
function indexOf(btf: Btf, start: number): Index {
  const index = new Map<string, Candidate[]>();
  for (let id = start; id < btf.types.length; id++) {
    const type = btf.types[id];
    if (type === undefined || type.name === '') continue;
    const key = keyOf(type);
    const known = index.get(key);
    if (known === undefined) index.set(key, [{ btf, id }]);
    else known.push({ btf, id });
  }
  return index;
}

/**
 * The types of a host, which CO-RE relocations are answered by: those of a kernel and of its modules, say. Made once,
 * it serves any number of objects.
 */
export class TargetTypes {
  /** What messages call it: the path of its file. */
  readonly name: string;
  readonly base: Btf;
  /** By name: each continues the types of `base` with its own. */
  readonly modules: ReadonlyMap<string, Btf>;
  #base: Index | undefined;
  #modules: readonly Index[] | undefined;

  constructor(name: string, base: Btf, modules: ReadonlyMap<string, Btf> = new Map()) {
    this.name = name;
    this.base = base;
    this.modules = modules;
  }

  /** Types of this one's kind and essential name; of modules where the base has none. */
  candidates(type: BtfType): readonly Candidate[] {
    const key = keyOf(type);
    this.#base ??= indexOf(this.base, 1);
    const found = this.#base.get(key);
    if (found !== undefined) return found;
    this.#modules ??= [...this.modules.values()].map((btf) => indexOf(btf, this.base.types.length));
    return this.#modules.flatMap((index) => index.get(key) ?? []);
  }
}

let contexts: TargetTypes | undefined;

/** What webpf knows by itself: the contexts of programs. */
export function contextTarget(): TargetTypes {
  contexts ??= new TargetTypes('webpf', contextTypes());
  return contexts;
}
