/** What explainers look at: the walk where it was given up, and the program's source. */
import type { SourceLine } from '../../errors.ts';
import { sourceAt } from '../../frontend/lines.ts';
import type { MapSpec, Program } from '../../frontend/program.ts';
import type { Insn } from '../../isa/insn.ts';
import type { Refusal } from '../walk/refusal.ts';
import type { Walk } from '../walk/walk.ts';
import { type Origin, Tracer } from './origin.ts';
import { baseName, expressionIn } from './source.ts';

export interface Diagnosis {
  readonly summary: string;
  /** In place of the refusal's own. */
  readonly hint?: string | undefined;
}

/** Says what is wrong where the reason matches; undefined when it has nothing to say after all. */
export type Explainer = (scene: Scene, match: RegExpExecArray) => Diagnosis | undefined;

/** Explainers by the kernel's wording; the first that has something to say is heard. */
export type Explainers = readonly (readonly [RegExp, Explainer])[];

/** Where things are, for summaries: `filter.bpf.c:23`, or `insn 5`. */
export class Places {
  readonly program: Program;
  readonly slot: number;

  constructor(program: Program, slot: number) {
    this.program = program;
    this.slot = slot;
  }

  source(slot = this.slot): SourceLine | undefined {
    if (slot < 0) return undefined;
    const source = sourceAt(this.program.lines, slot);
    return source === undefined || source.line === 0 ? undefined : source;
  }

  /** The subject of the sentence. */
  get where(): string {
    const source = this.source();
    return source === undefined ? `insn ${this.slot}` : `${baseName(source.file)}:${source.line}`;
  }

  /** `(line 31)` behind what is named; '' where that is the sentence's own line. */
  beside(slot: number): string {
    const at = this.at(slot);
    return at === this.at(this.slot) ? '' : ` (${at})`;
  }

  /** Another place in the same sentence: `line 31`, `other.h:12`, `insn 7`. */
  at(slot: number): string {
    const source = this.source(slot);
    if (source === undefined) return `insn ${slot}`;
    const isSame = source.file === this.source()?.file;
    return isSame ? `line ${source.line}` : `${baseName(source.file)}:${source.line}`;
  }
}

export class Scene extends Places {
  readonly walk: Walk;
  readonly refusal: Refusal;
  readonly reason: string;
  readonly tracer: Tracer;

  constructor(walk: Walk, refusal: Refusal) {
    super(walk.code.program, refusal.insn ?? walk.insn);
    this.walk = walk;
    this.refusal = refusal;
    this.reason = refusal.message;
    this.tracer = new Tracer(walk);
  }

  get insn(): Insn | undefined {
    return this.walk.code.insns[this.slot];
  }

  /** The memory that the source line speaks of, where it is only one. */
  get expression(): string | undefined {
    return expressionIn(this.source());
  }

  origin(register: number): Origin {
    return this.tracer.register(register);
  }

  map(index: number): MapSpec | undefined {
    return this.walk.env.maps[index];
  }

  /** Address of a register of the current frame; undefined where there is none. */
  register(register: number): number | undefined {
    return this.walk.frames.length === 0 ? undefined : this.walk.reg(register);
  }

  /** The program's type, with the attach type where that is told apart. */
  get kind(): string {
    const { type, attachType } = this.walk.env;
    return attachType && attachType !== type ? `${type} (${attachType})` : type;
  }

  /** Name of the function whose instructions are walked. */
  get functionName(): string {
    return this.walk.code.subprograms[this.walk.code.owner[this.slot] ?? 0]?.name ?? '';
  }
}
