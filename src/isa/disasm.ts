/** The disassembler, in two printings of the C-like syntax: the kernel's and llvm-objdump's. */
import { WebpfError } from '../errors.ts';
import { jumpTarget } from './cfg.ts';
import { checkLength, decodeInsn, SLOT_BYTES } from './decode.ts';
import { kernelText } from './disasm/kernel.ts';
import { type LlvmOptions, llvmText } from './disasm/llvm.ts';
import { type Insn, slotsOf } from './insn.ts';
import { rowOf } from './rows.ts';

export interface FormatOptions extends LlvmOptions {
  /** `kernel` (as bpftool prog dump xlated; the default) or `llvm` (as llvm-objdump). */
  readonly dialect?: 'kernel' | 'llvm' | undefined;
  /** kernel: the opcode in parentheses first, which tells lddw from mov (true by default); else lddw ends with ll. */
  readonly opcode?: boolean | undefined;
}

export interface DisassembleOptions extends FormatOptions {
  /** Name of what a slot is the first of, for jump targets in the llvm dialect: `goto +0x3 <name>`. */
  readonly symbol?: ((slot: number) => string | undefined) | undefined;
  /** Print `<unknown>` for slots that are no instruction, where an error would be thrown. */
  readonly tolerant?: boolean | undefined;
}

/** A line of disassembly. */
export interface DisassembledLine {
  /** Slot. */
  readonly insn: number;
  /** Undefined where there is no instruction (with `tolerant`). */
  readonly decoded: Insn | undefined;
  /** The encoded slots: 8 or 16 bytes. */
  readonly bytes: Uint8Array;
  readonly text: string;
}

const kernelLine = (insn: Insn, { opcode = true, ...names }: FormatOptions): string => {
  if (!opcode) return `${kernelText(insn, names)}${insn.kind === 'lddw' && insn.pseudo === 0 ? ' ll' : ''}`;
  const code = (rowOf(insn)?.opcode ?? 0).toString(16).padStart(2, '0');
  return `(${code}) ${kernelText(insn, names)}`;
};

/** Text of one instruction; `assemble` reads it back. */
export function format(insn: Insn, options: FormatOptions = {}): string {
  return options.dialect === 'llvm' ? llvmText(insn, options) : kernelLine(insn, options);
}

const withSymbol = (insn: Insn, slot: number, { symbol, dialect }: DisassembleOptions): string => {
  const target = dialect === 'llvm' ? jumpTarget(insn, slot) : undefined;
  const name = target === undefined ? undefined : symbol?.(target);
  return name === undefined ? '' : ` <${name}>`;
};

const decodeOrSkip = (code: Uint8Array, slot: number, tolerant: boolean): Insn | undefined => {
  try {
    return decodeInsn(code, slot);
  } catch (error) {
    if (tolerant && error instanceof WebpfError) return undefined;
    throw error;
  }
};

const lineAt = (code: Uint8Array, slot: number, options: DisassembleOptions): DisassembledLine => {
  const decoded = decodeOrSkip(code, slot, options.tolerant ?? false);
  const slots = decoded === undefined ? 1 : slotsOf(decoded);
  const bytes = code.subarray(slot * SLOT_BYTES, (slot + slots) * SLOT_BYTES);
  const text =
    decoded === undefined ? '<unknown>' : `${format(decoded, options)}${withSymbol(decoded, slot, options)}`;
  return { insn: slot, decoded, bytes, text };
};

/**
 * Disassembles a program, one line for each instruction.
 *
 * @throws WebpfError 'bad-program' and 'bad-instruction' as `decodeProgram`; the latter not with `tolerant`
 */
export function disassembleLines(code: Uint8Array, options: DisassembleOptions = {}): DisassembledLine[] {
  checkLength(code);
  const lines: DisassembledLine[] = [];
  for (let slot = 0; slot < code.byteLength / SLOT_BYTES; ) {
    const line = lineAt(code, slot, options);
    lines.push(line);
    slot += line.bytes.length / SLOT_BYTES;
  }
  return lines;
}

const hexBytes = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');

const printLine = ({ insn, bytes, text }: DisassembledLine, dialect: FormatOptions['dialect']): string =>
  dialect === 'llvm'
    ? `${`${insn}`.padStart(8)}:\t${hexBytes(bytes)}\t${text}`
    : `${`${insn}`.padStart(4)}: ${text}`;

/**
 * Disassembles a program to text, with slot numbers (and bytes, in the llvm dialect) as bpftool and llvm-objdump
 * print them. `assemble` reads the text back to the same bytes, where names of kernel functions were given with those.
 *
 * @throws WebpfError as `disassembleLines`
 */
export function disassemble(code: Uint8Array, options: DisassembleOptions = {}): string {
  const lines = disassembleLines(code, options).map((line) => printLine(line, options.dialect));
  return `${lines.join('\n')}\n`;
}
