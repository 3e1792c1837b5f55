/** Instructions as llvm-objdump 19 prints them. */
import type { AtomicInsn, CallInsn, Insn, LddwInsn, LoadInsn, PacketInsn, Size, StoreInsn } from '../insn.ts';
import {
  aluText,
  type CallNames,
  compareSign,
  isUpdate,
  kfuncName,
  memoryType,
  type Printers,
  referenceText,
  register,
  updateSign,
  wideValue,
} from './signs.ts';

export interface LlvmOptions extends CallNames {
  /** Loads and stores of up to 32 bits with w registers, as with --mcpu=v3 or --mattr=+alu32. */
  readonly alu32?: boolean | undefined;
  /** Exactly LLVM's text even where it drops what is encoded: who is called, a packet load's offset. */
  readonly lossy?: boolean | undefined;
}

const hex = (value: number | bigint): string =>
  value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
const plus = (value: number): string => (value < 0 ? hex(value) : `+${hex(value)}`);
const displaced = (base: number, off: number): string =>
  `r${base} ${off < 0 ? '-' : '+'} ${hex(Math.abs(off))}`;
const memory = (size: Size, base: number, off: number, signed = false): string =>
  `(${memoryType(size, signed)} *)(${displaced(base, off)})`;
const narrow = (number: number, size: Size, alu32: boolean | undefined): string =>
  register(number, alu32 === true && size < 8 ? 32 : 64);

const callText = (insn: CallInsn, options: LlvmOptions): string => {
  const { target, imm, off } = insn;
  const { lossy } = options;
  if (lossy === true || target === 'helper') return `call ${hex(imm)}`;
  if (target === 'local') return `call pc${plus(imm)}`;
  const name = kfuncName(insn, options);
  if (name !== undefined) return `call kfunc ${name}`;
  return `call kfunc ${hex(imm)}${off === 0 ? '' : ` off ${off}`}`;
};

/** LLVM knows 32-bit atomics but add with w registers only. */
const atomicText = (insn: AtomicInsn, { alu32 }: LlvmOptions): string => {
  const { op, fetch, size, dst, src, off } = insn;
  const plainAdd = op === 'add' && !fetch;
  const value = narrow(src, size, alu32 === true || !plainAdd);
  if (!fetch) return `lock *${memory(size, dst, off)} ${updateSign(op)} ${value}`;
  if (isUpdate(insn)) return `${value} = atomic_fetch_${op}(${memory(size, dst, off)}, ${value})`;
  const name = `${op}${size === 8 ? '_64' : '32_32'}`;
  const r0 = register(0, size === 8 ? 64 : 32);
  const place = displaced(dst, off);
  return op === 'xchg'
    ? `${value} = ${name}(${place}, ${value})`
    : `${r0} = ${name}(${place}, ${r0}, ${value})`;
};

const wideText = (insn: LddwInsn, { lossy }: LlvmOptions): string => {
  const { dst, pseudo, lo } = insn;
  if (pseudo === 0) return `r${dst} = ${hex(BigInt.asIntN(64, wideValue(insn)))} ll`;
  return lossy === true
    ? `ld_pseudo\tr${dst}, ${hex(pseudo)}, ${hex(lo >>> 0)}`
    : `r${dst} = ${referenceText(insn)} ll`;
};

const loadText = ({ size, signed, dst, src, off }: LoadInsn, { alu32 }: LlvmOptions): string =>
  `${signed ? `r${dst}` : narrow(dst, size, alu32)} = *${memory(size, src, off, signed)}`;

const storeText = (insn: StoreInsn, { alu32 }: LlvmOptions): string => {
  const value = insn.imm === undefined ? narrow(insn.src, insn.size, alu32) : hex(insn.imm);
  return `*${memory(insn.size, insn.dst, insn.off)} = ${value}`;
};

const packetText = ({ size, src, imm }: PacketInsn, { lossy }: LlvmOptions): string => {
  const offset = src === undefined ? hex(imm) : `r${src}`;
  const more =
    src === undefined || imm === 0 || lossy === true ? '' : ` ${imm < 0 ? '-' : '+'} ${hex(Math.abs(imm))}`;
  return `r0 = *(${memoryType(size)} *)skb[${offset}${more}]`;
};

const PRINTERS: Printers<LlvmOptions> = {
  alu: (insn) => aluText(insn, hex),
  neg: ({ dst, width }) => `${register(dst, width)} = -${register(dst, width)}`,
  endian: ({ op, bits, dst }) => `r${dst} = ${op}${bits} r${dst}`,
  lddw: wideText,
  load: loadText,
  store: storeText,
  atomic: atomicText,
  loadAcquire: ({ size, dst, src, off }) => `r${dst} = load_acquire(${memory(size, src, off)})`,
  storeRelease: ({ size, dst, src, off }) => `store_release(${memory(size, dst, off)}, r${src})`,
  packet: packetText,
  jump: ({ op, width, dst, src, imm, off }) => {
    const operand = imm === undefined ? register(src, width) : hex(imm);
    return `if ${register(dst, width)} ${compareSign(op)} ${operand} goto ${plus(off)}`;
  },
  ja: ({ long, off }) => `goto${long ? 'l' : ''} ${plus(off)}`,
  mayGoto: ({ off }) => `may_goto ${plus(off)}`,
  gotox: ({ dst }) => `gotox r${dst}`,
  call: callText,
  callx: ({ dst }) => `callx r${dst}`,
  exit: () => 'exit',
  addrSpaceCast: ({ dst, src, imm }) =>
    `r${dst} = addr_space_cast(r${src}, ${hex(imm >>> 16)}, ${hex(imm & 0xffff)})`,
};

/** Text of an instruction. */
export function llvmText<K extends Insn['kind']>(
  insn: Extract<Insn, { kind: K }>,
  options: LlvmOptions,
): string {
  return PRINTERS[insn.kind as K](insn, options);
}
