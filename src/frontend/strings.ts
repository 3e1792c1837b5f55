import { concat } from '../concat.ts';

const utf8 = new TextEncoder();

/** NUL-terminated strings, each once, as ELF and BTF keep them: the empty one is at offset 0. */
export class StringPool {
  private readonly offsets = new Map<string, number>([['', 0]]);
  private readonly chunks: Uint8Array[] = [Uint8Array.of(0)];
  private length = 1;

  /** Where the string begins; it is added if it is not there. */
  at(text: string): number {
    const known = this.offsets.get(text);
    if (known !== undefined) return known;
    const offset = this.length;
    const bytes = utf8.encode(`${text}\0`);
    this.chunks.push(bytes);
    this.length += bytes.length;
    this.offsets.set(text, offset);
    return offset;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return concat(this.chunks);
  }
}
