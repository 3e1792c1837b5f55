import { type Assembled, type AssembleOptions, assemble } from '../isa/asm.ts';
import { checkLength } from '../isa/decode.ts';
import { type Insn, slotsOf } from '../isa/insn.ts';
import { findSubprograms } from '../isa/subprograms.ts';
import type { Btf } from './btf/types.ts';
import type { LineInfo, MapSpec, Program, ProgramType, Subprogram } from './program.ts';

/** What bytes alone do not say about a program. */
export interface ProgramOptions {
  /** `program` by default. */
  readonly name?: string | undefined;
  /** `unspec` by default. */
  readonly type?: ProgramType | undefined;
  /** Maps that lddw with pseudo source 5 or 6 refers to by index. */
  readonly maps?: readonly MapSpec[] | undefined;
  /** Kernel functions that kfunc calls refer to by index. */
  readonly kfuncs?: readonly string[] | undefined;
  /** Functions; found from the calls when absent. */
  readonly subprograms?: readonly Subprogram[] | undefined;
  readonly lines?: readonly LineInfo[] | undefined;
  readonly license?: string | undefined;
  readonly btf?: Btf | undefined;
}

/**
 * A program from encoded instructions (RFC 9669), little-endian.
 *
 * @throws WebpfError `bad-program` unless the bytes are whole instructions, between 1 and the kernel's limit
 */
export function programFromBytes(code: Uint8Array, options: ProgramOptions = {}): Program {
  checkLength(code);
  return {
    name: options.name ?? 'program',
    section: '',
    type: options.type ?? 'unspec',
    typeGuessed: options.type === undefined,
    attachTo: '',
    sleepable: false,
    frags: false,
    autoload: true,
    code: code.slice(),
    subprograms: options.subprograms ?? [],
    maps: options.maps ?? [],
    kfuncs: options.kfuncs,
    lines: options.lines ?? [],
    license: options.license ?? 'GPL',
    btf: options.btf,
  };
}

function bySlot(insns: readonly Insn[]): (Insn | undefined)[] {
  return insns.flatMap((insn) => (slotsOf(insn) === 2 ? [insn, undefined] : [insn]));
}

/** Functions of assembled text, named by the labels they begin at. */
function labelled({ insns, labels }: Assembled, main: string): Subprogram[] {
  const names = new Map([...labels].map(([name, slot]) => [slot, name]));
  return findSubprograms(bySlot(insns)).map(({ start, length }) => ({
    name: start === 0 ? main : (names.get(start) ?? `sub_${start}`),
    start,
    length,
    linkage: start === 0 ? 'main' : 'static',
  }));
}

/**
 * A program from assembly text, in the kernel's, LLVM's or the conformance suite's syntax. `map[name]` refers to
 * `options.maps` by name; `call kfunc name` gives the program the list of names it calls.
 *
 * @throws WebpfError `bad-assembly` with line and column; `bad-program` when a call leads nowhere
 */
export function programFromAssembly(
  text: string,
  options: ProgramOptions & Pick<AssembleOptions, 'dialect'> = {},
): Program {
  const { name = 'program', dialect, maps = [] } = options;
  const { kfuncs } = options;
  const assembled = assemble(text, { name, dialect, maps: maps.map((map) => map.name), kfuncs });
  const subprograms = options.subprograms ?? labelled(assembled, name);
  return programFromBytes(assembled.code, {
    ...options,
    subprograms,
    kfuncs: assembled.kfuncs.length === 0 ? kfuncs : assembled.kfuncs,
    lines: options.lines ?? assembled.lines,
  });
}
