/** How the walk says no. */
export interface RefusalDetails {
  /** `unsupported`: webpf does not understand what the program does. */
  readonly verdict?: 'reject' | 'unsupported';
  /** What would make it right. */
  readonly hint?: string;
  /** Slot, where it is not the instruction being walked. */
  readonly insn?: number;
  /** Registers the complaint is about; those the instruction reads when absent. */
  readonly registers?: readonly number[];
}

/** Thrown by the steps of the walk, caught where it began. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly verdict: 'reject' | 'unsupported';
  readonly hint: string;
  readonly insn: number | undefined;
  readonly registers: readonly number[] | undefined;

  /** `reason`: in the kernel's wording where it has one. */
  constructor(reason: string, { verdict = 'reject', hint = '', insn, registers }: RefusalDetails = {}) {
    super(reason);
    this.verdict = verdict;
    this.hint = hint;
    this.insn = insn;
    this.registers = registers;
  }
}

export function refuse(reason: string, details?: RefusalDetails): never {
  throw new Refusal(reason, details);
}

export function unsupported(what: string, hint = ''): never {
  throw new Refusal(what, { verdict: 'unsupported', hint });
}
