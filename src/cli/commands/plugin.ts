import { type EngineKind, type ObjectFile, open, programFromBytes, readObject } from '../../index.ts';
import type { Register } from '../command.ts';
import { parseHex } from '../hex.ts';
import { readStdin } from '../input.ts';
import type { Io } from '../io.ts';
import { engineOption } from '../options.ts';

/** What the runner of the conformance suite passes to plugins. */
interface Flags {
  readonly program?: string;
  readonly engine: EngineKind;
  readonly elf?: boolean;
  readonly debug?: boolean;
}

async function readProgram(
  io: Io,
  { program, elf }: Flags,
): Promise<ObjectFile | ReturnType<typeof programFromBytes>> {
  const text = program ?? new TextDecoder().decode(await readStdin(io));
  const bytes = parseHex(text);
  return elf ? readObject(bytes, '<stdin>') : programFromBytes(bytes, { name: 'main' });
}

async function runPlugin(io: Io, memory: string | undefined, flags: Flags): Promise<number> {
  // In the sandbox: the suite has vectors of no type that the verifier would refuse.
  const options = { engine: flags.engine, context: 'memory', sandbox: true } as const;
  using object = await open(await readProgram(io, flags), options);
  const program = await object.program();
  if (flags.debug) io.stderr.write(`${program.name}: ${program.spec.code.length / 8} slots\n`);
  const { r0 } = program.run(parseHex(memory ?? ''));
  io.stdout.write(`${r0.toString(16)}\n`);
  return 0;
}

export const plugin: Register = (cli, io, action) => {
  cli
    .command('plugin')
    .description(
      "plugin of the bpf_conformance suite: a program's bytes as hex on stdin, r0 in hex on stdout",
    )
    .argument('[memory]', 'memory the program is given, as hex')
    .option('--program <hex>', 'the bytes of the program, instead of stdin')
    .option('--elf', 'the bytes are an ELF object')
    .option('--debug', 'say on stderr what is run')
    .addOption(engineOption('jit'))
    .action(action((memory: string | undefined, flags: Flags) => runPlugin(io, memory, flags)));
};
