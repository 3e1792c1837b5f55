/** What the walk knows of the program before it begins. */
import type { Program } from '../../frontend/program.ts';
import type { CallInsn, Insn } from '../../isa/insn.ts';
import type { Prototype } from '../helpers/types.ts';
import { loopNumbers } from '../static/components.ts';
import { liveRegisters } from '../static/liveness.ts';
import { type CallShape, markPoints } from '../static/points.ts';
import { type CountArguments, effectOf } from '../static/registers.ts';
import type { Structure, StructuredSubprogram } from '../structure.ts';

/** bpf_loop, bpf_for_each_map_elem, bpf_find_vma, bpf_user_ringbuf_drain: they call a function while they run. */
const SYNC_CALLBACKS: ReadonlySet<number> = new Set([181, 164, 180, 209]);
/** bpf_timer_set_callback: the function runs some time later. */
const TIMER_SET_CALLBACK = 170;

export interface Code {
  readonly program: Program;
  readonly insns: readonly (Insn | undefined)[];
  readonly subprograms: readonly StructuredSubprogram[];
  /** Position in `subprograms`, by slot. */
  readonly owner: Int32Array;
  /** Points of static/points.ts, by slot. */
  readonly points: Uint8Array;
  /** Registers read later, by slot. */
  readonly live: Uint16Array;
  /** Number of the loop, by slot; 0 for none. */
  readonly loops: Int32Array;
  /** Registers that each instruction reads, by slot. */
  readonly reads: readonly (readonly number[])[];
  readonly shapeOf: (insn: Insn) => CallShape;
  readonly countArguments: CountArguments;
}

/** What calls of kernel functions look like, by name. */
export interface KfuncShapes {
  readonly shape: (name: string) => CallShape;
  readonly argumentCount: (name: string) => number | undefined;
}

type Prototypes = (id: number) => Prototype | undefined;

const kfuncName = (program: Program, { imm }: CallInsn): string => program.kfuncs?.[imm] ?? '';

const shapes =
  (program: Program, kfuncs: KfuncShapes) =>
  (insn: Insn): CallShape => {
    if (insn.kind !== 'call') return 'plain';
    if (insn.target === 'kfunc') return kfuncs.shape(kfuncName(program, insn));
    if (insn.target !== 'helper') return 'plain';
    if (SYNC_CALLBACKS.has(insn.imm)) return 'syncCallback';
    return insn.imm === TIMER_SET_CALLBACK ? 'asyncCallback' : 'plain';
  };

const counts =
  (program: Program, prototypes: Prototypes, kfuncs: KfuncShapes): CountArguments =>
  (call) => {
    if (call.target === 'local') return undefined;
    if (call.target === 'kfunc') return kfuncs.argumentCount(kfuncName(program, call));
    return prototypes(call.imm)?.args.length;
  };

const NONE: readonly number[] = [];

/** The registers of every mask, so that equal lists are one. */
const registersIn = (() => {
  const lists: (readonly number[] | undefined)[] = [];
  return (mask: number): readonly number[] => {
    const known = lists[mask];
    if (known !== undefined) return known;
    const registers = [...Array(11).keys()].filter((register) => (mask & (1 << register)) !== 0);
    lists[mask] = registers;
    return registers;
  };
})();

/** Historical packet loads claim to read everything: none of it matters. */
const readsOf = (insn: Insn | undefined, count: CountArguments): readonly number[] =>
  insn === undefined || insn.kind === 'packet' ? NONE : registersIn(effectOf(insn, count).reads);

const owners = (structure: Structure): Int32Array => {
  const owner = new Int32Array(structure.decoded.insns.length);
  structure.subprograms.forEach(({ start, length }, index) => {
    owner.fill(index, start, start + length);
  });
  return owner;
};

export function codeOf(
  program: Program,
  structure: Structure,
  prototypes: Prototypes,
  kfuncs: KfuncShapes,
): Code {
  const { insns } = structure.decoded;
  const shapeOf = shapes(program, kfuncs);
  const countArguments = counts(program, prototypes, kfuncs);
  const isLoop = (slot: number): boolean => {
    const insn = insns[slot];
    return insn !== undefined && shapeOf(insn) === 'syncCallback';
  };
  return {
    program,
    insns,
    subprograms: structure.subprograms,
    owner: owners(structure),
    points: markPoints(insns, shapeOf),
    live: liveRegisters(insns, countArguments),
    loops: loopNumbers(insns, isLoop),
    reads: insns.map((insn) => readsOf(insn, countArguments)),
    shapeOf,
    countArguments,
  };
}
