import { Option } from 'commander';
import { disassembleLines, type LineInfo, type Program, type ProgramType } from '../../index.ts';
import type { Register } from '../command.ts';
import { pickPrograms, readProgramFile } from '../input.ts';
import type { Io } from '../io.ts';
import { printJson } from '../json.ts';
import { jsonOption, programOption, typeOption } from '../options.ts';
import { plural, styled } from '../text.ts';

interface Flags {
  readonly program?: string;
  readonly type?: ProgramType;
  readonly dialect: 'kernel' | 'llvm';
  readonly source?: boolean;
  readonly json?: boolean;
}

const SLOT_BYTES = 8;
/** Programs are printed a piece at a time, as a million instructions make a long text. */
const FLUSH_LINES = 4096;

const functionAt = (program: Program): ReadonlyMap<number, string> =>
  new Map(program.subprograms.map(({ start, name }) => [start, name]));

const sourceText = ({ file, line, text }: LineInfo): string => `; ${text.trim() || `${file}:${line}`}`;

/** The lines of one program: names of functions, source lines where asked for, instructions. */
function* listing(io: Io, program: Program, { dialect, source }: Flags): Generator<string> {
  const functions = functionAt(program);
  const sources = new Map(source ? program.lines.map((line) => [line.insn, line]) : []);
  const symbol = (slot: number): string | undefined => functions.get(slot);
  let shown = '';
  const { code, kfuncs } = program;
  for (const { insn, text } of disassembleLines(code, { dialect, symbol, kfuncs, tolerant: true })) {
    const name = functions.get(insn);
    if (name !== undefined) yield `${name}:`;
    const line = sources.get(insn);
    const place = line ? `${line.file}:${line.line}` : shown;
    // One line of C may have many entries, for its columns.
    if (line && place !== shown) yield styled(io, io.stdout, 'dim', sourceText(line));
    shown = place;
    yield `${`${insn}`.padStart(5)}: ${text}`;
  }
}

function printListing(io: Io, program: Program, flags: Flags): void {
  const { name, section, type, code } = program;
  const place = section === '' ? '' : `section ${section}, `;
  const head = `${name} (${place}type ${type}, ${plural(code.length / SLOT_BYTES, 'slot')})`;
  io.stdout.write(`${styled(io, io.stdout, 'bold', head)}\n`);
  let lines: string[] = [];
  for (const line of listing(io, program, flags)) {
    lines.push(`${line}\n`);
    if (lines.length < FLUSH_LINES) continue;
    io.stdout.write(lines.join(''));
    lines = [];
  }
  io.stdout.write(lines.join(''));
}

function printLines(io: Io, program: Program, { dialect }: Flags): void {
  const sources = new Map(program.lines.map((line) => [line.insn, line]));
  const { code, kfuncs } = program;
  for (const { insn, bytes, text } of disassembleLines(code, { dialect, kfuncs, tolerant: true })) {
    const line = sources.get(insn);
    const source = line && { file: line.file, line: line.line, text: line.text.trim() };
    printJson(io.stdout, { program: program.name, insn, bytes, text, source });
  }
}

async function disassembleFile(io: Io, path: string, flags: Flags): Promise<number> {
  const file = await readProgramFile(path, io, flags.type);
  pickPrograms(file, flags.program).forEach((program, index) => {
    if (index > 0 && !flags.json) io.stdout.write('\n');
    (flags.json ? printLines : printListing)(io, program, flags);
  });
  return 0;
}

export const disasm: Register = (cli, io, action) => {
  const dialect = new Option('--dialect <dialect>', 'as bpftool prints instructions, or as llvm-objdump');
  cli
    .command('disasm')
    .description('print the instructions of programs, linked as they run')
    .argument('<file>', 'object file, assembly text (.s, .asm, .bpfasm) or raw bytecode (.bin)')
    .addOption(programOption())
    .addOption(typeOption())
    .addOption(dialect.choices(['kernel', 'llvm']).default('kernel'))
    .option('--source', 'the line of source before its instructions, where the object has it')
    .addOption(jsonOption())
    .action(action((file: string, flags: Flags) => disassembleFile(io, file, flags)));
};
