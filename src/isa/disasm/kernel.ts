/** Instructions as the kernel prints them (kernel/bpf/disasm.c, Linux 6.18): verifier logs, bpftool prog dump xlated. */
import { HELPER_NAMES } from '../helpers.ts';
import type { AtomicInsn, CallInsn, Insn, LddwInsn, Size } from '../insn.ts';
import {
  aluText,
  type CallNames,
  compareSign,
  isUpdate,
  kfuncName,
  memoryType,
  type Printers,
  plus,
  referenceText,
  register,
  updateSign,
  wideValue,
} from './signs.ts';

const memory = (size: Size, base: number, off: number, signed = false): string =>
  `(${memoryType(size, signed)} *)(r${base} ${plus(off)})`;

const callText = (insn: CallInsn, names: CallNames): string => {
  const { target, imm, off } = insn;
  if (target === 'local') return `call pc${plus(imm)}`;
  // The kernel prints `name#BTF id`, which would be read back as a helper of that name.
  const name = kfuncName(insn, names);
  if (name !== undefined) return `call kfunc ${name}`;
  // The kernel does not print the index into the fd array: it is added, so that nothing is lost.
  if (target === 'kfunc') return `call kernel-function#${imm}${off === 0 ? '' : ` off ${off}`}`;
  return `call ${HELPER_NAMES[imm] ?? 'unknown'}#${imm}`;
};

const atomicText = (insn: AtomicInsn): string => {
  const { op, fetch, size, dst, src, off } = insn;
  const place = memory(size, dst, off);
  if (!fetch) return `lock *${place} ${updateSign(op)} r${src}`;
  const name = `atomic${size === 8 ? '64' : ''}_${isUpdate(insn) ? 'fetch_' : ''}${op}`;
  return op === 'cmpxchg' ? `r0 = ${name}(${place}, r0, r${src})` : `r${src} = ${name}(${place}, r${src})`;
};

const constant = (insn: LddwInsn): string => `0x${wideValue(insn).toString(16)}`;

const PRINTERS: Printers<CallNames> = {
  alu: (insn) => aluText(insn, String),
  neg: ({ dst, width }) => `${register(dst, width)} = -${register(dst, width)}`,
  endian: ({ op, bits, dst }) => `r${dst} = ${op}${bits} r${dst}`,
  lddw: (insn) => `r${insn.dst} = ${insn.pseudo === 0 ? constant(insn) : referenceText(insn)}`,
  load: ({ size, signed, dst, src, off }) => `r${dst} = *${memory(size, src, off, signed)}`,
  store: ({ size, dst, off, src, imm }) => `*${memory(size, dst, off)} = ${imm ?? `r${src}`}`,
  atomic: atomicText,
  loadAcquire: ({ size, dst, src, off }) => `r${dst} = load_acquire(${memory(size, src, off)})`,
  storeRelease: ({ size, dst, src, off }) => `store_release(${memory(size, dst, off)}, r${src})`,
  packet: ({ size, src, imm }) =>
    `r0 = *(${memoryType(size)} *)skb[${src === undefined ? '' : `r${src} + `}${imm}]`,
  jump: ({ op, width, dst, src, imm, off }) => {
    const operand = imm === undefined ? register(src, width) : `0x${(imm >>> 0).toString(16)}`;
    return `if ${register(dst, width)} ${compareSign(op)} ${operand} goto pc${plus(off)}`;
  },
  ja: ({ long, off }) => `goto${long ? 'l' : ''} pc${plus(off)}`,
  mayGoto: ({ off }) => `may_goto pc${plus(off)}`,
  gotox: ({ dst }) => `gotox r${dst}`,
  call: callText,
  // The kernel has no words for it.
  callx: ({ dst }) => `callx r${dst}`,
  exit: () => 'exit',
  addrSpaceCast: ({ dst, src, imm }) => `r${dst} = addr_space_cast(r${src}, ${imm >>> 16}, ${imm & 0xffff})`,
};

/** Text of an instruction, without the opcode in parentheses. A constant of lddw looks like that of a mov. */
export function kernelText<K extends Insn['kind']>(
  insn: Extract<Insn, { kind: K }>,
  names: CallNames,
): string {
  return PRINTERS[insn.kind as K](insn, names);
}
