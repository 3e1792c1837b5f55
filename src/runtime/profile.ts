import { sourceAt } from '../frontend/lines.ts';
import type { Program } from '../frontend/program.ts';
import { COUNTER_SIZE, type Stretch, stretchesOf } from '../jit/counters.ts';
import type { Structure } from '../verifier/structure.ts';
import type { LinearMemory } from './memory.ts';

/** How often an instruction was executed. */
export interface ProfileEntry {
  readonly program: string;
  readonly function: string;
  /** Slot. */
  readonly insn: number;
  /** Source line, where the object has it. */
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly count: number;
}

interface Subject {
  readonly program: Program;
  readonly structure: Structure;
}

/** The counters of a translated program. */
export class Profile {
  /** Address of the counters. */
  readonly counters: number;
  readonly #memory: LinearMemory;
  readonly #subject: Subject;
  readonly #stretches: readonly Stretch[];
  /** By slot: how often its stretch was counted, but ended by a trap before it. */
  readonly #missed: Float64Array;

  constructor(memory: LinearMemory, subject: Subject) {
    const slots = subject.structure.decoded.insns.length;
    this.#memory = memory;
    this.#subject = subject;
    this.#stretches = stretchesOf(subject.structure);
    this.#missed = new Float64Array(slots);
    this.counters = memory.alloc(slots * COUNTER_SIZE);
  }

  /** A trap has ended the program at this slot: what follows it in its stretch was not executed. */
  stoppedAt(slot: number): void {
    const end = this.#stretches.findLast(({ start }) => start <= slot)?.end ?? 0;
    for (let missed = slot + 1; missed < end; missed++)
      this.#missed[missed] = (this.#missed[missed] ?? 0) + 1;
  }

  /** An entry for each instruction, in order. */
  entries(): ProfileEntry[] {
    const { insns } = this.#subject.structure.decoded;
    return this.#stretches.flatMap(({ start, end }) => {
      const count = Number(this.#memory.u64(this.counters + start * COUNTER_SIZE));
      const slots = Array.from({ length: end - start }, (_, i) => start + i);
      return slots.filter((slot) => insns[slot] !== undefined).map((slot) => this.#entry(slot, count));
    });
  }

  #entry(insn: number, count: number): ProfileEntry {
    const { program, structure } = this.#subject;
    const source = sourceAt(program.lines, insn);
    return {
      program: program.name,
      function: structure.subprograms.findLast(({ start }) => start <= insn)?.name ?? program.name,
      insn,
      file: source?.file,
      line: source?.line,
      count: count - (this.#missed[insn] ?? 0),
    };
  }
}
