/** Functions of the program written in place of their calls: where a call takes as long as what it calls. */
import { FRAME_SIZE } from '../../abi/layout.ts';
import { TAIL_CALL } from '../../isa/helpers.ts';
import type { Insn } from '../../isa/insn.ts';
import type { Structure, StructuredSubprogram } from '../../verifier/structure.ts';
import type { BodyOptions, Inlined } from '../body.ts';
import type { Expr } from '../builder.ts';
import { Frame, type FrameLocals } from '../frame.ts';
import { REGISTER_LOCALS, type Scope } from '../scope.ts';
import type { Flow } from '../ssa/flow.ts';
import { const64 } from '../ssa/value.ts';
import type { Cell } from './stack.ts';

/** Functions of up to so many slots are inlined wherever they are called … */
const SMALL = 64;
/** … and larger ones where that is one place only. */
const LARGE = 1_000;
/** Slots that inlining may add to a function. */
const BUDGET = 2_000;
const MAX_DEPTH = 6;
const FRAME_POINTER = 10;
const ARGUMENTS = [1, 2, 3, 4, 5] as const;
/** Registers that a function begins without. */
const UNSET = [0, 6, 7, 8, 9] as const;

/** Which calls are replaced. */
export interface InlinePlan {
  /** The function that the call at a slot is replaced by. */
  calleeAt(slot: number): StructuredSubprogram | undefined;
  /** Slots that the call at a slot grows by: 0 where it is none; without end where there are loops among them. */
  growthAt(slot: number): number;
  /** How many frames deep inlined functions reach below a function. */
  depthOf(subprogram: StructuredSubprogram): number;
}

export const NO_INLINING: InlinePlan = {
  calleeAt: () => undefined,
  growthAt: () => 0,
  depthOf: () => 0,
};

/** A function with all that is inlined into it. */
interface Whole {
  slots: number;
  depth: number;
  hasLoop: boolean;
}

interface Call {
  readonly slot: number;
  readonly callee: StructuredSubprogram;
}

function callsOf(
  insns: readonly (Insn | undefined)[],
  { start, length }: StructuredSubprogram,
  byStart: ReadonlyMap<number, StructuredSubprogram>,
): Call[] {
  const calls: Call[] = [];
  for (let slot = start; slot < start + length; slot++) {
    const insn = insns[slot];
    const callee =
      insn?.kind === 'call' && insn.target === 'local' ? byStart.get(slot + 1 + insn.imm) : undefined;
    if (callee !== undefined) calls.push({ slot, callee });
  }
  return calls;
}

/** Tail calls leave a WebAssembly function; may_goto counts for each call; other shapes cannot be nested. */
function canBeInlined(
  insns: readonly (Insn | undefined)[],
  { start, length, cfg }: StructuredSubprogram,
): boolean {
  const barred = insns
    .slice(start, start + length)
    .some(
      (insn) =>
        insn?.kind === 'mayGoto' ||
        insn?.kind === 'callx' ||
        (insn?.kind === 'call' && insn.target === 'helper' && insn.imm === TAIL_CALL),
    );
  return !barred && cfg.irreducibleEdges.length === 0;
}

/** Decides by size, callees first: the slots and the depth of a function include what is inlined into it. */
class Planner implements InlinePlan {
  readonly #insns: readonly (Insn | undefined)[];
  readonly #byStart: ReadonlyMap<number, StructuredSubprogram>;
  readonly #sites = new Map<StructuredSubprogram, number>();
  readonly #chosen = new Map<number, StructuredSubprogram>();
  readonly #done = new Map<StructuredSubprogram, Whole>();

  constructor({ decoded, subprograms }: Structure) {
    this.#insns = decoded.insns;
    this.#byStart = new Map(subprograms.map((subprogram) => [subprogram.start, subprogram]));
    for (const { callee } of subprograms.flatMap((one) => callsOf(decoded.insns, one, this.#byStart))) {
      this.#sites.set(callee, (this.#sites.get(callee) ?? 0) + 1);
    }
    for (const subprogram of subprograms) this.#visit(subprogram);
  }

  calleeAt(slot: number): StructuredSubprogram | undefined {
    return this.#chosen.get(slot);
  }

  growthAt(slot: number): number {
    const callee = this.#chosen.get(slot);
    const whole = callee && this.#done.get(callee);
    if (whole === undefined) return 0;
    return whole.hasLoop ? Number.POSITIVE_INFINITY : whole.slots;
  }

  depthOf(subprogram: StructuredSubprogram): number {
    return this.#done.get(subprogram)?.depth ?? 0;
  }

  /** No call graph has cycles: the structural checks refuse them. */
  #visit(subprogram: StructuredSubprogram): Whole {
    const known = this.#done.get(subprogram);
    if (known !== undefined) return known;
    const { length, cfg } = subprogram;
    const sum = { slots: length, depth: 0, hasLoop: cfg.backEdges.length > 0 };
    for (const { slot, callee } of callsOf(this.#insns, subprogram, this.#byStart)) {
      const { slots, depth, hasLoop } = this.#visit(callee);
      const pays = slots <= SMALL || (this.#sites.get(callee) === 1 && slots <= LARGE);
      const fits = sum.slots + slots - length <= BUDGET && depth < MAX_DEPTH;
      if (!pays || !fits || !canBeInlined(this.#insns, callee)) continue;
      this.#chosen.set(slot, callee);
      sum.slots += slots;
      sum.depth = Math.max(sum.depth, 1 + depth);
      sum.hasLoop ||= hasLoop;
    }
    this.#done.set(subprogram, sum);
    return sum;
  }
}

export const planInlining = (structure: Structure): InlinePlan => new Planner(structure);

/** What frames of one WebAssembly function share. */
interface Shared extends Pick<FrameLocals, 'base' | 'span'> {
  /** Masks by slot of the registers that are read from there on. */
  readonly live: Uint16Array;
  cellsOf(subprogram: StructuredSubprogram): ReadonlyMap<number, Cell>;
}

type Lower = (frame: Frame, callee: StructuredSubprogram, inline: BodyOptions['inline']) => readonly Expr[];

export class Inliner {
  readonly #scope: Scope;
  readonly #plan: InlinePlan;
  readonly #shared: Shared;
  readonly #lower: Lower;
  #count = 0;

  constructor(scope: Scope, plan: InlinePlan, shared: Shared, lower: Lower) {
    this.#scope = scope;
    this.#plan = plan;
    this.#shared = shared;
    this.#lower = lower;
  }

  /** How calls in a function with that frame are replaced. */
  into(outer: Frame): BodyOptions['inline'] {
    return (caller, slot) => {
      const callee = this.#plan.calleeAt(slot);
      return callee && this.#call(outer, caller, callee);
    };
  }

  #call(outer: Frame, caller: Flow, callee: StructuredSubprogram): Inlined {
    const { base, span, cellsOf, live } = this.#shared;
    const { b } = this.#scope;
    const label = `inline${++this.#count}`;
    const registers = REGISTER_LOCALS.map((own, register) =>
      register === FRAME_POINTER ? own : this.#scope.local('i64'),
    );
    const frame = new Frame({
      registers,
      local: (type) => this.#scope.local(type),
      base,
      span,
      cells: cellsOf(callee),
      below: outer.below + FRAME_SIZE,
      leave: { label, result: outer.register(0) },
      prefix: `${label}.`,
    });
    const passed = ARGUMENTS.map((register) => ({
      local: frame.register(register),
      value: caller.reg(register),
    }));
    // Only what is not verified reads them: 0, as in a WebAssembly function of its own, and not of the call before.
    const unset = UNSET.filter((register) => ((live[callee.start] ?? 0) & (1 << register)) !== 0).map(
      (register) => ({ local: frame.register(register), value: const64(0n) }),
    );
    const outputs = [...passed, ...unset];
    return { outputs, write: () => b.block(label, this.#lower(frame, callee, this.into(frame))) };
  }
}
