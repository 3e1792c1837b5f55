/** Which programs tail calls may lead from and to. */
import type { ContextPointer, Proof } from '../verifier/proof.ts';
import type { VerifiedType } from './helpers.ts';

/**
 * What programs must have in common to call each other: a tail call hands on the context, and the stack of callers
 * that are still to be returned to. Undefined for programs that are not verified. Compared by identity.
 */
export type TailCallKind = VerifiedType | undefined;

/** What runs must be given for a context. */
export interface ContextNeeds {
  /** Bytes of context that some program of the group accesses. */
  readonly contextSize: number;
  /** Pointers of the context that some program of the group loads. */
  readonly contextPointers: readonly ContextPointer[];
}

/** Programs and prog_arrays that tail calls connect. */
export interface TailCallGroup {
  readonly kind: TailCallKind;
  needs: ContextNeeds;
}

const NOTHING: ContextNeeds = { contextSize: 0, contextPointers: [] };

/** By field, the most that one of the two takes for granted. */
function joinPointers(a: readonly ContextPointer[], b: readonly ContextPointer[]): ContextPointer[] {
  const all = new Map(a.map((one) => [one.offset, one]));
  for (const one of b) if ((all.get(one.offset)?.bytes ?? -1) < one.bytes) all.set(one.offset, one);
  return [...all.values()];
}

const joinNeeds = (a: ContextNeeds, b: ContextNeeds): ContextNeeds => ({
  contextSize: Math.max(a.contextSize, b.contextSize),
  contextPointers: joinPointers(a.contextPointers, b.contextPointers),
});

const sameNeeds = (a: ContextNeeds, b: ContextNeeds): boolean => {
  const bytes = ({ contextPointers }: ContextNeeds) =>
    contextPointers.reduce((sum, one) => sum + one.bytes, contextPointers.length);
  const joined = bytes(joinNeeds(a, b));
  return a.contextSize === b.contextSize && bytes(a) === joined && bytes(b) === joined;
};

/**
 * The groups of one engine, by address of program descriptor or prog_array. As in the kernel (bpf_prog_map_compatible)
 * the first program that uses a prog_array, or is put there, decides for which kind it is.
 */
export class TailCalls {
  readonly #groups = new Map<number, TailCallGroup>();

  /** By address; programs that are connected have the same group. */
  get groups(): ReadonlyMap<number, TailCallGroup> {
    return this.#groups;
  }

  /** Takes over the groups of another engine in the same memory. */
  adopt(groups: ReadonlyMap<number, TailCallGroup>): void {
    for (const [address, group] of groups) this.#groups.set(address, group);
  }

  add(program: number, kind: TailCallKind, { contextSize, contextPointers = [] }: Proof): void {
    this.#groups.set(program, { kind, needs: { contextSize, contextPointers } });
  }

  /** Whether programs of this kind may use the prog_array. */
  accepts(map: number, kind: TailCallKind): boolean {
    const group = this.#groups.get(map);
    return group === undefined || group.kind === kind;
  }

  /** Connects a prog_array with a program that uses it or is in it; false when it is for another kind. */
  join(map: number, program: number): boolean {
    const own = this.#groups.get(program);
    if (own === undefined || !this.accepts(map, own.kind)) return false;
    const other = this.#groups.get(map) ?? own;
    this.#groups.set(map, own);
    if (other !== own) this.#merge(other, own);
    return true;
  }

  /** Whether joining the two asks more of events that are given to programs of either. */
  lengthens(map: number, program: number): boolean {
    const [a, b] = [this.#groups.get(map), this.#groups.get(program)];
    return a !== undefined && b !== undefined && !sameNeeds(a.needs, b.needs);
  }

  /** Forgets a program, or a prog_array: its address may become another's. */
  remove(address: number): void {
    this.#groups.delete(address);
  }

  kindOf(program: number): TailCallKind {
    return this.#groups.get(program)?.kind;
  }

  /** What a run of the program may access of its context, in the programs it leads to as well. */
  needsOf(program: number): ContextNeeds {
    return this.#groups.get(program)?.needs ?? NOTHING;
  }

  #merge(from: TailCallGroup, into: TailCallGroup): void {
    into.needs = joinNeeds(into.needs, from.needs);
    for (const [address, group] of this.#groups) if (group === from) this.#groups.set(address, into);
  }
}
