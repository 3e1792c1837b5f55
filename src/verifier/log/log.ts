/** The walk as the kernel's log tells it (BPF_LOG_LEVEL1 and 2). */
import * as abi from '../../abi/state.ts';
import { sourceAt } from '../../frontend/lines.ts';
import { disassembleLines } from '../../isa/disasm.ts';
import type { Walk, WalkLog } from '../walk/walk.ts';
import { registerText } from './registers.ts';
import { slotText } from './slots.ts';

/** Lines kept at most: a longer walk's log is cut, as the kernel's is by its buffer. */
const MAX_LINES = 2_000_000;

export class KernelLog implements WalkLog {
  readonly lines: string[] = [];
  readonly #level: 1 | 2;
  #texts: readonly string[] | undefined;
  #line: string | undefined;
  #before: readonly string[] = [];
  #pending = '';
  /** The path has just been taken up. */
  #isRestored = false;

  constructor(level: 1 | 2) {
    this.#level = level;
  }

  line(text: string): void {
    this.#flush();
    if (this.lines.length < MAX_LINES) this.lines.push(...text.split('\n'));
  }

  from(walk: Walk): void {
    const state = stateText(walk, walk.frame);
    const head = walk.previous < 0 ? `${walk.insn}:` : `from ${walk.previous} to ${walk.insn}:`;
    this.line(`${head} ${state}`.trimEnd());
    this.#line = undefined;
    this.#isRestored = walk.previous >= 0;
  }

  safe(walk: Walk): void {
    if (this.#level < 2) return;
    this.line(this.#isRestored ? `from ${walk.previous} to ${walk.insn}: safe` : `${walk.insn}: safe`);
  }

  insn(walk: Walk): void {
    this.#isRestored = false;
    this.#source(walk);
    this.#pending = `${walk.insn}: ${this.#text(walk)}`;
    this.#before = snapshot(walk);
  }

  done(walk: Walk): void {
    if (this.#pending === '') {
      this.#after(walk);
      return;
    }
    const head = this.#pending;
    this.#pending = '';
    if (this.#level < 2) {
      this.#push(head);
      return;
    }
    const changed = snapshot(walk).filter((text) => !this.#before.includes(text));
    this.#push(changed.length === 0 ? head : `${head.padEnd(40)} ; ${changed.join(' ')}`);
  }

  /** Where something was told in between, the state follows on a line of its own. */
  #after(walk: Walk): void {
    if (this.#level < 2 || walk.ended) return;
    const changed = snapshot(walk).filter((text) => !this.#before.includes(text));
    if (changed.length > 0) this.#push(`${walk.next}: ${changed.join(' ')}`);
  }

  #push(text: string): void {
    if (this.lines.length < MAX_LINES) this.lines.push(text);
  }

  /** An instruction that did not end well is printed without what it did. */
  #flush(): void {
    if (this.#pending !== '') this.#push(this.#pending);
    this.#pending = '';
  }

  #source(walk: Walk): void {
    const source = sourceAt(walk.code.program.lines, walk.insn);
    if (source === undefined || source.text === '') return;
    const text = `; ${source.text} @ ${source.file.replace(/^.*\//, '')}:${source.line}`;
    if (text !== this.#line) this.#push(text);
    this.#line = text;
  }

  #text(walk: Walk): string {
    this.#texts ??= textsOf(walk);
    return this.#texts[walk.insn] ?? '';
  }
}

/** Each slot's instruction as the kernel prints it: `(b7) r0 = 0`. */
function textsOf(walk: Walk): string[] {
  const { program } = walk.code;
  const texts: string[] = [];
  for (const { insn, text } of disassembleLines(program.code, { kfuncs: program.kfuncs })) texts[insn] = text;
  return texts;
}

/** Every register and slot of the current frame that holds something, as text. */
function snapshot(walk: Walk): string[] {
  const frame = walk.frame;
  if (frame < 0) return [];
  const texts: string[] = [];
  for (let register = 0; register < 11; register++) {
    const r = walk.memory.register(frame, register);
    if (walk.memory.kind(r) !== abi.KIND_NONE) texts.push(`R${register}=${registerText(walk, frame, r)}`);
  }
  for (let slot = 0; slot < walk.memory.slotCount(frame); slot++) {
    const text = slotText(walk, frame, slot);
    if (text !== '') texts.push(text);
  }
  const { references } = walk.holdings;
  if (references.length > 0) texts.push(`refs=${references.map(({ id }) => id).join(',')}`);
  return texts;
}

function stateText(walk: Walk, frame: number): string {
  const prefix = frame > 0 ? `frame${frame}: ` : '';
  return prefix + snapshot(walk).join(' ');
}
