import { type EngineKind, type ObjectFile, open, type ProofMode } from '../../index.ts';
import type { Register } from '../command.ts';
import { readData, readProgramFile } from '../input.ts';
import type { Io } from '../io.ts';
import { printJson } from '../json.ts';
import {
  btfOption,
  type EngineFlags,
  engineSettings,
  integerFrom,
  jsonOption,
  openOptionsOf,
  type ProgramOptions,
  programOption,
  typeOption,
} from '../options.ts';
import { type BenchInput, captureInput, packetInput } from '../run/benchInput.ts';
import { noteSandbox } from '../run/note.ts';
import { table } from '../table.ts';
import { grouped } from '../text.ts';

interface Flags extends ProgramOptions, Omit<EngineFlags, 'engine'> {
  readonly data?: string;
  readonly capture?: string;
  readonly seconds: number;
  readonly json?: boolean;
}

interface Measured {
  readonly program: string;
  readonly engine: EngineKind;
  readonly nsPerRun: number;
  readonly runs: number;
  readonly loadMs: number;
}

const engines: readonly EngineKind[] = ['interp', 'jit'];
const SAMPLES = 15;
/** Runs before measuring: V8 has put its optimised code in place by then. */
const WARM_UP_SHARE = 0.2;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const rounded = (value: number): number => Number(value.toPrecision(4));

/** Runs a sample about as long as asked, from what a first one took. */
function scale(input: BenchInput, ms: number): number {
  let count = 1;
  for (;;) {
    const start = performance.now();
    const { runs } = input.sample(count);
    const elapsed = performance.now() - start;
    if (elapsed >= ms || runs >= 1e9) return Math.max(1, Math.round((count * ms) / elapsed));
    count = Math.min(count * Math.max(2, Math.min(10, Math.ceil(ms / Math.max(elapsed, 0.01)))), 1e9);
  }
}

async function measure(
  file: ObjectFile,
  engine: EngineKind,
  flags: Flags,
  note: (name: string, mode: ProofMode) => void,
): Promise<Measured> {
  const start = performance.now();
  using object = await open(file, openOptionsOf({ ...flags, engine, cache: false }, {}));
  const program = await object.program(flags.program);
  const loadMs = performance.now() - start;
  note(program.name, program.mode);
  const input =
    flags.capture === undefined
      ? packetInput(program, await readData(flags.data ?? ''))
      : await captureInput(program, flags.capture);
  const ms = flags.seconds * 1000;
  const count = scale(input, Math.max(1, (ms * WARM_UP_SHARE) / 2));
  const perSample = Math.max(1, Math.round((count * 2) / (WARM_UP_SHARE * SAMPLES)));
  const samples = Array.from({ length: SAMPLES }, () => input.sample(perSample));
  return {
    program: program.name,
    engine,
    nsPerRun: rounded(median(samples.map((sample) => sample.nsPerRun))),
    runs: samples.reduce((sum, sample) => sum + sample.runs, 0),
    loadMs: rounded(loadMs),
  };
}

const rowOf = ({ program, engine, nsPerRun, runs, loadMs }: Measured): string[] => [
  program,
  engine,
  `${nsPerRun}`,
  grouped(runs),
  `${loadMs}`,
];

async function benchFile(io: Io, file: string, flags: Flags): Promise<number> {
  const object = await readProgramFile(file, io, flags);
  const results: Measured[] = [];
  for (const engine of engines) {
    const note = (name: string, mode: ProofMode): void => {
      if (results.length === 0) noteSandbox(io, name, mode, flags);
    };
    const measured = await measure(object, engine, flags, note);
    results.push(measured);
    if (flags.json) printJson(io.stdout, measured);
  }
  if (!flags.json)
    io.stdout.write(table(['program', 'engine', 'ns per run', 'runs', 'load ms'], results.map(rowOf)));
  return 0;
}

export const bench: Register = (cli, io, action) => {
  const command = cli
    .command('bench')
    .description('measure ns per run in both engines: the median of 15 samples')
    .argument(
      '<file>',
      'object file, translated program (.wasm), assembly text (.s, .asm, .bpfasm) or raw bytecode (.bin)',
    )
    .addOption(programOption())
    .addOption(typeOption())
    .addOption(btfOption())
    .option('-d, --data <hex|@file>', 'the packet or memory of every run')
    .option('-c, --capture <file>', 'run over the packets of a capture')
    .option('--seconds <n>', 'time for each engine', integerFrom(1), 1)
    .addOption(jsonOption());
  engineSettings(command).action(action((file: string, flags: Flags) => benchFile(io, file, flags)));
};
