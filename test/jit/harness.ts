/** Runs programs given as instructions through the JIT, beside the interpreter's harness, without an engine. */
import * as layout from '../../src/abi/layout.ts';
import type { MapSpec, Program } from '../../src/frontend/program.ts';
import { encode } from '../../src/isa/encode.ts';
import type { Insn } from '../../src/isa/insn.ts';
import type { Artifact } from '../../src/jit/artifact.ts';
import { type Bindings, instantiate, type TranslatedProgram } from '../../src/jit/instantiate.ts';
import { type TranslateOptions, translate } from '../../src/jit/translate.ts';
import { type Proof, sandboxProof } from '../../src/verifier/proof.ts';
import { checkStructure } from '../../src/verifier/structure.ts';
import { KFUNCS, Machine, type Outcome, type ProgramInput, type RunOptions } from '../interp/harness.ts';

const map = (index: number): MapSpec => ({
  name: `map${index}`,
  type: 2,
  keySize: 4,
  valueSize: 8,
  maxEntries: 4,
  flags: 0,
  section: '',
});

export const programOf = (insns: readonly (Insn | undefined)[], maps = 0): Program => ({
  name: 'main',
  section: '',
  type: 'unspec',
  typeGuessed: false,
  attachTo: '',
  sleepable: false,
  frags: false,
  autoload: true,
  code: encode(insns.filter((insn) => insn !== undefined)),
  subprograms: [],
  maps: Array.from({ length: maps }, (_, index) => map(index)),
  kfuncs: KFUNCS,
  lines: [],
  license: 'GPL',
});

export const translateInsns = (
  insns: readonly (Insn | undefined)[],
  proof: Proof = sandboxProof,
  options: TranslateOptions = {},
  maps = 0,
): Promise<Artifact> => {
  const program = programOf(insns, maps);
  return translate(program, checkStructure(program), proof, options);
};

/** A machine whose programs are translated as well as predecoded. */
export class JitMachine extends Machine {
  readonly #translated = new Map<number, TranslatedProgram>();

  bindings(prog: number, maps: readonly number[]): Bindings {
    return {
      memory: this.memory,
      run: this.run,
      program: prog,
      functions: this.u32(prog + layout.PROG_FUNCS),
      maps,
      values: maps.map((address) => this.u32(address + layout.MAP_VALUES)),
      runtime: this.exports as Bindings['runtime'],
      hostHelper: (id, ...args) => {
        this.calls.push([id, ...args]);
        return this.hostResult(id, ...args);
      },
      kfunc: this.kfuncs.find,
    };
  }

  /** Writes a descriptor and binds the translation to it; its address. */
  async translate(input: ProgramInput, options: TranslateOptions = {}): Promise<number> {
    const prog = this.program(input);
    const maps = input.maps ?? [];
    const artifact = await translateInsns(input.insns, input.proof, options, maps.length);
    const translated = await instantiate(artifact, this.bindings(prog, maps));
    const { table } = this.exports;
    const first = table.grow(1 + translated.functions.length);
    table.set(first, translated.entry);
    this.setU32(prog + layout.PROG_TABLE_INDEX, first);
    translated.functions.forEach((fn, index) => {
      table.set(first + 1 + index, fn);
      const descriptor = this.u32(prog + layout.PROG_FUNCS) + index * layout.FUNC_SIZE;
      this.setU32(descriptor + layout.FUNC_TABLE_INDEX, first + 1 + index);
    });
    this.#translated.set(prog, translated);
    return prog;
  }

  executeTranslated(prog: number, { packet = [], budget }: RunOptions = {}): Outcome {
    if (budget !== undefined) this.view.setBigInt64(this.run + layout.RUN_BUDGET, BigInt(budget), true);
    const record = this.record(packet);
    try {
      this.#translated.get(prog)?.batch(record, 1);
    } catch (error) {
      if (this.u32(this.run + layout.RUN_TRAP) === 0) throw error;
    }
    return this.outcome(record);
  }
}

/** Translates and runs instructions in a machine of their own. */
export async function executeTranslated(
  input: ProgramInput,
  options: RunOptions & TranslateOptions = {},
): Promise<Outcome> {
  const machine = new JitMachine(options.shared ? 'shared' : 'plain');
  return machine.executeTranslated(await machine.translate(input, options), options);
}
