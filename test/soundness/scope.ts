import type { ProgramType } from '../../src/frontend/program.ts';
import type { JumpOp, Operand, Size, Width } from '../../src/isa/insn.ts';
import { Emitter, type Label } from '../nodiff/emitter.ts';
import type { Random } from '../nodiff/random.ts';
import { type Held, known, NONE, type Num, type Packet, type Pointer, type Region, UNKNOWN } from './held.ts';
import { REGISTERS, SLOTS, State } from './state.ts';

export const FRAME = 10;
/** Holds the context in functions that have one. */
export const CONTEXT = 6;
export const FRAME_BYTES = 512;

export type FunctionRole = 'main' | 'static' | 'loop' | 'each';

/** A function to be generated: where it begins, and what it is given in r1 to r5. */
export interface Plan {
  readonly role: FunctionRole;
  readonly label: Label;
  readonly args: readonly Held[];
}

/** What is the same in all functions of a program. */
export interface Unit {
  readonly random: Random;
  readonly emitter: Emitter;
  readonly type: ProgramType;
  readonly plans: Plan[];
  /** Probability of a mistake wherever one can be made. */
  readonly sloppiness: number;
  /** With divisions, and operations of a register with itself: kernels differ in what they make of them. */
  readonly exotic: boolean;
  /** Which kinds of statements this program is made of, and how many of each. */
  readonly weights: ReadonlyMap<string, number>;
  nextId: number;
  /** Two-way branches so far: each doubles the paths. */
  branches: number;
  loops: number;
}

export const newUnit = (
  random: Random,
  type: ProgramType,
  weights: ReadonlyMap<string, number>,
  sloppiness: number,
): Unit => ({
  random,
  emitter: new Emitter(),
  type,
  plans: [],
  sloppiness,
  exotic: random.chance(0.3),
  weights,
  nextId: 1,
  branches: 0,
  loops: 0,
});

/** What a statement needs to know while it is being generated. */
export class Scope {
  readonly unit: Unit;
  readonly random: Random;
  readonly emit: Emitter;
  readonly plan: Plan;
  /** Position among the functions: calls go to later ones, so that none calls itself. */
  readonly level: number;
  state = State.empty();
  /** Registers and slots that statements must leave alone. */
  readonly locked = new Set<number>();
  readonly lockedSlots = new Set<number>();
  depth = 0;
  loops = 0;

  constructor(unit: Unit, plan: Plan, level: number) {
    this.unit = unit;
    this.random = unit.random;
    this.emit = unit.emitter;
    this.plan = plan;
    this.level = level;
    for (const [i, held] of plan.args.entries()) this.state.regs[i + 1] = held;
  }

  fresh = (): number => this.unit.nextId++;

  /** Whether to do something wrong here. */
  mistake(): boolean {
    return this.random.chance(this.unit.sloppiness);
  }

  /** A number that is now and then one off. */
  about(number: number): number {
    return this.mistake() ? number + this.random.pick([-8, -4, -1, 1, 1, 1, 2, 4, 8]) : number;
  }

  held(register: number): Held {
    if (register === FRAME) return this.frame(0);
    return this.state.regs[register] ?? NONE;
  }

  frame(off: number): Pointer {
    return { kind: 'ptr', to: OWN_FRAME, lo: off, hi: off, id: 0, nullable: false };
  }

  set(register: number, held: Held): void {
    this.state.regs[register] = held;
  }

  registers(accept: (held: Held) => boolean): number[] {
    return Array.from({ length: REGISTERS }, (_, n) => n).filter((n) => accept(this.held(n)));
  }

  any(accept: (held: Held) => boolean): number | undefined {
    const found = this.registers(accept);
    return found.length === 0 ? undefined : this.random.pick(found);
  }

  /** A register to write to: rather one without a pointer. */
  free(except: readonly number[] = []): number {
    const usable = this.registers(() => true).filter((n) => !this.locked.has(n) && !except.includes(n));
    const plain = usable.filter((n) => ['none', 'num'].includes(this.held(n).kind));
    if (plain.length > 0 && this.random.chance(0.9)) return this.random.pick(plain);
    return this.random.pick(usable);
  }

  /** A register of numbers, rather one that the program does not know; one is made when there is none. */
  number(except: readonly number[] = []): number {
    return this.#among(this.registers(isNum).filter((n) => !except.includes(n))) ?? this.constant(except);
  }

  /** One that may be changed, too. */
  variable(except: readonly number[] = []): number {
    const found = this.registers(isNum).filter((n) => !except.includes(n) && !this.locked.has(n));
    return this.#among(found) ?? this.constant(except);
  }

  #among(found: readonly number[]): number | undefined {
    const open = found.filter((n) => !this.state.num(n)?.constant);
    if (open.length > 0 && this.random.chance(0.9)) return this.random.pick(open);
    return found.length > 0 && this.random.chance(0.7) ? this.random.pick(found) : undefined;
  }

  /** Puts a number into a register: one that only a run knows, or one of the program's. */
  constant(except: readonly number[] = []): number {
    const register = this.free(except);
    if (this.random.chance(0.6)) {
      // The stack may be read before it is written, and nothing is known of it then.
      const slot = this.random.below(SLOTS);
      const isOpen = !this.state.slots[slot] || ['none', 'num'].includes(this.state.slots[slot].kind);
      if (isOpen) {
        this.emit.load(8, register, FRAME, -8 * (slot + 1));
        this.set(register, UNKNOWN);
        return register;
      }
    }
    const imm = this.random.imm();
    this.emit.mov(register, { imm });
    this.set(register, known(imm));
    return register;
  }

  size(): Size {
    return this.random.pick([1, 2, 4, 8] as const);
  }

  width(): Width {
    return this.random.pick([32, 64] as const);
  }

  operand(): Operand {
    return this.random.chance(0.4) ? { src: this.number() } : { imm: this.random.imm() };
  }

  jump(op: JumpOp, width: Width, dst: number, operand: Operand, to: Label): void {
    this.emit.to({ kind: 'jump', op, width, dst, off: 0, ...operand }, to);
  }

  /** r0 to r5 after a call. */
  called(result: Held): void {
    for (let n = 1; n <= 5; n++) this.set(n, NONE);
    this.set(0, result);
  }

  /** Before a call, keeps some of what r0 to r5 hold in r7 to r9. */
  save(): void {
    for (const n of [0, 1, 2, 3, 4, 5]) {
      const held = this.held(n);
      if (held.kind === 'none' || !this.random.chance(0.5)) continue;
      const room = [7, 8, 9].filter(
        (r) => !this.locked.has(r) && ['none', 'num'].includes(this.held(r).kind),
      );
      const to = room[0];
      if (to === undefined) return;
      this.emit.mov(to, { src: n });
      this.set(to, held);
    }
  }

  /** Ends the function here. */
  leave(): void {
    this.emit.mov(0, { imm: this.plan.role === 'main' ? this.random.below(3) : this.random.below(2) });
    this.emit.emit({ kind: 'exit' });
    this.state.dead = true;
  }

  get mayLeave(): boolean {
    return this.state.owed.length === 0 || this.mistake();
  }
}

export const OWN_FRAME: Region = { name: 'frame', size: FRAME_BYTES, writable: true, map: -1 };

export const isNum = (held: Held): held is Num => held.kind === 'num';
export const isPacket = (held: Held): held is Packet => held.kind === 'pkt';
export const isPointer = (held: Held): held is Pointer => held.kind === 'ptr';
export const isUsable = (held: Held): held is Pointer => isPointer(held) && !held.nullable;

/** Emits a piece of program; false when it is not possible here. */
export type Statement = (scope: Scope) => boolean;
