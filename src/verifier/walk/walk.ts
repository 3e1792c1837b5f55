/** The walk over a program's paths: the current state, and what all steps need. */
import { MAP_TYPE_ARENA } from '../../abi/maps.ts';
import * as abi from '../../abi/state.ts';
import type { MapSpec } from '../../frontend/program.ts';
import type { Insn } from '../../isa/insn.ts';
import type { StateExports, StateMemory } from '../state/memory.ts';
import type { Code } from './code.ts';
import type { Environment } from './environment.ts';
import type { Facts } from './facts.ts';
import { Trace } from './paths/trace.ts';
import { refuse } from './refusal.ts';
import { type Checkpoint, type Frame, type Holdings, NOTHING_HELD, type Pending } from './state.ts';

/** What depends on who loads the program. */
export interface Rules {
  /** CAP_BPF: loops, precise scalars, spilled scalars. */
  readonly capable: boolean;
  /** CAP_PERFMON: addresses are no secret, and the stack may be read before it is written. */
  readonly leaks: boolean;
  /** Know no more than Linux 6.18 (see VerifyOptions). */
  readonly likeLinux: boolean;
  readonly strictAlignment: boolean;
  /** A checkpoint at every point. */
  readonly stateFreq: boolean;
  readonly maxInsns: number;
  /** Bytes of linear memory the walk may take. */
  readonly maxMemory: number;
  readonly cpus: number;
}

/** Names of the structures that `ptr_` registers point to, by number. */
export class Names {
  readonly #names: string[] = [];
  number(name: string): number {
    const known = this.#names.indexOf(name);
    return known >= 0 ? known : this.#names.push(name) - 1;
  }
  name(number: number): string {
    return this.#names[number] ?? '?';
  }
}

/** Listens to the walk; `undefined` members of {@link Walk.log} cost nothing. */
export interface WalkLog {
  begin(walk: Walk): void;
  end(walk: Walk): void;
  /** Before the instruction. */
  insn(walk: Walk): void;
  /** The state before `insn`, come to by a jump or restored. */
  from(walk: Walk): void;
  /** The path ends here, for the state is like one that was safe. */
  safe(walk: Walk): void;
  /** After the instruction. */
  done(walk: Walk): void;
  line(text: string): void;
}

export class Walk {
  readonly code: Code;
  readonly env: Environment;
  readonly rules: Rules;
  readonly memory: StateMemory;
  readonly ops: StateExports;
  readonly facts: Facts;
  readonly trace = new Trace();
  readonly names = new Names();
  readonly log: WalkLog | undefined;
  readonly pending: Pending[] = [];

  /** Global functions that the walk has come by: each is walked by itself. */
  readonly calledGlobals = new Set<number>();
  /** Functions in which the packet may move. */
  readonly changingFunctions: ReadonlySet<number>;
  /** Index of the arena that the program has; undefined where it has none. */
  readonly arena: number | undefined;
  /** By slot of 64-bit arithmetic, where there is an arena: whether it has a pointer into it for an operand. */
  readonly arenaArithmetic = new Map<number, boolean>();
  /** By slot of a tail call: the map it was seen with. */
  readonly tailCallMaps = new Map<number, number>();
  /** By slot: type of the register that an access went through. */
  readonly memoryTypes: (number | undefined)[] = [];

  // ---- the current state, beside registers and slots ------------------------------------------------------
  frames: readonly Frame[];
  holdings: Holdings = NOTHING_HELD;
  parent: Checkpoint | undefined;
  node = 0;
  history = 0;
  mayGotoDepth = 0;
  unrollDepth = 0;
  /** Slot of the instruction being walked, and of the one walked before it. */
  insn = 0;
  previous = 0;
  /** Slot to go on with after the instruction. */
  next = 0;
  /** The path ends with the instruction. */
  ended = false;

  // ---- counters ------------------------------------------------------------------------------------------------
  processed = 0;
  jumps = 0;
  totalStates = 0;
  states = 0;
  peakStates = 0;
  /** Most states compared with at one instruction. */
  mostStates = 0;
  peakMemory = 0;
  /** How often checkpoints learned of scalars that count. */
  precisionMarks = 0;
  #ids = 0;

  constructor(
    code: Code,
    env: Environment,
    rules: Rules,
    memory: StateMemory,
    facts: Facts,
    log: WalkLog | undefined,
  ) {
    this.code = code;
    this.env = env;
    this.rules = rules;
    this.memory = memory;
    this.ops = memory.ops;
    this.facts = facts;
    this.log = log;
    this.frames = [];
    this.changingFunctions = env.changingFunctions;
    const arena = env.maps.findIndex(({ type }) => type === MAP_TYPE_ARENA);
    this.arena = arena < 0 ? undefined : arena;
  }

  /** Index of the current frame. */
  get frame(): number {
    return this.frames.length - 1;
  }

  get top(): Frame {
    return this.frames[this.frames.length - 1] as Frame;
  }

  /** Changes the current frame's plain part. */
  setTop(change: Partial<Frame>): void {
    this.frames = [...this.frames.slice(0, -1), { ...this.top, ...change }];
  }

  insnAt(slot: number): Insn {
    return this.code.insns[slot] ?? refuse(`invalid insn idx ${slot}`);
  }

  /** A register of the current frame. */
  reg(register: number): number {
    return this.memory.register(this.frames.length - 1, register);
  }

  /** A register that is read: it must hold something. */
  readable(register: number): number {
    const r = this.reg(register);
    if (this.memory.kind(r) === abi.KIND_NONE) {
      refuse(`R${register} !read_ok`, {
        hint: `give r${register} a value on every path that leads here`,
        registers: [register],
      });
    }
    return r;
  }

  newId(): number {
    this.#ids += 1;
    return this.#ids;
  }

  map(index: number): MapSpec {
    return this.env.maps[index] ?? refuse(`map index ${index} is out of range`);
  }

  /** Whether the register holds an address, which programs without CAP_PERFMON must keep to themselves. */
  isSecret(r: number): boolean {
    return !this.rules.leaks && this.memory.kind(r) !== abi.KIND_SCALAR;
  }

  setUnknown(r: number): void {
    this.ops.setUnknownScalar(r);
    if (!this.rules.capable) this.memory.setPrecise(r, true);
  }
}
