/** Runs a program one instruction at a time, with registers, frames and source lines visible in between. */
import * as layout from '../abi/layout.ts';
import type { RuntimeExports, WasmMemory } from '../abi/runtime.ts';
import { THROWN } from '../abi/traps.ts';
import { type SourceLine, WebpfError } from '../errors.ts';
import { sourceAt } from '../frontend/lines.ts';
import type { LineInfo } from '../frontend/program.ts';
import type { Insn } from '../isa/insn.ts';
import { INSN_SIZE } from './opcodes.ts';
import * as win from './window.ts';

/** What the stepper shows of a program: the one it started, or one that a tail call went to. */
export interface StepProgram {
  readonly name: string;
  /** By slot. */
  readonly insns: readonly (Insn | undefined)[];
  readonly lines: readonly LineInfo[];
}

export interface StepHost {
  readonly memory: WasmMemory;
  readonly exports: Pick<RuntimeExports, 'step' | 'stepBegin'>;
  /** Address of the run state of the CPU that runs. */
  readonly run: number;
  /** The program of a descriptor, undefined when it is not known. */
  readonly programAt: (descriptor: number) => StepProgram | undefined;
}

/** A function that has been entered and has not returned. */
export interface Frame {
  /** Address of the program descriptor. */
  readonly descriptor: number;
  readonly program: StepProgram | undefined;
  /** Slot of the next instruction: in frames that wait for a callee, the one after the call. */
  readonly slot: number;
  /** r0 to r10, unsigned 64 bits. */
  readonly registers: readonly bigint[];
}

/** Why a run was stopped: TRAP_* of src/abi/traps.ts, and the refused address or value. */
export interface StepTrap {
  readonly kind: number;
  readonly slot: number;
  readonly value: bigint;
}

export type StepStatus = 'paused' | 'ended' | 'trapped';

export interface StepState {
  readonly status: StepStatus;
  /** Slot of the next instruction; when trapped, of the instruction that was stopped. */
  readonly slot: number;
  readonly insn: Insn | undefined;
  readonly source: SourceLine | undefined;
  /** Calls from the main program, 0 in the main program itself. */
  readonly depth: number;
  /** r0 to r10, unsigned 64 bits. After a trap: as they were before the instruction. */
  readonly registers: readonly bigint[];
  /** Instructions executed since the start, helpers as one. */
  readonly executed: number;
  readonly trap: StepTrap | undefined;
}

export interface ContinueOptions {
  /** Slots of the program that was started; the run pauses before them. */
  readonly breakpoints?: ReadonlySet<number>;
  /** Most instructions to execute. Default: no limit but the sandbox's budget. */
  readonly limit?: number;
  /** Pauses as soon as the run is no deeper than this: 'step over' and 'step out'. */
  readonly depth?: number;
}

const REGISTERS = 11;

const badArgument = (message: string): WebpfError =>
  new WebpfError('bad-argument', message, { stage: 'interp' });

/**
 * A run in single steps. Any other run on the same CPU ends it: stepping on is then an error of code `closed`.
 * A trap does not throw: it shows in the state.
 */
export class Stepper {
  readonly #host: StepHost;
  readonly #descriptor: number;
  readonly #record: number;
  #status: StepStatus = 'paused';
  #executed = 0;

  /** Begins a run of the program at `descriptor` over a batch record, paused before its first instruction. */
  constructor(host: StepHost, descriptor: number, record: number) {
    this.#host = host;
    this.#descriptor = descriptor;
    this.#record = record;
    host.exports.stepBegin(descriptor, record);
  }

  get state(): StepState {
    const program = this.#host.programAt(this.#u32(layout.RUN_PROG));
    const trap = this.#trap();
    const slot = trap?.slot ?? this.#u32(layout.RUN_STEP_PC);
    return {
      status: this.#status,
      slot,
      insn: program?.insns[slot],
      source: program && sourceAt(program.lines, slot),
      depth: this.#u32(layout.RUN_STEP_DEPTH),
      registers: this.#registers(this.#host.run + layout.RUN_REGS),
      executed: this.#executed,
      trap,
    };
  }

  /** r0 of the ended run; undefined while it goes on, and after a trap. */
  get result(): bigint | undefined {
    return this.#status === 'ended'
      ? this.#view().getBigUint64(this.#record + layout.REC_RESULT, true)
      : undefined;
  }

  /** Frames of the paused run, the main program first. */
  get frames(): Frame[] {
    if (this.#status !== 'paused') return [];
    const depth = this.#u32(layout.RUN_STEP_DEPTH);
    return Array.from({ length: depth + 1 }, (_, index) => this.#frame(index, index === depth));
  }

  /** Executes up to `count` instructions; a helper with its callbacks is one. */
  step(count = 1): StepState {
    return this.continue({ limit: count });
  }

  /** Executes at least one instruction, until a breakpoint, the limit, or the end. */
  continue({ breakpoints, limit = Number.POSITIVE_INFINITY, depth = -1 }: ContinueOptions = {}): StepState {
    if (Number.isNaN(limit) || limit < 0) {
      throw badArgument(`the limit of instructions is ${limit}, but must be 0 or more`);
    }
    for (let done = 0; done < limit && this.#status === 'paused'; done++) {
      this.#one();
      if (this.#u32(layout.RUN_STEP_DEPTH) <= depth || this.#stopsAt(breakpoints)) break;
    }
    return this.state;
  }

  /** Executes one instruction, and what it calls to its return. */
  stepOver(limit?: number): StepState {
    return this.#until(this.#u32(layout.RUN_STEP_DEPTH), limit);
  }

  /** Executes until the current function returns. */
  stepOut(limit?: number): StepState {
    return this.#until(this.#u32(layout.RUN_STEP_DEPTH) - 1, limit);
  }

  /** Sets a register of the current frame, r0 to r9, before the next step. */
  setRegister(register: number, value: bigint): void {
    if (!Number.isInteger(register) || register < 0 || register > 9) {
      throw badArgument(`r${register} cannot be set: registers r0 to r9 can`);
    }
    this.#view().setBigUint64(
      this.#host.run + layout.RUN_REGS + 8 * register,
      BigInt.asUintN(64, value),
      true,
    );
  }

  /** A copy of linear memory, cut at its end. */
  read(address: number, size: number): Uint8Array {
    if (!(address >= 0 && size >= 0)) throw badArgument(`cannot read ${size} bytes at address ${address}`);
    return new Uint8Array(this.#host.memory.buffer).slice(address, address + size);
  }

  #until(depth: number, limit: number | undefined): StepState {
    return this.continue(limit === undefined ? { depth } : { depth, limit });
  }

  #one(): void {
    if (this.#u32(win.RUN_PAUSED) === 0) {
      throw new WebpfError('closed', 'another run has begun since: start a new stepper', { stage: 'interp' });
    }
    try {
      if (this.#host.exports.step(1) === 1) this.#status = 'ended';
    } catch (error) {
      const trap = this.#u32(layout.RUN_TRAP);
      if (trap === 0) throw error;
      this.#status = trap === THROWN ? 'ended' : 'trapped';
    }
    this.#executed++;
  }

  #stopsAt(breakpoints: ReadonlySet<number> | undefined): boolean {
    if (breakpoints === undefined || this.#u32(layout.RUN_PROG) !== this.#descriptor) return false;
    return breakpoints.has(this.#u32(layout.RUN_STEP_PC));
  }

  #frame(index: number, current: boolean): Frame {
    const window = this.#host.run + layout.RUN_INTERP_FRAMES + index * win.WINDOW_SIZE;
    const view = this.#view();
    const descriptor = view.getUint32(window + win.WINDOW_PROG, true);
    const code = view.getUint32(descriptor + layout.PROG_CODE, true);
    const waiting = (view.getUint32(window + win.WINDOW_RETURN, true) - code) / INSN_SIZE;
    return {
      descriptor,
      program: this.#host.programAt(descriptor),
      slot: current ? this.#u32(layout.RUN_STEP_PC) : waiting,
      registers: this.#registers(current ? this.#host.run + layout.RUN_REGS : window + win.WINDOW_REGS),
    };
  }

  #trap(): StepTrap | undefined {
    const kind = this.#u32(layout.RUN_TRAP);
    if (kind === 0 || this.#status !== 'trapped') return undefined;
    const value = this.#view().getBigUint64(this.#host.run + layout.RUN_TRAP_VALUE, true);
    return { kind, slot: this.#u32(layout.RUN_TRAP_PC), value };
  }

  #registers(address: number): bigint[] {
    const view = this.#view();
    return Array.from({ length: REGISTERS }, (_, n) => view.getBigUint64(address + 8 * n, true));
  }

  #u32(offset: number): number {
    return this.#view().getUint32(this.#host.run + offset, true);
  }

  /** Taken anew each time: memory may have grown. */
  #view(): DataView {
    return new DataView(this.#host.memory.buffer);
  }
}
