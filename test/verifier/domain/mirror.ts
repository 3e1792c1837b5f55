import type { Insn, JumpInsn, LoadInsn } from '../../../src/isa/insn.ts';
import { slotsOf } from '../../../src/isa/insn.ts';
import { ALU_NUMBER, type Domain, ENDIAN_NUMBER, JUMP_NUMBER } from '../../../src/verifier/domain.ts';
import { formatScalar } from '../../../src/verifier/scalar.ts';
import { REGISTERS } from './generate.ts';
import { type LogState, parseScalar } from './log.ts';

// Follows a generated program with the domain and holds each state against the kernel's.

export interface Comparison {
  /** Registers compared. */
  readonly states: number;
  /** Those of which ours is tighter. */
  readonly tighter: number;
  /** Where the kernel knows more, or something else: instruction, our state, the kernel's. */
  readonly worse: readonly string[];
}

/** Where a jump may go. */
interface Ways {
  readonly taken: boolean;
  readonly through: boolean;
}
const THROUGH: Ways = { taken: false, through: true };

const COUNT = 11;

export class Mirror {
  readonly #domain: Domain;
  readonly #kernel: number;
  /** The stack's only slot. */
  readonly #stored: number;
  #states = 0;
  #tighter = 0;
  readonly #worse: string[] = [];

  constructor(domain: Domain) {
    this.#domain = domain;
    this.#kernel = domain.at(2 * COUNT);
    this.#stored = domain.at(2 * COUNT + 1);
  }

  #at(register: number): number {
    return this.#domain.at(register);
  }

  /** The registers in the branch taken. */
  #branch(register: number): number {
    return this.#domain.at(COUNT + register);
  }

  #check(insn: Insn, slot: number, state: LogState, at: (register: number) => number): void {
    const { ops } = this.#domain;
    for (const [register, text] of state.registers) {
      this.#domain.write(this.#kernel, parseScalar(text));
      this.#states++;
      if (ops.equal(this.#kernel, at(register)) !== 0) continue;
      if (ops.within(this.#kernel, at(register)) !== 0) this.#tighter++;
      else this.#worse.push(this.#problem(insn, slot, register, text, at(register)));
    }
  }

  #problem(insn: Insn, slot: number, register: number, text: string, address: number): string {
    const ours = formatScalar(this.#domain.read(address));
    return `${slot}: ${JSON.stringify(insn)}\n  r${register} ours   ${ours}\n     kernel ${text}`;
  }

  /** Narrows the registers by the jump, on either way. */
  #jump(insn: JumpInsn): Ways {
    const { ops } = this.#domain;
    for (const register of REGISTERS) ops.copy(this.#branch(register), this.#at(register));
    const refine = (taken: number, at: (register: number) => number): boolean =>
      (insn.src === undefined
        ? ops.refineImm(JUMP_NUMBER[insn.op], insn.width, taken, at(insn.dst), insn.imm)
        : ops.refine(JUMP_NUMBER[insn.op], insn.width, taken, at(insn.dst), at(insn.src))) !== 0;
    const taken = refine(1, (register) => this.#branch(register));
    return { taken, through: refine(0, (register) => this.#at(register)) };
  }

  #load(insn: LoadInsn): void {
    const { ops } = this.#domain;
    ops.copy(this.#at(insn.dst), this.#stored);
    if (insn.signed) ops.signExtend(this.#at(insn.dst), insn.size);
    else ops.zeroExtend(this.#at(insn.dst), insn.size);
  }

  #apply(insn: Insn): void {
    const { ops } = this.#domain;
    if (insn.kind === 'call') ops.setUnknown(this.#at(0));
    if (insn.kind === 'neg') ops.neg(insn.width, this.#at(insn.dst));
    if (insn.kind === 'endian') ops.endian(ENDIAN_NUMBER[insn.op], insn.bits, this.#at(insn.dst));
    if (insn.kind === 'lddw') {
      ops.setConst(this.#at(insn.dst), (BigInt(insn.hi) << 32n) | BigInt.asUintN(32, BigInt(insn.lo)));
    }
    if (insn.kind === 'store' && insn.src !== undefined) ops.copy(this.#stored, this.#at(insn.src));
    if (insn.kind === 'load') this.#load(insn);
    if (insn.kind !== 'alu') return;
    const op = ALU_NUMBER[insn.op];
    if (insn.src === undefined) ops.aluImm(op, insn.width, this.#at(insn.dst), insn.imm);
    else ops.alu(op, insn.width, this.#at(insn.dst), this.#at(insn.src));
  }

  /** What the kernel knows of a jump's direction, the domain must know too. */
  #checkWays(insn: JumpInsn, slot: number, ways: Ways, kernel: Ways): void {
    if (ways.taken && !kernel.taken) this.#worse.push(`${slot}: ${JSON.stringify(insn)}\n  is never taken`);
    if (ways.through && !kernel.through)
      this.#worse.push(`${slot}: ${JSON.stringify(insn)}\n  is always taken`);
  }

  /** Follows the line until the kernel, or the domain, sees that a jump leaves it. */
  follow(insns: readonly Insn[], log: readonly LogState[]): Comparison {
    const after = new Map(log.filter(({ target }) => target === undefined).map((s) => [s.slot, s]));
    const branches = new Map(log.filter(({ target }) => target !== undefined).map((s) => [s.slot, s]));
    let slot = 0;
    for (const insn of insns) {
      const next = slot + slotsOf(insn);
      const branch = branches.get(slot);
      // The kernel walks on with -1 and with 0 apart where such a number meets `and` or `or`
      // (maybe_fork_scalars).
      if (insn.kind === 'exit' || (insn.kind !== 'jump' && branch !== undefined)) break;
      const ways = insn.kind === 'jump' ? this.#jump(insn) : THROUGH;
      if (insn.kind !== 'jump') this.#apply(insn);
      else
        this.#checkWays(insn, slot, ways, {
          taken: branch !== undefined || !after.has(next),
          through: after.has(next),
        });
      if (ways.taken && branch !== undefined) {
        this.#check(insn, slot, branch, (register) => this.#branch(register));
      }
      const state = after.get(slot);
      if (!ways.through || !after.has(next)) break;
      if (state !== undefined) this.#check(insn, slot, state, (register) => this.#at(register));
      slot = next;
    }
    return { states: this.#states, tighter: this.#tighter, worse: this.#worse };
  }
}
