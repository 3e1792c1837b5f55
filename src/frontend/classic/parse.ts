/** Classic filters as files and tools have them: bytes of `struct sock_filter`, the text of `tcpdump -ddd` and `-dd`. */
import { WebpfError } from '../../errors.ts';
import type { ClassicInsn } from './opcodes.ts';

const INSN_BYTES = 8;

function bad(message: string): never {
  throw new WebpfError('bad-program', `classic filter: ${message}`, { stage: 'frontend' });
}

function fromBytes(bytes: Uint8Array): ClassicInsn[] {
  if (bytes.length === 0 || bytes.length % INSN_BYTES !== 0)
    bad(`${bytes.length} bytes are no struct sock_filter instructions, which have ${INSN_BYTES} bytes each`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / INSN_BYTES }, (_, index) => {
    const at = index * INSN_BYTES;
    return {
      code: view.getUint16(at, true),
      jt: view.getUint8(at + 2),
      jf: view.getUint8(at + 3),
      k: view.getUint32(at + 4, true),
    };
  });
}

/** Largest values of code, jt, jf and k. */
const LIMITS = [0xffff, 0xff, 0xff, 0xffffffff] as const;
const FIELDS = ['code', 'jt', 'jf', 'k'] as const;

function insnOf(numbers: readonly string[], where: string): ClassicInsn {
  if (numbers.length !== FIELDS.length)
    bad(`${where}: an instruction has four numbers (code jt jf k), not ${numbers.length}`);
  const [code = 0, jt = 0, jf = 0, k = 0] = numbers.map((text, index) => {
    const value = Number(text);
    const limit = LIMITS[index] ?? 0;
    if (Number.isInteger(value) && value >= 0 && value <= limit) return value;
    return bad(`${where}: ${FIELDS[index]} is "${text}", but must be an integer from 0 to ${limit}`);
  });
  return { code, jt, jf, k };
}

/** `tcpdump -ddd`: the number of instructions, then one a line; with commas for lines, as iptables and tc take it. */
function fromDecimals(text: string): ClassicInsn[] {
  const [count = '', ...rows] = text.trim().split(/\s*[\n,]\s*/);
  const insns = rows
    .filter((row) => row !== '')
    .map((row, index) => insnOf(row.split(/\s+/), `instruction ${index}`));
  if (!/^\d+$/.test(count)) bad(`the first line must be the number of instructions, not "${count}"`);
  if (Number(count) !== insns.length)
    bad(`the first line says ${count} instructions, but ${insns.length} follow`);
  return insns;
}

const C_INSN = /\{([^{}]*)\}/g;

/** `tcpdump -dd`: initialisers of struct sock_filter in C. */
function fromC(text: string): ClassicInsn[] {
  const insns = [...text.matchAll(C_INSN)].map(([, inner = ''], index) =>
    insnOf(inner.trim().split(/\s*,\s*/), `instruction ${index}`),
  );
  const rest = text.replace(C_INSN, '').replace(/[\s,]/g, '');
  if (rest !== '')
    bad(`"${rest.slice(0, 20)}" stands between the instructions, which are { code, jt, jf, k }`);
  return insns;
}

/** Whether a text is a classic filter as {@link parseClassic} takes it, by how it begins. */
export const looksClassic = (text: string): boolean =>
  /^\s*\d+\s*[\n,]\s*\d+ \d+ \d+ \d+\s*([\n,]|$)/.test(text) || /^\s*\{\s*0x[\da-f]+\s*,/i.test(text);

/**
 * The instructions of a classic filter.
 *
 * @param source bytes of `struct sock_filter`, little-endian, or the text of `tcpdump -ddd`, `tcpdump -dd`, or of
 *   iptables' bytecode (`4,48 0 0 9,21 0 1 6,…`)
 * @throws WebpfError 'bad-program'
 */
export function parseClassic(source: Uint8Array | string): ClassicInsn[] {
  if (typeof source !== 'string') return fromBytes(source);
  return source.includes('{') ? fromC(source) : fromDecimals(source);
}
