/** Lookups in LRU hash maps: what is found becomes the most recently used, as in assembly/maps/lru.ts. */
import * as abi from '../../abi/hash.ts';
import type { Builder, Expr, FunctionSpec } from '../builder.ts';
import { hashTable, importedName, mapGlobal } from '../names.ts';
import { elementAt, type KeyWords, type KnownMap, type Lookup, type Out } from './emit.ts';
import { emitFind, type Shape, shapeOf, valueAt } from './hash.ts';
import { foundAt } from './sequence.ts';

const SLOT = 0;
const ENTRY = 1;
const NEWER = 2;
const OLDER = 3;

/** A function of the module's own that moves a slot (+ 1), which is not the first, to the front of the list. */
class Touch {
  readonly #b: Builder;
  readonly #out: Out;
  readonly #map: number;
  readonly #shape: Shape;

  constructor(out: Out, { index }: KnownMap, shape: Shape) {
    this.#out = out;
    this.#b = out.b;
    this.#map = index;
    this.#shape = shape;
  }

  spec(name: string): FunctionSpec {
    return {
      name,
      params: ['i32'],
      result: undefined,
      locals: ['i32', 'i32', 'i32'],
      body: this.#body(),
      exports: [],
    };
  }

  #get(local: number): Expr {
    return this.#b.get(local, 'i32');
  }

  #entryOf(slot: Expr): Expr {
    return elementAt(this.#b, this.#out.global(hashTable(this.#map)), slot, this.#shape.stride);
  }

  #link(entry: Expr, field: number): Expr {
    return this.#b.load('i32.load', entry, this.#shape.entries + field);
  }

  #setLink(entry: Expr, field: number, slot: Expr): Expr {
    return this.#b.store('i32.store', entry, this.#shape.entries + field, slot);
  }

  #end(field: number): Expr {
    return this.#b.load('i32.load', this.#out.global(mapGlobal(this.#map)), field);
  }

  #setEnd(field: number, slot: Expr): Expr {
    return this.#b.store('i32.store', this.#out.global(mapGlobal(this.#map)), field, slot);
  }

  /** What is not the first has a newer neighbour. */
  #body(): Expr[] {
    const b = this.#b;
    const first = (): Expr => this.#end(abi.HASH_LRU_FIRST);
    return [
      b.set(ENTRY, this.#entryOf(this.#get(SLOT))),
      b.set(NEWER, this.#link(this.#get(ENTRY), abi.ENTRY_LRU_NEWER)),
      b.set(OLDER, this.#link(this.#get(ENTRY), abi.ENTRY_LRU_OLDER)),
      this.#setLink(this.#entryOf(this.#get(NEWER)), abi.ENTRY_LRU_OLDER, this.#get(OLDER)),
      b.when(this.#get(OLDER), [
        this.#setLink(this.#entryOf(this.#get(OLDER)), abi.ENTRY_LRU_NEWER, this.#get(NEWER)),
      ]),
      b.when(b.unary('i32.eqz', this.#get(OLDER)), [this.#setEnd(abi.HASH_LRU_LAST, this.#get(NEWER))]),
      this.#setLink(this.#entryOf(first()), abi.ENTRY_LRU_NEWER, this.#get(SLOT)),
      this.#setLink(this.#get(ENTRY), abi.ENTRY_LRU_OLDER, first()),
      this.#setLink(this.#get(ENTRY), abi.ENTRY_LRU_NEWER, b.const32(0)),
      this.#setEnd(abi.HASH_LRU_FIRST, this.#get(SLOT)),
    ];
  }
}

/** The call that moves the slot (+ 1) in a local. In shared memory that takes the lock, so that the runtime does it. */
const touch = (out: Out, map: KnownMap, shape: Shape, slot: number): Expr => {
  const { b } = out;
  if (out.shared) {
    const operands = [out.global(mapGlobal(map.index)), b.get(slot, 'i32'), foundAt(out)];
    return b.call(out.runtime('lruUse'), operands, undefined);
  }
  const name = importedName('jit', `touch${map.index}`);
  out.define(name, () => new Touch(out, map, shape).spec(name));
  return b.call(name, [b.get(slot, 'i32')], undefined);
};

export function emitLruLookup(out: Out, map: KnownMap, words: KeyWords): Lookup {
  const { b } = out;
  const shape = shapeOf(map.spec, true);
  const { statements, slot } = emitFind(out, map, words, shape);
  const first = b.load('i32.load', out.global(mapGlobal(map.index)), abi.HASH_LRU_FIRST);
  const moves = b.binary(
    'i32.and',
    b.binary('i32.ne', b.get(slot, 'i32'), b.const32(0)),
    b.binary('i32.ne', b.get(slot, 'i32'), first),
  );
  const use = b.when(moves, [touch(out, map, shape, slot)]);
  return { statements: [...statements, use], value: valueAt(out, map, slot) };
}
