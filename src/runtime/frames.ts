/** Stack traces of WebAssembly, which name functions of modules and byte offsets in these. */

import { moduleName } from '../jit/names.ts';
import { type Positions, slotAt } from '../jit/positions.ts';

/** A frame as V8 (`at f (wasm://wasm/MODULE-HASH:wasm-function[3]:0x1f)`) and SpiderMonkey (`f@URL:wasm-…`) print it. */
const FRAME = /wasm-function\[\d+\]:0x([0-9a-f]+)/;
/** V8 alone names modules. */
const MODULE = 'wasm://wasm/';

interface Named {
  readonly name: string;
  readonly subprograms: readonly { readonly name: string }[];
}

const isOf = (line: string, { name, subprograms }: Named): boolean =>
  line.includes(MODULE)
    ? line.includes(`${MODULE}${moduleName(name)}-`)
    : subprograms.some((one) => line.trimStart().startsWith(`${one.name}@`));

/** Slot of the program's instruction where a stack trace was taken; undefined when none of its frames is the program's. */
export function slotOfStack(stack: string, program: Named, positions: Positions): number | undefined {
  for (const line of stack.split('\n')) {
    const offset = FRAME.exec(line)?.[1];
    if (offset === undefined || !isOf(line, program)) continue;
    const slot = slotAt(positions, Number.parseInt(offset, 16));
    if (slot !== undefined) return slot;
  }
  return undefined;
}
