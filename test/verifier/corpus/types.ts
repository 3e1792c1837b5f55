/** A little BTF, written by hand: the types that values of maps and signatures of functions are made of. */

const KIND = {
  int: 1,
  ptr: 2,
  array: 3,
  struct: 4,
  func: 12,
  proto: 13,
  declTag: 17,
  typeTag: 18,
} as const;
const WORD_BITS = 32;
const SIGNED = 1 << 24;
const HEADER_BYTES = 24;
const MAGIC = 0x0001eb9f;

export interface Member {
  readonly name: string;
  readonly type: number;
  /** Bytes. */
  readonly offset: number;
}

export interface Parameter {
  readonly type: number;
  /** Declaration tags: `arg:nonnull`. */
  readonly tags: readonly string[];
}

/** Makes BTF type by type; each method answers the id of what it made. */
export class TypeWriter {
  readonly #words: number[] = [];
  #strings = '\0';
  #next = 1;

  int(name: string, size: number, signed = false): number {
    return this.#type(name, KIND.int, 0, size, (signed ? SIGNED : 0) | (size * 8));
  }
  pointer(to: number): number {
    return this.#type('', KIND.ptr, 0, to);
  }
  /** `index`: id of the type of its indices. */
  array(of: number, count: number, index: number): number {
    return this.#type('', KIND.array, 0, 0, of, index, count);
  }
  struct(name: string, size: number, members: readonly Member[]): number {
    const words = members.flatMap((member) => [this.#name(member.name), member.type, member.offset * 8]);
    return this.#type(name, KIND.struct, members.length, size, ...words);
  }
  typeTag(name: string, type: number): number {
    return this.#type(name, KIND.typeTag, 0, type);
  }
  /** `component`: index of the member or parameter the tag is on; -1 for the whole. */
  declTag(name: string, type: number, component: number): number {
    return this.#type(name, KIND.declTag, 0, type, component);
  }
  func(name: string, linkage: 'static' | 'global', result: number, parameters: readonly Parameter[]): number {
    const words = parameters.flatMap(({ type }, index) => [this.#name(`a${index}`), type]);
    const proto = this.#type('', KIND.proto, parameters.length, result, ...words);
    const id = this.#type(name, KIND.func, linkage === 'global' ? 1 : 0, proto);
    parameters.forEach(({ tags }, index) => {
      for (const tag of tags) this.declTag(tag, id, index);
    });
    return id;
  }

  bytes(): Uint8Array {
    const text = Buffer.from(this.#strings);
    const length = this.#words.length * (WORD_BITS / 8);
    return Buffer.concat([
      u32s(MAGIC, HEADER_BYTES, 0, length, length, text.length),
      u32s(...this.#words),
      text,
    ]);
  }

  #name(name: string): number {
    if (name === '') return 0;
    const known = this.#strings.indexOf(`\0${name}\0`);
    if (known >= 0) return known + 1;
    const at = this.#strings.length;
    this.#strings += `${name}\0`;
    return at;
  }

  #type(name: string, kind: number, vlen: number, sizeOrType: number, ...more: readonly number[]): number {
    this.#words.push(this.#name(name), (kind << 24) | vlen, sizeOrType, ...more);
    return this.#next++;
  }
}

export const u32s = (...words: number[]): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer);
