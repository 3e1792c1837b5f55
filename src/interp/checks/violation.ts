import { WebpfError } from '../../errors.ts';
import { sourceAt } from '../../frontend/lines.ts';
import type { StepProgram } from '../stepper.ts';

/** Which fact of the proof does not hold. */
export type FactName =
  | 'dead'
  | 'taken'
  | 'kind'
  | 'scalar'
  | 'memory'
  | 'safe'
  | 'mapCall'
  | 'escaping'
  | 'depth'
  | 'stackOffset'
  | 'contextSize';

export interface Violated {
  readonly fact: FactName;
  /** What was found, and what the proof says instead. */
  readonly reason: string;
  readonly value: bigint;
}

/** A fact of the proof that a run disproves: the verifier is wrong, or an engine is. */
export class FactViolation extends WebpfError {
  readonly fact: FactName;
  /** The register's value, the address, or the slot that the run goes to. */
  readonly value: bigint;

  constructor(program: Pick<StepProgram, 'name' | 'lines'>, slot: number, violated: Violated) {
    const { fact, reason, value } = violated;
    const message = `${program.name}: the fact "${fact}" of instruction ${slot} does not hold: ${reason}`;
    const source = sourceAt(program.lines, slot);
    super('trap', message, { stage: 'interp', insn: slot, source, subject: program.name });
    this.fact = fact;
    this.value = value;
  }
}

/** Thrown by single checks, which do not know the program. */
export class Disproof extends Error {
  readonly violated: Violated;

  constructor(fact: FactName, reason: string, value: bigint) {
    super(reason);
    this.violated = { fact, reason, value };
  }
}

export const hex = (x: bigint | number): string => `0x${x.toString(16)}`;
