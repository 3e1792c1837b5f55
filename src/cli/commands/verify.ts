import {
  checkStructure,
  Engine,
  helperName,
  type ObjectFile,
  type Program,
  type ProgramType,
  WebpfError,
} from '../../index.ts';
import type { Register } from '../command.ts';
import { describeError } from '../fail.ts';
import { noProgram, readProgramFile } from '../input.ts';
import type { Io } from '../io.ts';
import { printJson } from '../json.ts';
import { jsonOption, type ProgramOptions, programOption, typeOption } from '../options.ts';
import { plural, styled } from '../text.ts';

interface Flags extends ProgramOptions {
  readonly log?: boolean;
  readonly json?: boolean;
}

type Verdict = 'accept' | 'reject' | 'unsupported';

interface Judgement {
  readonly object: string;
  readonly section: string;
  readonly program: string;
  readonly type: ProgramType | 'unknown';
  readonly verdict: Verdict;
  readonly reason: string;
  readonly insn: number | null;
  readonly insnsProcessed: number;
  readonly ms: number;
  readonly log: readonly string[];
}

/** Errors that speak of webpf's limits, not of the program's faults. */
const limits: ReadonlySet<string> = new Set(['unsupported', 'missing-helper']);

const refusal = (error: WebpfError) => ({
  verdict: limits.has(error.code) ? ('unsupported' as const) : ('reject' as const),
  reason: describeError(error),
  insn: error.insn ?? null,
  insnsProcessed: 0,
  log: [],
});

interface Finding {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly insn: number | null;
  readonly insnsProcessed: number;
  readonly log: readonly string[];
}

function examine(program: Program, engine: Engine): Finding {
  const structure = checkStructure(program);
  const insnsProcessed = structure.decoded.insns.filter((insn) => insn !== undefined).length;
  const log = structure.subprograms.map(
    ({ name, start, length, cfg }) =>
      `${name}: slots ${start} to ${start + length - 1}, ${plural(cfg.blocks.length, 'block')}`,
  );
  const missing = [...structure.helpers].find(([id]) => !engine.helpers.has(id));
  if (!missing) return { verdict: 'accept', reason: '', insn: null, insnsProcessed, log };
  const [id, insn] = missing;
  const reason = `webpf does not have the helper ${helperName(id) ?? 'unknown'}#${id}, called at instruction ${insn}`;
  return { verdict: 'unsupported', reason, insn, insnsProcessed, log };
}

function judge(object: string, program: Program, engine: Engine): Judgement {
  const start = performance.now();
  const { name, section, type } = program;
  const finding = attempt(() => examine(program, engine));
  const ms = Number((performance.now() - start).toFixed(3));
  return { object, section, program: name, type, ...finding, ms };
}

function attempt(find: () => Finding): Finding {
  try {
    return find();
  } catch (error) {
    if (error instanceof WebpfError) return refusal(error);
    throw error;
  }
}

/** Programs that could not even be linked have a place in the table too. */
function refusedOf(file: ObjectFile, wanted: string | undefined): Judgement[] {
  return file.refused
    .filter(({ program }) => wanted === undefined || program === wanted)
    .map(({ program, section, error }) => ({
      object: file.name,
      section,
      program,
      type: 'unknown',
      ...refusal(error),
      ms: 0,
    }));
}

const styles = { accept: 'green', reject: 'red', unsupported: 'yellow' } as const;

function printJudgement(
  io: Io,
  { program, type, verdict, reason, insnsProcessed, log }: Judgement,
  flags: Flags,
): void {
  const word = styled(io, io.stdout, styles[verdict], verdict);
  const text = verdict === 'accept' ? plural(insnsProcessed, 'instruction') : reason;
  io.stdout.write(`${word}  ${program} (${type}): ${text}\n`);
  if (flags.log) for (const line of log) io.stdout.write(`        ${line}\n`);
}

async function verifyFile(io: Io, path: string, flags: Flags): Promise<number> {
  const file = await readProgramFile(path, io, flags.type);
  using engine = await Engine.create({ engine: 'interp' });
  const wanted = file.programs.filter(({ name }) => flags.program === undefined || name === flags.program);
  const judgements = [
    ...wanted.map((program) => judge(file.name, program, engine)),
    ...refusedOf(file, flags.program),
  ];
  if (judgements.length === 0) throw noProgram(file, flags.program);
  for (const judgement of judgements) {
    if (flags.json) printJson(io.stdout, fieldsOf(judgement));
    else printJudgement(io, judgement, flags);
  }
  if (!flags.json) io.stdout.write('structural checks only; the verifier comes later\n');
  return judgements.some(({ verdict }) => verdict === 'reject') ? 1 : 0;
}

const fieldsOf = ({ log: _, ...fields }: Judgement): Omit<Judgement, 'log'> => fields;

export const verify: Register = (cli, io, action) => {
  cli
    .command('verify')
    .description('check programs and say why one is refused (structural checks, until the verifier is here)')
    .argument('<file>', 'object file, assembly text (.s, .asm, .bpfasm) or raw bytecode (.bin)')
    .addOption(programOption())
    .addOption(typeOption())
    .option('--log', 'say what was found of each function')
    .addOption(jsonOption())
    .action(action((file: string, flags: Flags) => verifyFile(io, file, flags)));
};
