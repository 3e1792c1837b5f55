/**
 * The structural checks: what can be said of a program from its instructions and their order alone. They hold in
 * sandbox mode too, and engines rely on them. Wording follows the kernel's verifier (kernel/bpf/verifier.c,
 * kernel/bpf/cfg.c) where it has words for it.
 */
import type { Program } from '../frontend/program.ts';
import { buildCfg, type Cfg } from '../isa/cfg.ts';
import { type Decoded, decodeProgram } from '../isa/decode.ts';
import { findSubprograms, type SubprogramRange } from '../isa/subprograms.ts';
import { type CallGraph, checkCallGraph } from './callgraph.ts';
import { checkOperands } from './operands.ts';
import { locate, refuse } from './refuse.ts';
import { collectUses, type Uses } from './uses.ts';

/** A function of the program with its control-flow graph. */
export interface StructuredSubprogram {
  /** Position in `program.subprograms`. */
  readonly index: number;
  readonly name: string;
  /** Slot of the first instruction. */
  readonly start: number;
  /** Slots. */
  readonly length: number;
  readonly cfg: Cfg;
}

/** What the engines know of a program that passed. */
export interface Structure extends Uses, CallGraph {
  readonly decoded: Decoded;
  /** In slot order; the first is the main program. */
  readonly subprograms: readonly StructuredSubprogram[];
}

/** The functions whose address is taken, in slot order: the order of the program's array of functions (PROG_FUNCS). */
export function takenSubprograms<S>({
  subprograms,
  addressTaken,
}: {
  readonly subprograms: readonly S[];
  readonly addressTaken: readonly number[];
}): S[] {
  const taken = new Set(addressTaken);
  return subprograms.filter((_, index) => taken.has(index));
}

/** Names by first slot; programs made by hand may leave `subprograms` empty. */
const namesOf = (program: Program): ReadonlyMap<number, string> =>
  new Map([[0, program.name], ...program.subprograms.map(({ start, name }) => [start, name] as const)]);

/** The linker's boundaries must be those that calls and function addresses show. */
const checkBoundaries = (program: Program, ranges: readonly SubprogramRange[]): void => {
  const { subprograms } = program;
  if (subprograms.length === 0) return;
  const known = new Map(ranges.map((range) => [range.start, range.length]));
  const listed = new Set(subprograms.map(({ start }) => start));
  for (const { start } of ranges) {
    if (!listed.has(start)) refuse(start, `insn ${start} is called, but no subprogram begins there`);
  }
  for (const { name, start, length } of subprograms) {
    const found = known.get(start);
    if (found === undefined) {
      refuse(start, `subprogram ${name} at insn ${start} is neither called nor has its address taken`);
    }
    if (found !== length) {
      refuse(
        start,
        `subprogram ${name} has ${length} slots in the program's table, but ${found} by the code's calls`,
      );
    }
  }
};

/** @see kernel/bpf/cfg.c: every instruction must be reachable from its function's first. */
const checkReachable = ({ blocks, position }: Cfg): void => {
  const dead = blocks.find((_, index) => (position[index] ?? -1) < 0);
  if (dead !== undefined)
    refuse(dead.start, `unreachable insn ${dead.start}: no path from its function's start leads to it`);
};

const check = (program: Program): Structure => {
  const decoded = decodeProgram(program.code);
  checkOperands(decoded, program);
  const ranges = findSubprograms(decoded.insns);
  checkBoundaries(program, ranges);
  const names = namesOf(program);
  const subprograms = ranges.map((range, index) => {
    const cfg = buildCfg(decoded, range);
    checkReachable(cfg);
    return { index, name: names.get(range.start) ?? `sub_${range.start}`, ...range, cfg };
  });
  const calls = checkCallGraph(decoded, subprograms);
  return { decoded, subprograms, ...collectUses(decoded, program.kfuncs), ...calls };
};

/**
 * Checks a program's structure: opcodes and reserved fields, registers, jump targets, unreachable code, control
 * falling off a function's end, call depth and recursion, map indices, subprogram boundaries.
 *
 * @throws WebpfError 'bad-instruction', 'bad-program' or 'unsupported' (indirect jumps), with the slot, the
 *   source line where line information covers it, and the program's name as subject
 */
export function checkStructure(program: Program): Structure {
  return locate(program, () => check(program));
}
