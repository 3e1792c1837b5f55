import type { VerifyOptions } from '../../index.ts';
import type { Register } from '../command.ts';
import { noProgram, readProgramFile } from '../input.ts';
import type { Io } from '../io.ts';
import { printJson } from '../json.ts';
import { btfOption, jsonOption, type ProgramOptions, programOption, typeOption } from '../options.ts';
import { printJudgement } from '../show/rejection.ts';
import { styled } from '../text.ts';
import { ProgramBar } from '../verify/bar.ts';
import { type Judgement, judge, judgeUnlinked } from '../verify/judge.ts';

interface Flags extends ProgramOptions {
  readonly log?: boolean;
  readonly unprivileged?: boolean;
  readonly strictAlignment?: boolean;
  readonly json?: boolean;
}

const optionsOf = ({ log, unprivileged, strictAlignment }: Flags): VerifyOptions => ({
  ...(log && { logLevel: 2 }),
  ...(unprivileged !== undefined && { unprivileged }),
  ...(strictAlignment !== undefined && { strictAlignment }),
});

/** The walk goes before the verdict that it leads to. */
function print(io: Io, judgement: Judgement, json: boolean): void {
  if (json) {
    printJson(io.stdout, judgement);
    return;
  }
  const { log, program } = judgement;
  if (log !== undefined) {
    io.stdout.write(`${styled(io, io.stdout, 'bold', `${program}:`)}\n`);
    for (const line of log) io.stdout.write(`${line}\n`);
  }
  printJudgement(io, judgement);
}

async function verifyFile(io: Io, path: string, flags: Flags): Promise<number> {
  const file = await readProgramFile(path, io, flags);
  const wanted = file.programs.filter(({ name }) => flags.program === undefined || name === flags.program);
  const unlinked = judgeUnlinked(file, flags.program);
  if (wanted.length + unlinked.length === 0) throw noProgram(file, flags.program);
  const json = flags.json === true;
  const bar = new ProgramBar(json ? { ...io, progress: undefined } : io, wanted.length);
  let isRejected = false;
  const say = (judgement: Judgement): void => {
    bar.hide();
    print(io, judgement, json);
    if (judgement.verdict === 'reject') isRejected = true;
  };
  for (const [done, program] of wanted.entries()) {
    await bar.show(done, program.name);
    say(await judge(file.name, program, optionsOf(flags)));
  }
  unlinked.forEach(say);
  return isRejected ? 1 : 0;
}

export const verify: Register = (cli, io, action) => {
  cli
    .command('verify')
    .description('verify programs by the rules of the Linux kernel; status 1 when one is rejected')
    .argument('<file>', 'object file, assembly text (.s, .asm, .bpfasm) or raw bytecode (.bin)')
    .addOption(programOption())
    .addOption(typeOption())
    .addOption(btfOption())
    .option('--log', "print the whole walk, as the kernel's verifier logs it")
    .option('--unprivileged', 'the rules for users without CAP_BPF')
    .option('--strict-alignment', 'every access aligned to its size (BPF_F_STRICT_ALIGNMENT)')
    .addOption(jsonOption())
    .action(action((file: string, flags: Flags) => verifyFile(io, file, flags)));
};
