import { Option } from 'commander';
import { disassembleArtifact, disassembleLines, open, type Program, type ProgramType } from '../../index.ts';
import type { Register } from '../command.ts';
import { pickPrograms, readProgramFile } from '../input.ts';
import type { Io } from '../io.ts';
import { printJson } from '../json.ts';
import { btfOption, jsonOption, modeOptions, programOption, typeOption } from '../options.ts';
import { noteSandbox } from '../run/note.ts';
import { functionNames, SourceLines } from '../show/source.ts';
import { printTranslation, printTranslationLines } from '../show/translation.ts';
import { plural, styled } from '../text.ts';

interface Flags {
  readonly program?: string;
  readonly type?: ProgramType;
  readonly btf?: string;
  readonly dialect: 'kernel' | 'llvm';
  readonly source?: boolean;
  readonly engine?: 'jit';
  readonly sandbox?: boolean;
  readonly trusted?: boolean;
  readonly json?: boolean;
}

const SLOT_BYTES = 8;
/** Programs are printed a piece at a time, as a million instructions make a long text. */
const FLUSH_LINES = 4096;

/** The lines of one program: names of functions, source lines where asked for, instructions. */
function* listing(io: Io, program: Program, { dialect, source }: Flags): Generator<string> {
  const functions = functionNames(program);
  const sources = new SourceLines(source ? program.lines : []);
  const symbol = (slot: number): string | undefined => functions.get(slot);
  const { code, kfuncs } = program;
  for (const { insn, text } of disassembleLines(code, { dialect, symbol, kfuncs, tolerant: true })) {
    const name = functions.get(insn);
    if (name !== undefined) yield `${name}:`;
    const line = sources.begunAt(insn);
    if (line !== undefined) yield styled(io, io.stdout, 'dim', line);
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

/** The code that the JIT makes of programs, beside their instructions. */
async function disassembleTranslated(io: Io, path: string, flags: Flags): Promise<number> {
  const { sandbox = false, trusted = false, json } = flags;
  const file = await readProgramFile(path, io, flags);
  using object = await open(file, { sandbox, trusted });
  for (const [index, program] of pickPrograms(file, flags.program).entries()) {
    const artifact = await object.artifact(program.name, { positions: 'all' });
    const { mode } = artifact.info;
    noteSandbox(io, program.name, mode, flags);
    if (index > 0 && !json) io.stdout.write('\n');
    const print = json ? printTranslationLines : printTranslation;
    print(
      io,
      program,
      { functions: disassembleArtifact(artifact), mode, bytes: artifact.wasm.length },
      flags,
    );
  }
  return 0;
}

async function disassembleFile(io: Io, path: string, flags: Flags): Promise<number> {
  const file = await readProgramFile(path, io, flags);
  pickPrograms(file, flags.program).forEach((program, index) => {
    if (index > 0 && !flags.json) io.stdout.write('\n');
    (flags.json ? printLines : printListing)(io, program, flags);
  });
  return 0;
}

export const disasm: Register = (cli, io, action) => {
  const dialect = new Option('--dialect <dialect>', 'as bpftool prints instructions, or as llvm-objdump');
  const engine = new Option('-e, --engine <engine>', 'beside the instructions what the JIT makes of them');
  const command = cli
    .command('disasm')
    .description('print the instructions of programs, linked as they run')
    .argument(
      '<file>',
      'object file, assembly text (.s, .asm, .bpfasm), raw bytecode (.bin) or classic filter (.cbpf, .seccomp, tcpdump -ddd)',
    )
    .addOption(programOption())
    .addOption(typeOption())
    .addOption(btfOption())
    .addOption(dialect.choices(['kernel', 'llvm']).default('kernel'))
    .option('--source', 'the line of source before its instructions, where the object has it')
    .addOption(engine.choices(['jit']))
    .addOption(jsonOption());
  modeOptions(command).action(
    action((file: string, flags: Flags, self: typeof command) => {
      if (flags.engine === 'jit') return disassembleTranslated(io, file, flags);
      if (flags.sandbox || flags.trusted)
        self.error("error: '--sandbox' and '--trusted' need '--engine jit'");
      return disassembleFile(io, file, flags);
    }),
  );
};
