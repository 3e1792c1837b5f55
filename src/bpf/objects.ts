/** What commands work on: numbered objects that live as long as something refers to them. */

export type ObjectKind = 'map' | 'prog' | 'btf' | 'link';

/** File descriptors, pins, links, programs and entries of other maps hold references. */
export abstract class KernelObject {
  abstract readonly kind: ObjectKind | 'stats';
  readonly id: number;
  #references = 0;

  constructor(id: number) {
    this.id = id;
  }

  get references(): number {
    return this.#references;
  }

  hold(): void {
    this.#references++;
  }

  /** The last reference takes the object with it. */
  drop(): void {
    this.#references--;
    if (this.#references === 0) this.release();
  }

  /** A descriptor or a pin is one more reference. */
  addUser(): void {
    this.hold();
  }

  dropUser(): void {
    this.drop();
  }

  /** Gives back what the object has taken, its references to others included. */
  protected abstract release(): void;
}

/** The objects of one kind by id. Ids grow: that of an object that is gone means nothing afterwards, as in the kernel. */
export class IdTable<T extends KernelObject> {
  readonly #objects = new Map<number, T>();
  #next: number;

  constructor(next = 1) {
    this.#next = next;
  }

  /** The id that the next object gets. */
  get next(): number {
    return this.#next;
  }

  get size(): number {
    return this.#objects.size;
  }

  take(): number {
    return this.#next++;
  }

  /** From now on ids are greater than this one. */
  skip(id: number): void {
    this.#next = Math.max(this.#next, id + 1);
  }

  add(object: T): void {
    this.#objects.set(object.id, object);
  }

  remove(id: number): void {
    this.#objects.delete(id);
  }

  get(id: number): T | undefined {
    return this.#objects.get(id);
  }

  /** The smallest id after `id`. */
  after(id: number): number | undefined {
    let next: number | undefined;
    for (const one of this.#objects.keys()) if (one > id && (next === undefined || one < next)) next = one;
    return next;
  }

  values(): Iterable<T> {
    return this.#objects.values();
  }
}
