/** Which programs tail calls may lead from and to. */
import type { VerifiedType } from './helpers.ts';

/**
 * What programs must have in common to call each other: a tail call hands on the context, and the stack of callers
 * that are still to be returned to. Undefined for programs that are not verified. Compared by identity.
 */
export type TailCallKind = VerifiedType | undefined;

/** Programs and prog_arrays that tail calls connect. */
export interface TailCallGroup {
  readonly kind: TailCallKind;
  /** Bytes of context that some program of the group accesses. */
  contextSize: number;
}

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

  add(program: number, kind: TailCallKind, contextSize: number): void {
    this.#groups.set(program, { kind, contextSize });
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

  /** Whether joining the two makes events longer that are given to programs of either. */
  lengthens(map: number, program: number): boolean {
    const [a, b] = [this.#groups.get(map), this.#groups.get(program)];
    return a !== undefined && b !== undefined && a.contextSize !== b.contextSize;
  }

  kindOf(program: number): TailCallKind {
    return this.#groups.get(program)?.kind;
  }

  /** Bytes of context that a run of the program may access, in the programs it leads to as well. */
  contextSize(program: number): number {
    return this.#groups.get(program)?.contextSize ?? 0;
  }

  #merge(from: TailCallGroup, into: TailCallGroup): void {
    into.contextSize = Math.max(into.contextSize, from.contextSize);
    for (const [address, group] of this.#groups) if (group === from) this.#groups.set(address, into);
  }
}
