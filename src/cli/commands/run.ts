import { open } from '../../index.ts';
import type { Register } from '../command.ts';
import { readData, readProgramFile } from '../input.ts';
import type { Io } from '../io.ts';
import {
  btfOption,
  cacheOption,
  engineOption,
  engineSettings,
  integerFrom,
  jsonOption,
  limit,
  openOptionsOf,
  programOption,
  typeOption,
} from '../options.ts';
import { runCapture } from '../run/capture.ts';
import type { RunFlags } from '../run/flags.ts';
import { noteSandbox } from '../run/note.ts';
import { runPacket } from '../run/packet.ts';

async function runFile(io: Io, file: string, flags: RunFlags): Promise<number> {
  using object = await open(await readProgramFile(file, io, flags), openOptionsOf(flags, io.env));
  const program = await object.program(flags.program);
  noteSandbox(io, program.name, program.mode, flags);
  const { capture } = flags;
  if (capture !== undefined) return await runCapture(io, object, program, capture, flags);
  return runPacket(io, object, program, await readData(flags.data ?? ''), flags);
}

const DEFAULT_ROWS = 10;

export const run: Register = (cli, io, action) => {
  const command = cli
    .command('run')
    .description('verify a program, run it over a packet or a capture; print verdicts, rate and maps')
    .argument(
      '<file>',
      'object file, translated program (.wasm), assembly text (.s, .asm, .bpfasm), raw bytecode (.bin) or classic filter (.cbpf, .seccomp, tcpdump -ddd)',
    )
    .addOption(programOption())
    .addOption(typeOption())
    .addOption(btfOption())
    .addOption(engineOption('auto'))
    .addOption(cacheOption())
    .option('-d, --data <hex|@file>', 'one packet (or memory, for programs without packets)')
    .option('-c, --capture <file>', 'every packet of a pcap or pcapng file; - for standard input')
    .option('-n, --repeat <n>', 'run that many times', integerFrom(1), 1)
    .option('-w, --write <pcap>', 'write the packets that are not dropped, as the program left them')
    .option('--profile', 'count how often each instruction is executed, and show it on the source (JIT only)')
    .option('--maps <n|all|none>', 'rows of each map to print; with --json none by default', limit)
    .option('--printk <n|all|none>', 'lines of bpf_trace_printk to print', limit, DEFAULT_ROWS)
    .addOption(jsonOption());
  engineSettings(command).action(
    action((file: string, flags: RunFlags, self: typeof command) => {
      if (flags.data !== undefined && flags.capture !== undefined) {
        self.error("error: option '--data' cannot be used with '--capture'");
      }
      if (flags.capture === '-' && (file === '-' || flags.repeat > 1)) {
        self.error("error: '--capture -' reads standard input, once: no '--repeat', no other '-'");
      }
      if (flags.write !== undefined && flags.capture === undefined) {
        self.error("error: option '--write' needs '--capture'");
      }
      return runFile(io, file, { ...flags, maps: flags.maps ?? (flags.json ? 0 : DEFAULT_ROWS) });
    }),
  );
};
