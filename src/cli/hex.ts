import { WebpfError } from '../index.ts';

const EXCERPT = 24;

const badHex = (text: string, reason: string): WebpfError => {
  const excerpt = text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text;
  return new WebpfError('bad-hex', `"${excerpt}" is not hexadecimal: ${reason}`, { stage: 'cli' });
};

/**
 * Bytes from hexadecimal digits, with spaces, line ends, colons or commas between bytes, and an optional 0x.
 * @throws WebpfError 'bad-hex'
 */
export function parseHex(text: string): Uint8Array {
  const digits = text.replace(/0x/gi, '').replace(/[\s:,]+/g, '');
  const wrong = /[^0-9a-f]/i.exec(digits);
  if (wrong) throw badHex(text, `it has the character "${wrong[0]}"`);
  if (digits.length % 2 !== 0) throw badHex(text, `${digits.length} digits make no whole number of bytes`);
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}

export const toHex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

const ROW = 16;

/** Rows of 16 bytes with their offset, as `xxd` and `tcpdump -X` print them; at most `most` rows. */
export function hexRows(bytes: Uint8Array, most: number): string[] {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length && rows.length < most; at += ROW) {
    const pairs = toHex(bytes.subarray(at, at + ROW)).match(/.{1,4}/g) ?? [];
    rows.push(`  0x${at.toString(16).padStart(4, '0')}  ${pairs.join(' ')}`);
  }
  const left = bytes.length - rows.length * ROW;
  return left > 0 ? [...rows, `  … ${left} more bytes`] : rows;
}
