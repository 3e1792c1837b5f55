/** A place in the tokens of one line, and the small pieces of grammar that both dialects share. */
import type { SourceLine } from '../../errors.ts';
import { MAX_REGISTER } from '../decode.ts';
import type { Size, Width } from '../insn.ts';
import { badAssembly, type Token, tokenize } from './lexer.ts';

export interface Register {
  readonly number: number;
  readonly width: Width;
}

/** A register and a displacement in bytes. */
export interface Address {
  readonly register: number;
  readonly off: number;
}

/** Longer numbers have no meaning in an instruction, and take long to parse. */
const MAX_DIGITS = 32;
const REGISTER = /^%?([rRwW])(\d{1,3})$/;

/** The register a word names; undefined when it is no register name at all. */
const registerOf = (text: string): Register | undefined => {
  const match = REGISTER.exec(text);
  if (match === null) return undefined;
  return { number: Number(match[2]), width: match[1]?.toLowerCase() === 'w' ? 32 : 64 };
};

export class Cursor {
  readonly #source: SourceLine;
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(source: SourceLine) {
    this.#source = source;
    this.#tokens = tokenize(source);
  }

  /** The token `ahead` of the next one. */
  peek(ahead = 0): Token {
    const last = this.#tokens.length - 1;
    return this.#tokens[Math.min(this.#index + ahead, last)] ?? { kind: 'end', text: '', column: 1 };
  }

  /** Texts of the next tokens, as far as asked for. */
  sees(...texts: readonly string[]): boolean {
    return texts.every((text, ahead) => this.peek(ahead).text === text);
  }

  next(): Token {
    const token = this.peek();
    this.#index++;
    return token;
  }

  /** Takes the token if it is the next one. */
  accept(text: string): boolean {
    const seen = this.sees(text);
    if (seen) this.#index++;
    return seen;
  }

  expect(text: string): void {
    if (!this.accept(text)) this.fail(`expected "${text}"`);
  }

  end(): void {
    if (this.peek().kind !== 'end') this.fail('expected the end of the line');
  }

  /** Fails at the next token (or the given one) with what was expected. */
  fail(expected: string, token: Token = this.peek()): never {
    const found = token.kind === 'end' ? 'the line ends' : `found "${token.text}"`;
    return badAssembly(`${expected}, but ${found}`, { ...this.#source, column: token.column });
  }

  get source(): SourceLine {
    return this.#source;
  }

  /** The source line, with the next token's column. */
  here(): SourceLine {
    return { ...this.#source, column: this.peek().column };
  }

  seesRegister(ahead = 0): boolean {
    return this.peek(ahead).kind === 'word' && registerOf(this.peek(ahead).text) !== undefined;
  }

  register(): Register {
    const token = this.peek();
    const register = registerOf(token.text);
    if (register === undefined) return this.fail('expected a register (r0 to r10, or w0 to w10)');
    if (register.number > MAX_REGISTER) return this.fail(`the last register is r${MAX_REGISTER}`);
    this.#index++;
    return register;
  }

  /** A register that must be written as a 64-bit one. */
  register64(): number {
    const token = this.peek();
    const { number, width } = this.register();
    return width === 64 ? number : this.fail('expected a 64-bit register (r0 to r10)', token);
  }

  seesNumber(): boolean {
    const ahead = this.sees('-') || this.sees('+') ? 1 : 0;
    return this.peek(ahead).kind === 'number';
  }

  /** An integer with an optional sign; hexadecimal ones may use the full unsigned range of `bits`. */
  integer(bits: 16 | 32 | 64, what: string): bigint {
    const first = this.peek();
    const negative = this.accept('-');
    if (!negative) this.accept('+');
    const token = this.peek();
    if (token.kind !== 'number') return this.fail(`expected ${what} (a number)`);
    if (token.text.length > MAX_DIGITS) return this.fail(`expected ${what} of at most ${MAX_DIGITS} digits`);
    this.#index++;
    const value = negative ? -BigInt(token.text) : BigInt(token.text);
    const unsigned = bits > 16 && /^0x/i.test(token.text);
    const high = unsigned || bits === 64 ? 2n ** BigInt(bits) : 2n ** BigInt(bits - 1);
    if (value >= -(2n ** BigInt(bits - 1)) && value < high) return value;
    const hint = bits === 32 && !unsigned ? ' (unsigned values can be written in hexadecimal)' : '';
    return badAssembly(`${what} ${value} is out of the ${bits}-bit range${hint}`, {
      ...this.#source,
      column: first.column,
    });
  }

  imm32(what = 'an immediate'): number {
    return Number(BigInt.asIntN(32, this.integer(32, what)));
  }

  off16(what = 'an offset'): number {
    return Number(this.integer(16, what));
  }

  /** `u8` to `u64`, or `s8` to `s32`. */
  memoryType(): { readonly size: Size; readonly signed: boolean } {
    const token = this.next();
    const match = /^([us])(8|16|32|64)$/.exec(token.text);
    if (match === null) return this.fail('expected a type (u8, u16, u32, u64, s8, s16, s32)', token);
    return { size: (Number(match[2]) / 8) as Size, signed: match[1] === 's' };
  }

  /** `rN`, `rN + 8`, `rN - 8`. */
  displaced(): Address {
    const register = this.register64();
    const off = this.sees('+') || this.sees('-') ? this.off16() : 0;
    return { register, off };
  }
}
