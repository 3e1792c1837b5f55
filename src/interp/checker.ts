/**
 * The interpreter's checking mode: before each instruction every fact of the proof is held against registers and
 * memory. The program runs in the sandbox, so that an access outside its memory is found as well.
 */
import * as layout from '../abi/layout.ts';
import type { RuntimeExports, WasmMemory } from '../abi/runtime.ts';
import { TRAP_MEMORY } from '../abi/traps.ts';
import type { Program } from '../frontend/program.ts';
import type { Insn, JumpInsn } from '../isa/insn.ts';
import type { Argument } from '../verifier/helpers/types.ts';
import type { InsnFacts, Proof } from '../verifier/proof.ts';
import { type Access, accessOf } from './checks/access.ts';
import { Callbacks } from './checks/callbacks.ts';
import { Frames } from './checks/frames.ts';
import { argumentsOf, checkHandedOver, checkMapCall } from './checks/helpers.ts';
import { checkKind, saysKind } from './checks/kinds.ts';
import { checkContextSize, checkMemory } from './checks/memory.ts';
import { Paused } from './checks/paused.ts';
import { ALL_ARGUMENTS, Poison } from './checks/poison.ts';
import { checkScalar, saysSomething } from './checks/scalars.ts';
import { Disproof, FactViolation, hex } from './checks/violation.ts';

export { FactViolation } from './checks/violation.ts';

export interface CheckHost {
  readonly memory: WasmMemory;
  readonly exports: Pick<RuntimeExports, 'step' | 'stepBegin' | 'finish' | 'table'>;
  /** Address of the run state of the CPU that runs. */
  readonly run: number;
}

export interface CheckedProgram {
  readonly program: Program;
  /** By slot. */
  readonly insns: readonly (Insn | undefined)[];
  readonly proof: Proof;
  /** Address of the program descriptor. The program must have been predecoded with `sandboxProof`. */
  readonly descriptor: number;
  /** By map index: address of the map descriptor. */
  readonly maps: readonly number[];
}

export interface CheckOptions {
  /**
   * Puts numbers into everything that the program must not read before it has written it: registers, those that a
   * call leaves behind, the stack. Results may then differ from those of other engines. Default false.
   */
  readonly poison?: boolean;
}

/** What is checked before an instruction. */
interface Plan {
  readonly insn: Insn;
  readonly facts: InsnFacts;
  readonly checks: readonly (() => void)[];
  readonly access: Access | undefined;
  /** Of a call of a helper. */
  readonly args: readonly Argument[] | undefined;
}

const NO_FACTS: InsnFacts = {};
/** Arguments of the callbacks of bpf_for_each_map_elem and bpf_loop. */
const CALLBACK_ARGUMENTS: ReadonlyMap<number, number> = new Map([
  [164, 4],
  [181, 2],
]);

export class Checker {
  readonly #host: CheckHost;
  readonly #subject: CheckedProgram;
  readonly #paused: Paused;
  readonly #frames: Frames;
  readonly #callbacks: Callbacks;
  readonly #poison: Poison | undefined;
  readonly #plans: readonly (Plan | undefined)[];
  /** The helper called last. */
  #helper = 0;
  /** Instructions of this program and of others that were executed, callbacks included. */
  executed = 0;

  constructor(host: CheckHost, subject: CheckedProgram, { poison = false }: CheckOptions = {}) {
    this.#host = host;
    this.#subject = subject;
    this.#paused = new Paused(host.memory, host.run);
    this.#frames = new Frames(this.#paused, subject.proof.stacks, subject.insns.length);
    this.#callbacks = new Callbacks(host.exports, this.#paused, (start, depth) =>
      this.#callback(start, depth),
    );
    this.#poison = poison ? new Poison(this.#paused) : undefined;
    this.#plans = subject.insns.map((insn, slot) => insn && this.#plan(insn, slot));
  }

  /**
   * Runs the program over a batch record; what it leaves there is as after any other run.
   *
   * @throws FactViolation for a fact that does not hold; otherwise as `interpretBatch`, where the program is stopped
   */
  run(record: number): void {
    this.#host.exports.stepBegin(this.#subject.descriptor, record);
    this.#frames.enter(0, 0);
    this.#poison?.begin();
    try {
      this.#walk(0);
    } catch (error) {
      throw this.#ended(error, record);
    }
  }

  /** Gives back what the run holds (a trap has done so), and names the fact behind an error. */
  #ended(error: unknown, record: number): unknown {
    const paused = this.#paused;
    const trap = paused.state(layout.RUN_TRAP);
    if (trap === 0) this.#host.exports.finish(record, 0n);
    if (trap !== TRAP_MEMORY || paused.program !== this.#subject.descriptor) return error;
    const slot = paused.state(layout.RUN_TRAP_PC);
    if (this.#plans[slot]?.facts.safe !== true) return error;
    const value = paused.view.getBigUint64(paused.run + layout.RUN_TRAP_VALUE, true);
    // The sandbox is not what stops the program: without the fact it would have, and would have said so.
    paused.setU32(paused.run + layout.RUN_TRAP, 0);
    const reason = `the access is at ${hex(value)}, outside the memory the program was given`;
    return this.#violation(new Disproof('safe', reason, value), slot);
  }

  /** Executes until the run is less deep than `base`, or ended. */
  #walk(base: number): void {
    const paused = this.#paused;
    for (let depth = paused.depth; depth >= base; depth = paused.depth) {
      if (this.#step(depth)) return;
    }
  }

  /** Checks and executes one instruction; true when the program has ended. */
  #step(depth: number): boolean {
    const paused = this.#paused;
    const slot = paused.slot;
    const program = paused.program;
    const plan = program === this.#subject.descriptor ? this.#plans[slot] : undefined;
    if (plan !== undefined) this.#check(plan, slot);
    this.executed++;
    const isCall = plan?.args !== undefined;
    if (isCall) this.#open(plan.insn);
    if (this.#host.exports.step(1) === 1) return true;
    if (isCall) this.#callbacks.close();
    if (plan !== undefined) this.#after(plan, slot, depth);
    else if (paused.depth > depth) this.#frames.enter(paused.depth, -1);
    if (paused.program !== program) this.#frames.enter(paused.depth, -1);
    return false;
  }

  #open(insn: Insn): void {
    if (insn.kind === 'call') this.#helper = insn.imm;
    this.#callbacks.open();
  }

  #check({ facts, checks, access }: Plan, slot: number): void {
    try {
      if (facts.dead) throw new Disproof('dead', 'it is reached', BigInt(slot));
      for (const check of checks) check();
      if (access !== undefined) this.#checkAccess(slot, access);
    } catch (error) {
      throw this.#violation(error, slot);
    }
  }

  #violation(error: unknown, slot: number): unknown {
    if (!(error instanceof Disproof)) return error;
    this.#paused.setU32(this.#paused.run + layout.RUN_PC, slot);
    return new FactViolation(this.#subject.program, slot, error.violated);
  }

  #checkAccess(slot: number, { register, off, size }: Access): void {
    const address = BigInt.asUintN(64, this.#paused.register(register) + BigInt(off));
    this.#frames.access(slot, address, size);
  }

  #after({ insn, facts }: Plan, slot: number, depth: number): void {
    const now = this.#paused.depth;
    if (insn.kind === 'jump' && facts.taken !== undefined) this.#checkTaken(insn, facts.taken, slot);
    if (now > depth) {
      this.#frames.enter(now, this.#paused.slot);
      this.#poison?.entered(ALL_ARGUMENTS);
    } else if (now < depth || insn.kind === 'call' || insn.kind === 'packet') this.#poison?.called();
  }

  #checkTaken({ off }: JumpInsn, taken: boolean, slot: number): void {
    const to = this.#paused.slot;
    if ((to === slot + 1 + off) === taken || off === 0) return;
    const reason = taken ? 'the jump is not taken' : 'the jump is taken';
    throw this.#violation(new Disproof('taken', `${reason}: the run goes on at ${to}`, BigInt(to)), slot);
  }

  /** Steps through a callback, which has been entered at `start`. */
  #callback(start: number, depth: number): void {
    const isOwn = this.#paused.program === this.#subject.descriptor;
    this.#frames.enter(depth, isOwn ? start : -1);
    this.#poison?.entered(CALLBACK_ARGUMENTS.get(this.#helper) ?? ALL_ARGUMENTS);
    const helper = this.#helper;
    this.#walk(depth);
    this.#helper = helper;
  }

  #plan(insn: Insn, slot: number): Plan {
    const facts = this.#subject.proof.facts.get(slot) ?? NO_FACTS;
    const access = accessOf(insn);
    const args =
      insn.kind === 'call' && insn.target === 'helper'
        ? argumentsOf(insn.imm, this.#subject.program)
        : undefined;
    return { insn, facts, access, args, checks: [...this.#ofFacts(facts, access, args)] };
  }

  *#ofFacts(
    { registers = [], memory, mapCall, stackOffset }: InsnFacts,
    access: Access | undefined,
    args: readonly Argument[] | undefined,
  ): Generator<() => void> {
    const paused = this.#paused;
    for (const { register, kind, scalar } of registers) {
      if (scalar !== undefined && saysSomething(scalar))
        yield () => checkScalar(register, scalar, paused.register(register));
      if (kind !== undefined && saysKind(kind)) yield () => checkKind(paused, register, kind);
    }
    if (access !== undefined) {
      const { register, off, size } = access;
      const address = () => BigInt.asUintN(64, paused.register(register) + BigInt(off));
      if (memory !== undefined) yield () => checkMemory(paused, memory, address(), size);
      if (memory === 'ctx')
        yield () => checkContextSize(paused, this.#subject.proof.contextSize, address(), size);
      if (stackOffset !== undefined) yield () => this.#frames.at(stackOffset, address());
    }
    if (args === undefined) return;
    if (mapCall !== undefined) yield () => checkMapCall(paused, args, mapCall, this.#subject.maps);
    yield () => checkHandedOver(paused, args, this.#frames);
  }
}
