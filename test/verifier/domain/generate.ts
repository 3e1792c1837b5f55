import type { AluOp, Insn, JumpOp, Width } from '../../../src/isa/insn.ts';
import { Random } from '../../nodiff/random.ts';
import { ALU_OPS, JUMP_OPS } from './reference.ts';

// Random programs of scalars that the kernel's verifier walks in a straight line: what it knows of r6 to r8
// after each instruction is what the domain is held against. Conditional jumps leave the line for an exit
// of their own, where the kernel's log has the state of the other branch.

export const REGISTERS = [6, 7, 8] as const;
const STEPS = 14;

const PRANDOM: Insn = { kind: 'call', target: 'helper', imm: 7, off: 0 };
const EXIT: Insn = { kind: 'exit' };
const mov = (dst: number, operand: { src: number } | { imm: number }): Insn => ({
  kind: 'alu',
  op: 'mov',
  width: 64,
  dst,
  ...operand,
});

const SHIFTS: readonly AluOp[] = ['lsh', 'rsh', 'arsh'];
const isMove = (op: AluOp): boolean => op.startsWith('mov');

/** Jumps are steps with `off` 0 until their exits have a place. */
type Step = Insn;

class Generator {
  readonly #random: Random;
  /**
   * Linked registers (moves of one to another) share what comparisons say; the domain alone does not know
   * of links.
   */
  readonly #moves: boolean;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#moves = seed % 4 === 0;
  }

  #register(): number {
    return this.#random.pick(REGISTERS);
  }

  #width(): Width {
    return this.#random.chance(0.5) ? 32 : 64;
  }

  #immediate(op: AluOp, width: Width): number {
    if (SHIFTS.includes(op)) return this.#random.below(width);
    const imm = this.#random.imm();
    return imm === 0 && (op.endsWith('div') || op.endsWith('mod')) ? 3 : imm;
  }

  /** An unknown number, or any constant. */
  fresh(dst: number): Step[] {
    const random = this.#random;
    if (random.chance(0.7)) return [PRANDOM, mov(dst, { src: 0 })];
    return [{ kind: 'lddw', dst, pseudo: 0, lo: random.imm(), hi: random.imm() }];
  }

  alu(dst: number): Step {
    const random = this.#random;
    const op = random.pick(this.#moves ? ALU_OPS : ALU_OPS.filter((name) => !isMove(name)));
    const width = op === 'movsx32' ? 64 : this.#width();
    const base = { kind: 'alu', op, width, dst } as const;
    if (isMove(op) || random.chance(0.5)) return { ...base, src: this.#register() };
    return { ...base, imm: this.#immediate(op, width) };
  }

  jump(dst: number): Step {
    const random = this.#random;
    const op: JumpOp = random.pick(JUMP_OPS);
    const base = { kind: 'jump', op, width: this.#width(), dst, off: 0 } as const;
    return random.chance(0.3) ? { ...base, src: this.#register() } : { ...base, imm: random.imm() };
  }

  /** What narrows a scalar to something worth computing with. */
  shape(dst: number): Step {
    const random = this.#random;
    const op = random.pick<AluOp>(['and', 'and', 'or', 'rsh', 'arsh', 'lsh', 'add']);
    const width = this.#width();
    if (!this.#moves && random.chance(0.5)) return this.jump(dst);
    return { kind: 'alu', op, width, dst, imm: this.#immediate(op, width) };
  }

  /** Part of a scalar, through the stack: it stays known there. */
  part(dst: number): Step[] {
    const random = this.#random;
    const size = random.pick([1, 2, 4] as const);
    return [
      { kind: 'store', size: 8, dst: 10, off: -8, src: this.#register() },
      { kind: 'load', size, signed: random.chance(0.5), dst, src: 10, off: -8 },
    ];
  }

  step(): Step[] {
    const random = this.#random;
    const dst = this.#register();
    const kind = random.below(12);
    if (kind === 0) return [...this.fresh(dst), this.shape(dst), this.shape(dst)];
    if (kind === 1) return [{ kind: 'neg', width: this.#width(), dst }];
    if (kind === 2) {
      return [
        { kind: 'endian', op: random.pick(['le', 'be', 'bswap']), bits: random.pick([16, 32, 64]), dst },
      ];
    }
    if (kind === 3 && this.#moves) return this.part(dst);
    return kind < 6 ? [this.shape(dst)] : [this.alu(dst)];
  }
}

/** Gives every jump an exit of its own. */
function withExits(steps: readonly Step[]): Insn[] {
  const slots = steps.map((insn) => (insn.kind === 'lddw' ? 2 : 1));
  const length = slots.reduce<number>((sum, count) => sum + count, 0);
  let slot = 0;
  let exit = length + 2;
  const line = steps.map((insn, index): Insn => {
    slot += slots[index] ?? 1;
    if (insn.kind !== 'jump') return insn;
    exit += 2;
    return { ...insn, off: exit - 2 - slot };
  });
  const ends = Array.from({ length: (exit - length) / 2 }, () => [mov(0, { imm: 0 }), EXIT]);
  return [...line, ...ends.flat()];
}

export function generateScalars(seed: number): Insn[] {
  const generator = new Generator(seed);
  const fresh = REGISTERS.flatMap((dst) => generator.fresh(dst));
  const shaped = [...REGISTERS, ...REGISTERS].map((dst) => generator.shape(dst));
  const steps = Array.from({ length: STEPS }, () => generator.step());
  return withExits([...fresh, ...shaped, ...steps.flat()]);
}
