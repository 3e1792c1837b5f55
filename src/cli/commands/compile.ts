import { writeFileSync } from 'node:fs';
import { open, type ProgramType } from '../../index.ts';
import type { Register } from '../command.ts';
import { readProgramFile, writing } from '../input.ts';
import type { Io } from '../io.ts';
import { printJson } from '../json.ts';
import {
  btfOption,
  cpusOption,
  globalOption,
  jsonOption,
  modeOptions,
  programOption,
  typeOption,
} from '../options.ts';
import { noteSandbox } from '../run/note.ts';
import { grouped } from '../text.ts';

interface Flags {
  readonly output: string;
  readonly program?: string;
  readonly type?: ProgramType;
  readonly btf?: string;
  readonly sandbox?: boolean;
  readonly trusted?: boolean;
  readonly cpus?: number;
  readonly global?: Readonly<Record<string, unknown>>;
  readonly json?: boolean;
}

async function compileFile(io: Io, file: string, flags: Flags): Promise<number> {
  const { output, program, sandbox = false, trusted = false, cpus = 1, global = {}, json } = flags;
  const options = { sandbox, trusted, cpus, globals: global };
  using object = await open(await readProgramFile(file, io, flags), options);
  const start = performance.now();
  const { wasm, info } = await object.artifact(program);
  const ms = Math.round(performance.now() - start);
  noteSandbox(io, info.name, info.mode, flags);
  await writing(output, () => writeFileSync(output, wasm));
  if (json) printJson(io.stdout, { program: info.name, output, bytes: wasm.length, ms, mode: info.mode });
  else io.stdout.write(`${output}: ${info.name}, ${grouped(wasm.length)} bytes in ${ms} ms\n`);
  return 0;
}

export const compile: Register = (cli, io, action) => {
  const command = cli
    .command('compile')
    .description(
      'verify a program and translate it to WebAssembly, as a file that later starts need no compiler for',
    )
    .argument('<file>', 'object file, assembly text (.s, .asm, .bpfasm) or raw bytecode (.bin)')
    .requiredOption('-o, --output <file>', 'where the module goes')
    .addOption(programOption())
    .addOption(typeOption())
    .addOption(btfOption())
    .addOption(cpusOption())
    .addOption(globalOption())
    .addOption(jsonOption());
  modeOptions(command).action(action((file: string, flags: Flags) => compileFile(io, file, flags)));
};
