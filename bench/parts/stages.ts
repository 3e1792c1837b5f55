/** What stands between a program and its first result, stage by stage, in a process that is warm. */
import {
  type Artifact,
  type BpfObject,
  type BpfProgram,
  type ObjectFile,
  open,
  type Program,
  type Source,
  verify,
} from '../../src/index.ts';
import { timeEach } from '../measure.ts';
import type { Timing } from '../stats.ts';

/** ms each. */
export interface Stages {
  readonly insns: number;
  readonly verify: Timing;
  readonly translate: Timing;
  readonly translateUnoptimised: Timing;
  readonly compile: Timing;
  readonly firstRun: Timing;
}

const WARM_UPS = 20;

/** V8 remembers modules by their bytes: an empty section with a number for a name makes each a new one. */
function unseen(wasm: Uint8Array, turn: number): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(wasm.length + 7);
  made.set(wasm);
  made.set([0, 5, 4], wasm.length);
  new DataView(made.buffer).setUint32(wasm.length + 3, turn & 0x7f7f7f7f);
  return made;
}

async function translated(source: Source, name: string, optimize: boolean | undefined, times: number) {
  using object = await open(source, optimize === undefined ? {} : { optimize });
  await object.program(name);
  let artifact: Artifact | undefined;
  const timing = await timeEach(times, async () => {
    artifact = await object.artifact(name);
  });
  if (artifact === undefined) throw new Error(`${name} was not translated`);
  return { timing, wasm: artifact.wasm };
}

/** The first run of programs that were never run, told apart by their names: V8 compiles them as they are called. */
async function firstRuns(program: Program, input: Uint8Array, times: number): Promise<Timing> {
  const objects: BpfObject[] = [];
  const programs: BpfProgram[] = [];
  for (let i = 0; i < times; i++) {
    const object = await open({ ...program, name: `${program.name}_${i}` });
    objects.push(object);
    programs.push(await object.program());
  }
  const timing = await timeEach(times, (turn) => programs[turn]?.run(input));
  for (const object of objects) object[Symbol.dispose]();
  return timing;
}

export async function stagesOf(
  file: ObjectFile,
  name: string,
  input: Uint8Array,
  times: number,
): Promise<Stages> {
  const program = file.programs.find((each) => each.name === name);
  if (program === undefined) throw new Error(`${file.name} has no program ${name}`);
  const optimised = await translated(file, name, undefined, times);
  const unoptimised = await translated(file, name, false, times);
  return {
    insns: program.code.length / 8,
    verify: await timeEach(times, () => verify(program)),
    translate: optimised.timing,
    translateUnoptimised: unoptimised.timing,
    compile: await timeEach(times, (turn) => new WebAssembly.Module(unseen(optimised.wasm, turn))),
    firstRun: await firstRuns(program, input, times),
  };
}

/** Brings the verifier, the translation and Binaryen into V8's optimised code: what comes first is not the slowest. */
export async function warmUp(file: ObjectFile, name: string, input: Uint8Array): Promise<void> {
  await stagesOf(file, name, input, WARM_UPS);
}
