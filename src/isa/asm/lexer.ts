/** Splits a line of assembly text into tokens. */
import { type SourceLine, WebpfError } from '../../errors.ts';

export interface Token {
  readonly kind: 'word' | 'number' | 'sign' | 'opcode' | 'end';
  /** As written; of an opcode, its two hexadecimal digits. */
  readonly text: string;
  /** 1-based. */
  readonly column: number;
}

/** Longest first; the signed operators begin with a letter and so go before words. */
const SIGN = /s(?:>>=|>=|<=|>|<|\/=|%=)|<<=|>>=|[-+*/%|&^<>=!]=|[-+*/%|&^<>=!()[\],:#~]/y;
/** `kernel-function` is how the kernel prints a kfunc without a name. */
const WORD = /%?(?:kernel-function|[A-Za-z_.$][\w.$]*)/y;
const NUMBER = /(?:0[xX][\da-fA-F]+|\d+)(?![\w.$])/y;
/** `(b7)`, as the kernel prints before each instruction. */
const OPCODE = /^\s*\(([\da-f]{2})\)(?=\s)/;
/** A # right after a word belongs to it (call bpf_redirect#23); elsewhere it begins a comment. */
const COMMENT = /(?:;|\/\/|(?<![\w%])#|\/\*).*$/;
/** What llvm-objdump prints after a jump: the target's symbol. */
const SYMBOL = /\s<[^<>\s]+>\s*$/;
/** What disassemblers print before an instruction: its slot, and llvm-objdump its bytes. */
const PREFIX = /^\s*\d+:(?:\s+(?:[\da-f]{2} ){7}[\da-f]{2}(?: (?:[\da-f]{2} ){7}[\da-f]{2})?(?=\s))?/;

const match = (pattern: RegExp, text: string, at: number): string | undefined => {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
};

const tokenAt = (text: string, at: number): Token | undefined => {
  const sign = match(SIGN, text, at);
  const word = match(WORD, text, at);
  // `%r0` is a word, and so is `s` unless an operator follows it.
  if (word !== undefined && (sign === undefined || sign === '%'))
    return { kind: 'word', text: word, column: at + 1 };
  if (sign !== undefined) return { kind: 'sign', text: sign, column: at + 1 };
  const number = match(NUMBER, text, at);
  return number === undefined ? undefined : { kind: 'number', text: number, column: at + 1 };
};

/** Blanks out what is no instruction, keeping columns. */
const clean = (text: string): string =>
  text
    .replace(COMMENT, '')
    .replace(PREFIX, (prefix) => ' '.repeat(prefix.length))
    .replace(SYMBOL, '');

/** Fails with the place in the text. @throws WebpfError 'bad-assembly' */
export function badAssembly(message: string, source: SourceLine): never {
  const at = `${source.file}:${source.line}:${source.column}`;
  throw new WebpfError('bad-assembly', `${at}: ${message}`, { stage: 'isa', source });
}

const opcodeOf = (text: string): Token | undefined => {
  const match = OPCODE.exec(text);
  return match === null ? undefined : { kind: 'opcode', text: match[1] ?? '', column: match[0].length - 3 };
};

/** The tokens of a line, with an 'end' token at last. @throws WebpfError 'bad-assembly' */
export function tokenize(source: SourceLine): Token[] {
  const text = clean(source.text);
  const opcode = opcodeOf(text);
  const tokens: Token[] = opcode === undefined ? [] : [opcode];
  let at = opcode === undefined ? 0 : opcode.column + 3;
  while (at < text.length) {
    if (/\s/.test(text[at] ?? '')) {
      at++;
      continue;
    }
    const token = tokenAt(text, at);
    if (token === undefined) {
      const found = text.slice(at, at + 16);
      return badAssembly(`"${found}" begins no token of assembly text`, { ...source, column: at + 1 });
    }
    tokens.push(token);
    at += token.text.length;
  }
  tokens.push({ kind: 'end', text: '', column: text.length + 1 });
  return tokens;
}
