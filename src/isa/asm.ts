/** The assembler: text in the C-like dialect and in the conformance suite's, to bytes. */
import { type SourceLine, WebpfError } from '../errors.ts';
import { isClike, parseClike } from './asm/clike.ts';
import { Cursor } from './asm/cursor.ts';
import type { Draft } from './asm/draft.ts';
import { badAssembly } from './asm/lexer.ts';
import type { Names } from './asm/names.ts';
import { parseSuite } from './asm/suite.ts';
import { MAX_SLOTS } from './decode.ts';
import { encode } from './encode.ts';
import { type Insn, slotsOf } from './insn.ts';

export interface AssembleOptions {
  /** `c`: r0 += 1; `suite`: add %r0, 1. Both are read, line by line, when it is not given. */
  readonly dialect?: 'c' | 'suite' | undefined;
  /** Name of the text, for messages and line information. */
  readonly name?: string | undefined;
  /** Names that `map[name]` may use, in the order of the program's maps. */
  readonly maps?: readonly string[] | undefined;
  /** Kernel functions that have their index already; `call kfunc name` gives further names the next ones. */
  readonly kfuncs?: readonly string[] | undefined;
}

/** Source line of an instruction. */
export interface AssembledLine extends SourceLine {
  /** Slot. */
  readonly insn: number;
}

export interface Assembled {
  readonly code: Uint8Array;
  readonly insns: readonly Insn[];
  /** One for each instruction, in slot order. */
  readonly lines: readonly AssembledLine[];
  /** Slot by label. */
  readonly labels: ReadonlyMap<string, number>;
  /** Kernel functions called by name, in order of first use: the imm of their calls is the index. */
  readonly kfuncs: readonly string[];
}

interface Placed {
  readonly draft: Draft;
  readonly line: AssembledLine;
}

interface State {
  readonly options: AssembleOptions;
  readonly names: Names;
  readonly placed: Placed[];
  readonly labels: Map<string, number>;
  slot: number;
  /** Slot of the first exit instruction. */
  firstExit: number | undefined;
}

/** Takes the labels at the beginning of a line. */
const takeLabels = (cursor: Cursor, state: State): void => {
  while (cursor.peek().kind === 'word' && cursor.sees(cursor.peek().text, ':')) {
    const token = cursor.next();
    if (state.labels.has(token.text)) cursor.fail('expected each label once', token);
    state.labels.set(token.text, state.slot);
    cursor.next();
  }
};

const parseInsn = (cursor: Cursor, { options, names }: State): Draft => {
  const clike = options.dialect === undefined ? isClike(cursor) : options.dialect === 'c';
  const draft = clike ? parseClike(cursor, names) : parseSuite(cursor, names);
  cursor.end();
  return draft;
};

const parseLine = (source: SourceLine, state: State): void => {
  const cursor = new Cursor(source);
  takeLabels(cursor, state);
  if (cursor.peek().kind === 'end') return;
  const line = { ...cursor.here(), insn: state.slot };
  const draft = parseInsn(cursor, state);
  state.placed.push({ draft, line });
  if (draft.insn.kind === 'exit') state.firstExit ??= state.slot;
  state.slot += slotsOf(draft.insn);
  if (state.slot > MAX_SLOTS) badAssembly(`the program has more than ${MAX_SLOTS} slots`, line);
};

const resolve = ({ draft: { insn, open }, line }: Placed, { labels, firstExit }: State): Insn => {
  if (open === undefined) return insn;
  // Without a label of that name `exit` is the first exit instruction, as in the suite.
  const slot = labels.get(open.label) ?? (open.label === 'exit' ? firstExit : undefined);
  if (slot === undefined) return badAssembly(`there is no label "${open.label}"`, line);
  const distance = slot - (line.insn + 1);
  if (open.bits === 16 && (distance < -0x8000 || distance > 0x7fff)) {
    return badAssembly(
      `label "${open.label}" is ${distance} slots away: this jump reaches 32767, gotol any`,
      line,
    );
  }
  return { ...insn, [open.property]: distance };
};

/**
 * Assembles text.
 *
 * One instruction a line; `label:` alone or before one; comments after `;`, `#` or `//`. Jumps and calls take labels
 * or distances in slots from the next one. Everything that `disassemble` prints is read back to the same bytes.
 *
 * @throws WebpfError 'bad-assembly' with file, line and column, and what was expected there
 */
export function assemble(text: string, options: AssembleOptions = {}): Assembled {
  const file = options.name ?? '<assembly>';
  const state: State = {
    options,
    names: { maps: options.maps ?? [], kfuncs: [...(options.kfuncs ?? [])] },
    placed: [],
    labels: new Map(),
    slot: 0,
    firstExit: undefined,
  };
  text.split(/\r\n|\n|\r/).forEach((line, index) => {
    parseLine({ file, line: index + 1, column: 1, text: line }, state);
  });
  if (state.placed.length === 0) {
    throw new WebpfError('bad-assembly', `${file}: there is no instruction in the text`, {
      stage: 'isa',
      subject: file,
    });
  }
  const insns = state.placed.map((placed) => resolve(placed, state));
  const lines = state.placed.map(({ line }) => line);
  return { code: encode(insns), insns, lines, labels: state.labels, kfuncs: state.names.kfuncs };
}
