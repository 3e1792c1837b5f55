import type { KernelJudge, Verdict } from '../../kernel/kernel.ts';
import type { Site } from './sites.ts';

/** One access to the context: a load, a load with sign extension, a store of a register, a store of a constant. */
export interface Access {
  readonly kind: 'load' | 'signed' | 'store' | 'constant';
  /** Bytes. */
  readonly size: number;
}

const WIDTHS = [1, 2, 4, 8];
export const ACCESSES: readonly Access[] = [
  ...WIDTHS.map((size) => ({ kind: 'load', size }) as const),
  ...[1, 2, 4].map((size) => ({ kind: 'signed', size }) as const),
  ...WIDTHS.map((size) => ({ kind: 'store', size }) as const),
  ...WIDTHS.map((size) => ({ kind: 'constant', size }) as const),
];

/** Size bits of an opcode by bytes (RFC 9669 section 5). */
const SIZE_BITS: Readonly<Record<number, number>> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 };
/** Class and mode. */
const OPCODES: Readonly<Record<Access['kind'], number>> = {
  load: 0x61,
  signed: 0x81,
  store: 0x63,
  constant: 0x62,
};

/** An instruction's 8 bytes. */
export function encode(opcode: number, dst: number, src: number, off: number, imm: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes[0] = opcode;
  bytes[1] = dst | (src << 4);
  bytes.writeInt16LE(off, 2);
  bytes.writeInt32LE(imm, 4);
  return bytes;
}

const SET_R2 = encode(0xb7, 2, 0, 0, 0);
/** Every program type may return 1. */
const RETURN_1 = Buffer.concat([encode(0xb7, 0, 0, 0, 1), encode(0x95, 0, 0, 0, 0)]);

export const opcodeOf = ({ kind, size }: Access): number => OPCODES[kind] | (SIZE_BITS[size] ?? 0);

function programOf(access: Access, offset: number): Buffer {
  const { kind } = access;
  const stores = kind === 'store' || kind === 'constant';
  const [dst, src] = stores ? [1, kind === 'store' ? 2 : 0] : [2, 1];
  return Buffer.concat([SET_R2, encode(opcodeOf(access), dst, src, offset, 0), RETURN_1]);
}

/** What the verifier says r2 holds after the access, in the log's words: `scalar`, `pkt`, `sock_common_or_null`. */
function loaded(log: string): string {
  const kind = /^1: .* R2=([a-z_A-Z0-9]+)\(/m.exec(log)?.[1];
  return kind ?? 'number';
}

/** The verifier's reason: the last line of its log that is about neither a state nor statistics. */
export function reasonOf({ errno, log }: Verdict): string {
  const lines = log.split('\n').filter((line) => /^[a-zA-Z]/.test(line));
  return lines.findLast((line) => !/^(func#|Live|processed|mark_precise)/.test(line)) ?? `errno ${errno}`;
}

export const isLoad = ({ kind }: Access): boolean => kind === 'load' || kind === 'signed';

const offsetsOf = (windows: Site['windows']): number[] =>
  windows.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index));

/** Runs of offsets with the same outcome, `step` apart: `0..72 scalar, 76 pkt`. */
function summarize(step: number, outcomes: readonly (readonly [offset: number, outcome: string])[]): string {
  const runs: { from: number; to: number; outcome: string }[] = [];
  for (const [offset, outcome] of outcomes) {
    if (outcome === '') continue;
    const last = runs.at(-1);
    if (last?.outcome === outcome && last.to + step === offset) last.to = offset;
    else runs.push({ from: offset, to: offset, outcome });
  }
  return runs
    .map(({ from, to, outcome }) => `${from === to ? from : `${from}..${to}`} ${outcome}`)
    .join(', ');
}

/** Every access at every offset of the windows: text by `load4` and the like; accesses that never pass are left out. */
export type AccessTable = Readonly<Record<string, string>>;

/** What became of an access: '' refused with the words expected, `!` and the words where others were said. */
export type Outcome = (access: Access, offset: number) => Promise<string> | string;

/** The outcomes as a table; `unaligned` where accesses at every offset may pass. */
export async function tabulate(
  windows: Site['windows'],
  unaligned: boolean,
  outcome: Outcome,
): Promise<AccessTable> {
  const offsets = offsetsOf(windows);
  const table: Record<string, string> = {};
  for (const access of ACCESSES) {
    const outcomes = await Promise.all(
      offsets.map(async (offset) => [offset, await outcome(access, offset)] as const),
    );
    const text = summarize(unaligned ? 1 : access.size, outcomes);
    if (text !== '') table[`${access.kind}${access.size}`] = text;
  }
  return table;
}

/** Asks the kernel, one program an access. */
export function measureAccesses(judge: KernelJudge, site: Site): Promise<AccessTable> {
  return tabulate(site.windows, false, async (access, offset) => {
    const code = programOf(access, offset);
    const verdict = await judge.verify({ ...site.candidate, code, logLevel: isLoad(access) ? 2 : 1 });
    if (verdict.errno === 0) return isLoad(access) ? loaded(verdict.log) : 'ok';
    const reason = reasonOf(verdict);
    return reason === `invalid bpf_context access off=${offset} size=${access.size}` ? '' : `!${reason}`;
  });
}
