import { writeFileSync } from 'node:fs';
import { assemble } from '../../index.ts';
import type { Register } from '../command.ts';
import { readText, writing } from '../input.ts';
import type { Io } from '../io.ts';
import { grouped, plural } from '../text.ts';

interface Flags {
  readonly output: string;
}

async function assembleFile(io: Io, file: string, { output }: Flags): Promise<number> {
  const name = file === '-' ? '<stdin>' : file;
  const { code, insns } = assemble(await readText(file, io), { name });
  if (output === '-') io.stdout.write(code);
  else {
    await writing(output, () => writeFileSync(output, code));
    io.stdout.write(`${output}: ${plural(insns.length, 'instruction')}, ${grouped(code.length)} bytes\n`);
  }
  return 0;
}

export const asm: Register = (cli, io, action) => {
  cli
    .command('asm')
    .description('assemble text (kernel, LLVM or conformance-suite syntax) to raw bytecode')
    .argument('<file>', 'assembly text; - for standard input')
    .requiredOption('-o, --output <file>', 'where the bytecode goes; - for standard output')
    .action(action((file: string, flags: Flags) => assembleFile(io, file, flags)));
};
