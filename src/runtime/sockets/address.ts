/** Internet addresses as text. */
import { badArgument } from '../argument.ts';

const GROUPS = 8;
const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const GROUP = /^[0-9a-f]{1,4}$/i;

function parse4(text: string): Uint8Array | undefined {
  const parts = IPV4.exec(text)?.slice(1).map(Number);
  return parts?.every((part) => part <= 255) ? Uint8Array.from(parts) : undefined;
}

/** 16-bit groups of one side of `::`; the last may be an IPv4 address. */
function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const four = index === parts.length - 1 ? parse4(part) : undefined;
    if (four !== undefined)
      groups.push((four[0] ?? 0) * 256 + (four[1] ?? 0), (four[2] ?? 0) * 256 + (four[3] ?? 0));
    else if (GROUP.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

function parse6(text: string): Uint8Array | undefined {
  const sides = text.split('::');
  const [front, back] = sides.map(groupsOf);
  if (front === undefined || sides.length > 2) return undefined;
  if (sides.length === 2 && back === undefined) return undefined;
  const tail = back ?? [];
  const missing = GROUPS - front.length - tail.length;
  if (sides.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...front, ...new Array<number>(missing).fill(0), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]));
}

/**
 * The bytes of an address in network order: 4 of `192.0.2.1`, 16 of `2001:db8::1`.
 * @throws WebpfError 'bad-argument' for anything else
 */
export function parseAddress(name: string, text: string): Uint8Array {
  const bytes = typeof text === 'string' ? (parse4(text) ?? parse6(text)) : undefined;
  if (bytes !== undefined) return bytes;
  throw badArgument(`${name} is ${String(text)}, but must be an address such as 192.0.2.1 or 2001:db8::1`);
}

/** Start and length of the longest run of zero groups, the first of equals. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** The text of 4 or 16 bytes, of IPv6 in its canonical form (RFC 5952). */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from(
    { length: GROUPS },
    (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0),
  );
  const { start, length } = longestZeros(groups);
  const hex = (some: readonly number[]): string => some.map((group) => group.toString(16)).join(':');
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}
