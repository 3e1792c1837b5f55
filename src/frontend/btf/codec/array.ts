import { type BtfValue, bytesAt, mismatch, type Node } from './node.ts';

function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);
}

export function arrayNode(type: string, element: Node, length: number): Node {
  const { size } = element;
  return {
    size: size * length,
    leaves: element.leaves * length,
    type,
    read: (view, at) => {
      const out: BtfValue[] = [];
      for (let i = 0; i < length; i++) out.push(element.read(view, at + i * size));
      return out;
    },
    write: (to, value) => {
      if (!isArrayLike(value) || value.length !== length) {
        throw mismatch(to.path, type, `an array of ${length}`, value);
      }
      for (let i = 0; i < length; i++) {
        element.write({ ...to, at: to.at + i * size, path: `${to.path}[${i}]` }, value[i]);
      }
    },
  };
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The text when `bytes` are UTF-8 padded with NULs, so that encoding it gives the same bytes back. */
function textOf(bytes: Uint8Array): string | undefined {
  const nul = bytes.indexOf(0);
  const end = nul < 0 ? bytes.length : nul;
  if (bytes.subarray(end).some((byte) => byte !== 0)) return undefined;
  try {
    return strictUtf8.decode(bytes.slice(0, end));
  } catch {
    return undefined;
  }
}

function textBytes(value: unknown, length: number): Uint8Array | undefined {
  const bytes = typeof value === 'string' ? encoder.encode(value) : value;
  if (!(bytes instanceof Uint8Array)) return undefined;
  return bytes.length === length || (typeof value === 'string' && bytes.length < length) ? bytes : undefined;
}

/**
 * char[N]: a string where the bytes are text padded with NULs, else the bytes themselves, so that no key of a
 * map is ever read as something that does not lead back to it.
 */
export const textNode = (type: string, length: number): Node => ({
  size: length,
  leaves: 1,
  type,
  read: (view, at) => {
    const bytes = bytesAt(view, at, length).slice();
    return textOf(bytes) ?? bytes;
  },
  write: ({ view, at, path }, value) => {
    const bytes = textBytes(value, length);
    if (bytes === undefined) {
      throw mismatch(path, type, `a string of at most ${length} bytes or a Uint8Array of ${length}`, value);
    }
    const target = bytesAt(view, at, length);
    target.fill(0);
    target.set(bytes);
  },
});
