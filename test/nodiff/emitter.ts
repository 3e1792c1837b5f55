import type {
  AluOp,
  CallInsn,
  Insn,
  JaInsn,
  JumpInsn,
  LddwInsn,
  MayGotoInsn,
  Operand,
  Size,
  Width,
} from '../../src/isa/insn.ts';
import type { Item } from './listing.ts';

/** A place in the program, known once it is placed. */
export interface Label {
  at: number | undefined;
}

type Targeted = JaInsn | JumpInsn | MayGotoInsn | CallInsn | LddwInsn;

/** Collects instructions; targets are labels. */
export class Emitter {
  readonly #items: { insn: Insn; label: Label | undefined }[] = [];

  label(): Label {
    return { at: undefined };
  }

  place(label: Label): void {
    label.at = this.#items.length;
  }

  emit(insn: Insn): void {
    this.#items.push({ insn, label: undefined });
  }

  /** An instruction whose offset is that of `label`. */
  to(insn: Targeted, label: Label): void {
    this.#items.push({ insn, label });
  }

  /** Whether an instruction emitted so far aims at the label. */
  uses(label: Label): boolean {
    return this.#items.some((item) => item.label === label);
  }

  items(): Item[] {
    return this.#items.map(({ insn, label }) => ({ insn, target: label?.at }));
  }

  // The few instructions that every statement needs.

  mov(dst: number, operand: Operand): void {
    this.alu('mov', 64, dst, operand);
  }

  alu(op: AluOp, width: Width, dst: number, operand: Operand): void {
    this.emit({ kind: 'alu', op, width, dst, ...operand });
  }

  load(size: Size, dst: number, src: number, off: number): void {
    this.emit({ kind: 'load', size, signed: false, dst, src, off });
  }

  store(size: Size, dst: number, off: number, operand: Operand): void {
    this.emit({ kind: 'store', size, dst, off, ...operand });
  }

  helper(id: number): void {
    this.emit({ kind: 'call', target: 'helper', imm: id, off: 0 });
  }

  /** lddw of a map (5) or of its value's address (6). */
  map(dst: number, pseudo: 5 | 6, index: number, offset = 0): void {
    this.emit({ kind: 'lddw', dst, pseudo, lo: index, hi: offset });
  }

  function(dst: number, label: Label): void {
    this.to({ kind: 'lddw', dst, pseudo: 4, lo: 0, hi: 0 }, label);
  }
}
