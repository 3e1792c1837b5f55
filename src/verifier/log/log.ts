/** The walk as the kernel's log tells it (BPF_LOG_LEVEL1 and 2). */
import * as abi from '../../abi/state.ts';
import { sourceAt } from '../../frontend/lines.ts';
import { disassembleLines } from '../../isa/disasm.ts';
import { effectOf } from '../static/registers.ts';
import type { Walk, WalkLog } from '../walk/walk.ts';
import { registerText } from './registers.ts';
import { slotText } from './slots.ts';

/** Lines kept at most: a longer walk's log is cut, as the kernel's is by its buffer. */
const MAX_LINES = 2_000_000;
/** Where the state begins in a line, behind the instruction. */
const STATE_COLUMN = 40;

export class KernelLog implements WalkLog {
  readonly lines: string[] = [];
  readonly #level: 1 | 2;
  #texts: readonly string[] | undefined;
  /** The source line printed last. */
  #line: string | undefined;
  #before: Snapshot = new Map();
  #pending = '';
  /** The path has just been taken up. */
  #isRestored = false;

  constructor(level: 1 | 2) {
    this.#level = level;
  }

  line(text: string): void {
    this.#flush();
    for (const line of text.split('\n')) this.#push(line);
  }

  begin(walk: Walk): void {
    walk.code.subprograms.forEach(({ start }, index) => {
      this.#push(`func#${index} @${start}`);
    });
  }

  /** What the kernel ends its log with. */
  end({ processed, rules, totalStates, peakStates, mostStates }: Walk): void {
    const states = `max_states_per_insn ${mostStates} total_states ${totalStates} peak_states ${peakStates}`;
    this.#push(`processed ${processed} insns (limit ${rules.maxInsns}) ${states} mark_read 0`);
  }

  from(walk: Walk): void {
    const state = [...snapshot(walk)].map(([name, text]) => `${name}=${text}`).join(' ');
    this.#isRestored = walk.previous >= 0;
    if (this.#isRestored) this.line(`\nfrom ${walk.previous} to ${walk.insn}: ${frameText(walk)}${state}`);
    this.line(`${walk.insn}: ${frameText(walk)}${state}`.trimEnd());
    this.#line = undefined;
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
    const head = this.#pending;
    this.#pending = '';
    const state = this.#level < 2 || walk.ended ? '' : this.#changes(walk);
    if (head === '') {
      // Something was told in between: the state follows on a line of its own.
      if (state !== '') this.#push(`${walk.next}: ${state}`);
    } else this.#push(state === '' ? head : `${head.padEnd(STATE_COLUMN - 2)}; ${state}`);
  }

  /** The registers that the instruction read or wrote, and all else that is not as it was before. */
  #changes(walk: Walk): string {
    const insn = walk.code.insns[walk.insn];
    const effect = insn === undefined ? { reads: 0, writes: 0 } : effectOf(insn, walk.code.countArguments);
    const touched = effect.reads | effect.writes;
    const texts: string[] = [];
    for (const [name, text] of snapshot(walk)) {
      const isTouched = name.startsWith('R') && ((touched >> Number(name.slice(1))) & 1) !== 0;
      if (isTouched || this.#before.get(name) !== text) texts.push(`${name}=${text}`);
    }
    return texts.length === 0 ? '' : frameText(walk) + texts.join(' ');
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

/** What holds something in the current frame, by the name the log has for it. */
type Snapshot = ReadonlyMap<string, string>;

function snapshot(walk: Walk): Snapshot {
  const frame = walk.frame;
  const texts = new Map<string, string>();
  if (frame < 0) return texts;
  for (let register = 0; register < 11; register++) {
    const r = walk.memory.register(frame, register);
    if (walk.memory.kind(r) !== abi.KIND_NONE) texts.set(`R${register}`, registerText(walk, frame, r));
  }
  for (let slot = 0; slot < walk.memory.slotCount(frame); slot++) {
    const text = slotText(walk, frame, slot);
    if (text !== '') texts.set(`fp-${(slot + 1) * 8}`, text);
  }
  const { references } = walk.holdings;
  if (references.length > 0) texts.set('refs', references.map(({ id }) => id).join(','));
  return texts;
}

const frameText = (walk: Walk): string => (walk.frame > 0 ? `frame${walk.frame}: ` : '');
