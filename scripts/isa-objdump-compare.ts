/** The comparison behind scripts/isa-objdump.ts and its test. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { WebpfError } from '../src/errors.ts';
import { assemble } from '../src/isa/asm.ts';
import { decodeInsn } from '../src/isa/decode.ts';
import { disassembleLines } from '../src/isa/disasm.ts';

export interface Difference {
  readonly file: string;
  /** Slot within its section. */
  readonly slot: number;
  readonly theirs: string;
  readonly ours: string;
}

export interface Comparison {
  readonly insns: number;
  readonly differences: readonly Difference[];
}

/** A command that runs, or undefined. */
export function commandPath(name: string): string | undefined {
  return spawnSync(name, ['--version']).status === 0 ? name : undefined;
}

export const objdumpPath = (): string | undefined => {
  const { LLVM_OBJDUMP } = process.env;
  return commandPath(LLVM_OBJDUMP ?? 'llvm-objdump-19');
};

/** True for an ELF64 little-endian object for eBPF (EM_BPF). */
export function isBpfObject(file: string): boolean {
  const header = Buffer.alloc(20);
  const fd = openSync(file, 'r');
  const length = readSync(fd, header, 0, 20, 0);
  closeSync(fd);
  const magic = header.readUInt32BE(0) === 0x7f454c46;
  return length === 20 && magic && header[4] === 2 && header[5] === 1 && header.readUInt16LE(18) === 247;
}

/** `       3:\t85 00 00 00 0c 00 00 00\tcall 0xc`. */
const LINE = /^\s*(\d+):\t((?:[\da-f]{2} ?)+)\t(.*)$/;

/** Symbols after jump targets depend on the object; everything else must be equal. */
const withoutSymbol = (text: string): string => text.replace(/ <[^<>]*>$/, '').trim();

const ours = (bytes: Uint8Array, alu32: boolean): string => {
  try {
    return disassembleLines(bytes, { dialect: 'llvm', lossy: true, alu32 })[0]?.text ?? '';
  } catch (error) {
    if (error instanceof WebpfError) return '<unknown>';
    throw error;
  }
};

/** Text that is not lossy must come back to the same bytes. */
const returns = (bytes: Uint8Array): boolean => {
  const [line] = disassembleLines(bytes, { dialect: 'llvm' });
  return line !== undefined && Buffer.from(assemble(line.text).code).equals(bytes);
};

/** What llvm-objdump 19 has no text for: newer instructions, and without w registers 32-bit atomics but add. */
const isUnknownToLlvm = (bytes: Uint8Array, alu32: boolean): boolean => {
  const insn = decodeInsn(bytes, 0);
  const newer = insn.kind === 'loadAcquire' || insn.kind === 'storeRelease' || insn.kind === 'gotox';
  return newer || (!alu32 && insn.kind === 'atomic' && insn.size === 4);
};

const compareLine = (file: string, line: RegExpExecArray, alu32: boolean): Difference | undefined => {
  const bytes = Uint8Array.from(Buffer.from((line[2] ?? '').replaceAll(' ', ''), 'hex'));
  const theirs = withoutSymbol(line[3] ?? '');
  const text = ours(bytes, alu32);
  const difference = { file, slot: Number(line[1]), theirs, ours: text };
  if (theirs === '<unknown>' && text !== theirs && isUnknownToLlvm(bytes, alu32)) return undefined;
  if (theirs !== text) return difference;
  return text === '<unknown>' || returns(bytes)
    ? undefined
    : { ...difference, ours: `${text} (does not assemble back)` };
};

/** Disassembles an object with llvm-objdump and compares every instruction. */
export function compareObject(objdump: string, file: string, alu32 = true): Comparison {
  // Without a cpu LLVM leaves out instructions that need v3; with one it prints w registers where it can.
  const cpu = alu32 ? ['--mcpu=v4'] : [];
  const run = spawnSync(objdump, ['-d', ...cpu, file], { encoding: 'utf8', maxBuffer: 1 << 30 });
  const matches = run.stdout
    .split('\n')
    .map((text) => LINE.exec(text))
    .filter((match) => match !== null);
  const differences = matches.flatMap((match) => compareLine(file, match, alu32) ?? []);
  return { insns: matches.length, differences };
}
