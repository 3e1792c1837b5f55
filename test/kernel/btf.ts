import { decodeProgram } from '../../src/isa/decode.ts';
import { findSubprograms } from '../../src/isa/subprograms.ts';
import type { FunctionInfo } from './kernel.ts';

const u32s = (...words: number[]): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer);

const BTF_HEADER_WORDS = [0x0001eb9f, 24, 0];
const STRINGS = '\0int\0f\0';
const KIND_INT = 1 << 24;
const KIND_FUNC = 12 << 24;
const KIND_FUNC_PROTO = 13 << 24;
const SIGNED_32_BITS = (1 << 24) | 32;
const FUNC_ID = 3;

/** The least BTF that names a function: 1 `int`, 2 `int (void)`, 3 a static function `f` of that type. */
function smallestBtf(): Uint8Array {
  const types = u32s(1, KIND_INT, 4, SIGNED_32_BITS, 0, KIND_FUNC_PROTO, 1, 5, KIND_FUNC, 2);
  const strings = Buffer.from(STRINGS);
  const header = u32s(...BTF_HEADER_WORDS, types.length, types.length, strings.length);
  return Buffer.concat([header, types, strings]);
}

/** Function information that gives every function of a program the type `int (void)`. */
export function functionInfo(code: Uint8Array): FunctionInfo {
  const starts = findSubprograms(decodeProgram(code).insns).map(({ start }) => start);
  return { btf: smallestBtf(), info: u32s(...starts.flatMap((start) => [start, FUNC_ID])) };
}
