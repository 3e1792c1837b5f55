/**
 * Callbacks of helpers as JavaScript functions. The runtime calls a callback through its table when translated code is
 * running; a small module puts functions there that lead to JavaScript, so that the checker can step through them.
 */
import type { RuntimeExports } from '../../abi/runtime.ts';

/** Functions of one program whose address is taken. */
export const MOST_CALLBACKS = 32;

/** r1 to r5 and r10 (signed 64 bits) of the function with this index; its r0. */
export type Enter = (
  index: number,
  r1: bigint,
  r2: bigint,
  r3: bigint,
  r4: bigint,
  r5: bigint,
  r10: bigint,
) => bigint;

const I32 = 0x7f;
const I64 = 0x7e;
const ARGUMENTS = 6;

const leb = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
const vector = (items: readonly number[][]): number[] => [...leb(items.length), ...items.flat()];
const section = (id: number, items: readonly number[][]): number[] => {
  const content = vector(items);
  return [id, ...leb(content.length), ...content];
};
const name = (text: string): number[] => [...leb(text.length), ...new TextEncoder().encode(text)];
const functionType = (parameters: readonly number[]): number[] => [
  0x60,
  ...vector(parameters.map((one) => [one])),
  ...vector([[I64]]),
];

/** `i32.const index`, the six arguments, `call 0`. */
function body(index: number): number[] {
  const gets = Array.from({ length: ARGUMENTS }, (_, i) => [0x20, i]).flat();
  const code = [0, 0x41, index, ...gets, 0x10, 0, 0x0b];
  return [...leb(code.length), ...code];
}

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const indexes = Array.from({ length: MOST_CALLBACKS }, (_, i) => i);
  const words = Array.from({ length: ARGUMENTS }, () => I64);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [functionType([I32, ...words]), functionType(words)]),
    ...section(2, [[...name('e'), ...name('f'), 0, 0]]),
    ...section(
      3,
      indexes.map(() => [1]),
    ),
    ...section(
      7,
      indexes.map((i) => [...name(`${i}`), 0, ...leb(i + 1)]),
    ),
    ...section(10, indexes.map(body)),
  ]);
}

let compiled: WebAssembly.Module | undefined;

/** The functions that lead to JavaScript in the table of one runtime. */
export class Trampolines {
  /** Table index of the first. */
  readonly first: number;
  /** What they lead to now. */
  enter: Enter = () => 0n;

  private constructor(table: RuntimeExports['table']) {
    compiled ??= new WebAssembly.Module(moduleBytes());
    const f: Enter = (...call) => this.enter(...call);
    const { exports } = new WebAssembly.Instance(compiled, { e: { f } });
    this.first = table.grow(MOST_CALLBACKS);
    for (let i = 0; i < MOST_CALLBACKS; i++) table.set(this.first + i, exports[i]);
  }

  /** Those of a runtime: one set serves all its programs, one run at a time. */
  static of(table: RuntimeExports['table']): Trampolines {
    const known = Trampolines.#all.get(table);
    if (known) return known;
    const made = new Trampolines(table);
    Trampolines.#all.set(table, made);
    return made;
  }

  static readonly #all = new WeakMap<object, Trampolines>();
}
