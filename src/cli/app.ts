import { Command, CommanderError } from 'commander';
import { version, WebpfError } from '../index.ts';
import type { Action, Register } from './command.ts';
import { asm } from './commands/asm.ts';
import { bench } from './commands/bench.ts';
import { compile } from './commands/compile.ts';
import { disasm } from './commands/disasm.ts';
import { link } from './commands/link.ts';
import { map } from './commands/map.ts';
import { plugin } from './commands/plugin.ts';
import { prog } from './commands/prog.ts';
import { run } from './commands/run.ts';
import { verify } from './commands/verify.ts';
import { printError } from './fail.ts';
import type { Io } from './io.ts';

const commands: Readonly<Record<string, Register>> = {
  run,
  verify,
  disasm,
  asm,
  compile,
  link,
  bench,
  map,
  prog,
  plugin,
};

/** The command that is named, as all of them take a while; all where help, or an error, has to list them. */
function commandsFor([name = '']: readonly string[]): readonly Register[] {
  const named = Object.hasOwn(commands, name) ? commands[name] : undefined;
  return named ? [named] : Object.values(commands);
}

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

function createCli(io: Io, registers: readonly Register[], finish: (code: number) => void): Command {
  const cli = new Command('webpf')
    .description('Runs eBPF programs: checks them, translates them to WebAssembly or interprets them')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'webpf: ').replace(/\n(?=.)/g, ' ')),
      getOutHelpWidth: () => io.stdout.columns,
      getErrHelpWidth: () => io.stderr.columns,
    });
  const action: Action =
    (handler) =>
    async (...given) =>
      finish(await handler(...given));
  for (const register of registers) register(cli, io, action);
  return cli;
}

/** What a command line with a mistake in it ends with; help and version are no mistakes. */
const usageStatus = (error: CommanderError): number => (error.exitCode === 0 ? 0 : EXIT_USAGE);

/**
 * Runs a command line.
 *
 * @param argv the arguments after the name of the program
 * @returns the exit status: 0, 1 for a failure (one line on stderr says which), 2 for a wrong command line
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let status = 0;
  const cli = createCli(io, commandsFor(argv), (code) => {
    status = code;
  });
  try {
    await cli.parseAsync([...argv], { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError && !(error instanceof WebpfError)) return usageStatus(error);
    printError(io, error);
    return EXIT_FAILURE;
  }
}
