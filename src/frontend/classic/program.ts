/** Classic filters as programs: checked by the kernel's rules, translated to eBPF. */
import { encode } from '../../isa/encode.ts';
import type { LineInfo, Program } from '../program.ts';
import { programFromBytes } from '../raw.ts';
import { type ClassicKind, checkClassic } from './check.ts';
import { classicText } from './disassemble.ts';
import type { ClassicInsn } from './opcodes.ts';
import { parseClassic } from './parse.ts';
import { translateClassic } from './translate.ts';

/** Options of {@link programFromClassic}. */
export interface ClassicOptions {
  /** `filter` by default. */
  readonly name?: string;
  /**
   * `socket` (the default): packets, as SO_ATTACH_FILTER has it, returns the bytes to keep; `seccomp`: `struct
   * seccomp_data`, returns SECCOMP_RET_*.
   */
  readonly kind?: ClassicKind | undefined;
  /** What `ld #hatype` gives: ARPHRD_* of the device the packets come from. Default 1: Ethernet. */
  readonly hardwareType?: number;
}

const ARPHRD_ETHER = 1;

/** Each instruction of the filter as the source line of those that it has become. */
function linesOf(
  insns: readonly ClassicInsn[],
  starts: readonly (number | undefined)[],
  file: string,
): LineInfo[] {
  return insns.flatMap((insn, at) => {
    const start = starts[at];
    const text = classicText(insn, at);
    return start === undefined ? [] : [{ insn: start, file, line: at + 1, column: 0, text }];
  });
}

/**
 * A program from a classic filter: bytes of `struct sock_filter`, or the text of `tcpdump -ddd` (or `-dd`, or iptables'
 * bytecode). Its source lines are the filter's instructions, as `tcpdump -d` prints them.
 *
 * @throws WebpfError 'bad-program' for what is no filter, or one the kernel would refuse, with the instruction
 */
export function programFromClassic(source: Uint8Array | string, options: ClassicOptions = {}): Program {
  const { name = 'filter', kind = 'socket', hardwareType = ARPHRD_ETHER } = options;
  const filter = parseClassic(source);
  checkClassic(filter, kind);
  const { insns, starts } = translateClassic(filter, { kind, hardwareType });
  const type = kind === 'socket' ? 'socket_filter' : undefined;
  const lines = linesOf(filter, starts, name);
  return { ...programFromBytes(encode(insns), { name, type, lines }), typeGuessed: false, classic: kind };
}
