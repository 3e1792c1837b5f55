/** The WebAssembly module of a program: imports on first use, one function each, and the batch loop. */
import { RUN_FUEL } from '../abi/layout.ts';
import { WebpfError } from '../errors.ts';
import type { ProgramType } from '../frontend/program.ts';
import { helperName, TAIL_CALL } from '../isa/helpers.ts';
import { contextKindOf } from '../verifier/contexts/kind.ts';
import type { Proof } from '../verifier/proof.ts';
import { type Structure, type StructuredSubprogram, takenSubprograms } from '../verifier/structure.ts';
import { addBatch } from './batch.ts';
import type { Builder, Expr, Signature } from './builder.ts';
import { effectsOf } from './effects.ts';
import { translateFunction } from './function.ts';
import type { Window } from './hints.ts';
import * as names from './names.ts';
import type { Unit } from './scope.ts';

/** Types that get plain memory here rather than a context struct; a guess that costs little when it is wrong. */
const PLAIN_CONTEXTS: ReadonlySet<ProgramType> = new Set(['unspec', 'syscall']);

export interface ModuleInput {
  readonly structure: Structure;
  readonly proof: Proof;
  readonly type: ProgramType;
  readonly shared: boolean;
}

interface Named {
  readonly name: string;
  readonly slots: number;
}

/** Function names as they are, but each once. */
const nameFunctions = (subprograms: readonly StructuredSubprogram[]): Map<number, Named> => {
  const taken = new Set<string>([names.BATCH]);
  return new Map(
    subprograms.map(({ name, start, length }) => {
      const unique = taken.has(name) || name === '' ? `${name}@${start}` : name;
      taken.add(unique);
      return [start, { name: unique, slots: length }];
    }),
  );
};

/** Only subprograms return to code of this program after a tail call: the main one, too, where callx can reach it. */
const tailCallsInSubprograms = ({ decoded, subprograms, addressTaken }: Structure): boolean => {
  const first = addressTaken.includes(0) ? 0 : (subprograms[0]?.length ?? 0);
  return decoded.insns.some(
    (insn, slot) =>
      slot >= first && insn?.kind === 'call' && insn.target === 'helper' && insn.imm === TAIL_CALL,
  );
};

class ModuleUnit implements Unit {
  readonly b: Builder;
  readonly proof: Proof;
  readonly sandbox: boolean;
  readonly shared: boolean;
  readonly context: Window;
  readonly tailCallsBelow: boolean;
  readonly #functions: ReadonlyMap<number, Named>;
  readonly #positions: ReadonlyMap<number, number>;
  readonly #kfuncs: readonly string[];
  /** Names of what is imported already. */
  readonly #imported = new Set<string>();

  constructor(b: Builder, { structure, proof, type, shared }: ModuleInput) {
    this.b = b;
    this.proof = proof;
    this.sandbox = proof.mode === 'sandbox';
    this.shared = shared;
    this.context = PLAIN_CONTEXTS.has(type) ? 'packet' : 'context';
    this.tailCallsBelow = tailCallsInSubprograms(structure);
    this.#functions = nameFunctions(structure.subprograms);
    this.#kfuncs = structure.kfuncNames;
    this.#positions = new Map(takenSubprograms(structure).map(({ start }, position) => [start, position]));
  }

  functionAt(slot: number): Named {
    return this.#functions.get(slot) ?? this.#missing(slot);
  }

  functionPosition(slot: number): number {
    return this.#positions.get(slot) ?? this.#missing(slot);
  }

  runtime(name: names.RuntimeFunction): string {
    return this.#function(names.RUNTIME, name, names.RUNTIME_FUNCTIONS[name]);
  }

  helper(id: number): string | undefined {
    const name = helperName(id);
    return name === undefined ? undefined : this.#function(names.RUNTIME, name, names.HELPER);
  }

  kfunc(index: number): string | undefined {
    return this.#kfuncs[index];
  }

  hostHelper(): string {
    return this.#function(names.ENV, names.HOST_HELPER, names.HOST_HELPER_SIGNATURE);
  }

  guard(): string {
    const name = names.importedName('jit', 'guard');
    if (this.#isNew(name)) addGuard(this, name);
    return name;
  }

  global(name: string): Expr {
    if (this.#isNew(`global ${name}`)) this.b.importGlobal(name, names.ENV, name);
    return this.b.global(name);
  }

  table(): void {
    if (this.#isNew(names.TABLE)) this.b.importTable(names.ENV, names.TABLE);
  }

  #function(module: string, base: string, signature: Signature): string {
    const name = names.importedName(module, base);
    if (this.#isNew(name)) this.b.importFunction(name, module, base, signature);
    return name;
  }

  #isNew(name: string): boolean {
    if (this.#imported.has(name)) return false;
    this.#imported.add(name);
    return true;
  }

  #missing(slot: number): never {
    throw new WebpfError('bad-program', `no function of the program begins at insn ${slot}`, {
      stage: 'jit',
      insn: slot,
    });
  }
}

const addGuard = (unit: Unit, name: string): void => {
  const { b } = unit;
  const [fuel, ...checked] = names.GUARD.params.map((type, index) => b.get(index, type));
  if (fuel === undefined) return;
  const call = b.call(unit.runtime('check'), checked, names.GUARD.result);
  const body = [b.store('i64.store', unit.global(names.RUN), RUN_FUEL, fuel), b.return(call)];
  b.addFunction({ name, ...names.GUARD, locals: [], body, exports: [] });
};

/** Fills `builder` with the module of a program. */
export function buildModule(builder: Builder, input: ModuleInput): void {
  const { structure, shared } = input;
  const unit = new ModuleUnit(builder, input);
  builder.importMemory(names.ENV, names.MEMORY, shared);
  const exported = new Map(
    takenSubprograms(structure).map(({ start }) => [start, names.callbackExport(start)]),
  );
  for (const subprogram of structure.subprograms) {
    const exports = subprogram.start === 0 ? [names.ENTRY] : [];
    const callback = exported.get(subprogram.start);
    if (callback !== undefined) exports.push(callback);
    translateFunction(unit, subprogram, structure.decoded.insns, exports);
  }
  addBatch(unit, unit.functionAt(0).name, contextKindOf(input.type), effectsOf(structure, input.proof));
}
