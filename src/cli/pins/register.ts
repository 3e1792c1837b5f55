import type { Action, Register } from '../command.ts';
import type { Io } from '../io.ts';
import { printDone } from './print.ts';
import { openPins, type PinFlags, type Session } from './session.ts';
import { badWords, Words } from './words.ts';

type Commands = Readonly<Record<string, (session: Session) => number | Promise<number>>>;

/** Not one of bpftool's, which has a file system for it. */
function unpin(session: Session): number {
  const name = session.words.next('the name of the pin');
  session.words.end();
  session.bpf.unpin(name);
  return printDone(session);
}

async function perform(
  io: Io,
  commands: Commands,
  [name = 'show', ...rest]: readonly string[],
  flags: PinFlags,
) {
  const all: Commands = { ...commands, unpin };
  const command = Object.hasOwn(all, name) ? all[name] : undefined;
  if (command === undefined)
    throw badWords(`"${name}" is no command: there are ${Object.keys(all).join(', ')}`);
  using bpf = await openPins(io, flags);
  return await command({ io, bpf, words: new Words(rest), flags });
}

/** A command with bpftool's grammar, over what is pinned in a directory. */
export const registerPins =
  (name: string, description: string, grammar: string, commands: Commands): Register =>
  (cli, io, action: Action) => {
    cli
      .command(name)
      .description(description)
      .argument('[words...]', 'as bpftool has them (below); show without any')
      .option('--pins <dir>', 'directory of what is pinned (WEBPF_PINS; ./pins without either)')
      .option('-j, --json', 'print JSON, as bpftool does')
      .option('-p, --pretty', 'print JSON with line ends')
      .addHelpText('after', `\n${grammar}\n`)
      .action(
        action((words: readonly string[], flags: PinFlags) => {
          if (words[0] !== 'help') return perform(io, commands, words, flags);
          io.stdout.write(`${grammar}\n`);
          return 0;
        }),
      );
  };
