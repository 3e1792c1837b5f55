import { WebpfError } from '../../index.ts';

export const badWords = (message: string): WebpfError =>
  new WebpfError('bad-argument', message, { stage: 'cli' });

/** A command of bpftool's grammar, word by word. */
export class Words {
  readonly #words: readonly string[];
  #at = 0;

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#words.length;
  }

  /** @param what the word is, for the error where there is none */
  next(what: string): string {
    const word = this.#words[this.#at];
    if (word === undefined) throw badWords(`${what} is missing at the end of "${this.#words.join(' ')}"`);
    this.#at++;
    return word;
  }

  /** Takes the word if it is next. */
  skip(word: string): boolean {
    if (this.#words[this.#at] !== word) return false;
    this.#at++;
    return true;
  }

  expect(word: string): void {
    if (this.skip(word)) return;
    const found = this.#words[this.#at];
    throw badWords(`"${word}" must come ${found === undefined ? 'at the end' : `before "${found}"`}`);
  }

  /** A number, decimal or with 0x. */
  number(what: string): number {
    const word = this.next(what);
    const value = Number(word);
    if (word !== '' && Number.isSafeInteger(value) && value >= 0) return value;
    throw badWords(`${what} is "${word}", but must be a number`);
  }

  /** `count` bytes: decimal or with 0x, after `hex` in hexadecimal digits. */
  bytes(what: string, count: number): Uint8Array {
    const isHex = this.skip('hex');
    return Uint8Array.from({ length: count }, (_, index) => {
      const word = this.next(`byte ${index + 1} of ${count} of the ${what}`);
      const value = isHex && /^[0-9a-f]{1,2}$/i.test(word) ? Number.parseInt(word, 16) : Number(word);
      if (word !== '' && Number.isInteger(value) && value >= 0 && value <= 255) return value;
      throw badWords(`byte ${index + 1} of the ${what} is "${word}", but must be a number from 0 to 255`);
    });
  }

  end(): void {
    const word = this.#words[this.#at];
    if (word !== undefined) throw badWords(`"${word}" is one word too many`);
  }
}
