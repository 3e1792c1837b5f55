import type { Program } from '../frontend/program.ts';
import { Checker, type CheckOptions } from '../interp/checker.ts';
import type { Proof } from '../verifier/proof.ts';
import type { Structure } from '../verifier/structure.ts';
import type { Engine } from './engine.ts';
import { oneByOne } from './oneByOne.ts';
import type { Executor } from './program.ts';

/** A program that the interpreter can run in the sandbox. */
interface Runnable {
  readonly program: Program;
  readonly structure: Structure;
  readonly maps: readonly { readonly address: number }[];
  readonly descriptor: { readonly address: number };
}

/** The interpreter in its checking mode: a fact of the proof that does not hold stops the program. */
export function checkedInterpreter(
  engine: Engine,
  { program, structure, maps, descriptor }: Runnable,
  proof: Proof,
  options: CheckOptions = {},
): Pick<Executor, 'batch'> {
  const host = { memory: engine.memory.memory, exports: engine.exports, run: engine.run };
  const subject = {
    program,
    insns: structure.decoded.insns,
    proof,
    descriptor: descriptor.address,
    maps: maps.map(({ address }) => address),
  };
  const checker = new Checker(host, subject, options);
  return { batch: oneByOne(engine, (record) => checker.run(record)) };
}
