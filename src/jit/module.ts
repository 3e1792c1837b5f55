/** The WebAssembly module of a program: imports on first use, one function each, and the batch loop. */

import { RUN_FUEL } from '../abi/layout.ts';
import { MAP_TYPE_ARENA } from '../abi/maps.ts';
import { WebpfError } from '../errors.ts';
import type { MapSpec, ProgramType } from '../frontend/program.ts';
import { helperName, TAIL_CALL } from '../isa/helpers.ts';
import { contextKindOf } from '../verifier/contexts/kind.ts';
import type { Proof } from '../verifier/proof.ts';
import { type Structure, type StructuredSubprogram, takenSubprograms } from '../verifier/structure.ts';
import { addBatch } from './batch.ts';
import type { Builder, Expr, FunctionSpec, Signature } from './builder.ts';
import { codeOfProgram } from './code.ts';
import { stretchesOf } from './counters.ts';
import { effectsOf } from './effects.ts';
import { translateFunction } from './function.ts';
import type { Window } from './hints.ts';
import * as names from './names.ts';
import { NO_INLINING, planInlining } from './opt/inline.ts';
import type { Optimization } from './opt/names.ts';
import { rulesOf } from './opt/rules.ts';
import type { Unit } from './scope.ts';
import { Values } from './ssa/values.ts';

/** Types that get plain memory here rather than a context struct; a guess that costs little when it is wrong. */
const PLAIN_CONTEXTS: ReadonlySet<ProgramType> = new Set(['unspec', 'syscall']);

export interface ModuleInput {
  readonly structure: Structure;
  readonly proof: Proof;
  readonly type: ProgramType;
  readonly maps: readonly MapSpec[];
  readonly shared: boolean;
  readonly profile: boolean;
  readonly uses: (optimization: Optimization) => boolean;
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

const GUARD_NAME = names.importedName('jit', 'guard');

class ModuleUnit implements Unit {
  readonly b: Builder;
  readonly proof: Proof;
  readonly sandbox: boolean;
  readonly shared: boolean;
  readonly context: Window;
  readonly arena: number;
  readonly counted: ReadonlySet<number> | undefined;
  readonly tailCallsBelow: boolean;
  readonly values: Values;
  readonly uses: (optimization: Optimization) => boolean;
  readonly #functions: ReadonlyMap<number, Named>;
  readonly #positions: ReadonlyMap<number, number>;
  readonly #kfuncs: readonly string[];
  readonly #maps: readonly MapSpec[];
  /** Names of what is imported, or defined, already. */
  readonly #imported = new Set<string>();
  readonly #defined: (() => FunctionSpec)[] = [];
  #labels = 0;

  constructor(b: Builder, { structure, proof, type, maps, shared, profile, uses }: ModuleInput) {
    this.uses = uses;
    this.values = new Values(rulesOf(uses));
    this.b = b;
    this.proof = proof;
    this.sandbox = proof.mode === 'sandbox';
    this.shared = shared;
    this.context = PLAIN_CONTEXTS.has(type) ? 'packet' : 'context';
    this.counted = profile ? new Set(stretchesOf(structure).map(({ start }) => start)) : undefined;
    this.tailCallsBelow = tailCallsInSubprograms(structure);
    this.#functions = nameFunctions(structure.subprograms);
    this.#kfuncs = structure.kfuncNames;
    this.#maps = maps;
    this.arena = maps.findIndex(({ type: mapType }) => mapType === MAP_TYPE_ARENA);
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

  kfunc(index: number): string {
    return this.#function(names.KFUNC, this.#kfuncs[index] ?? `#${index}`, names.HELPER);
  }

  hostHelper(): string {
    return this.#function(names.ENV, names.HOST_HELPER, names.HOST_HELPER_SIGNATURE);
  }

  guard(): string {
    this.define(GUARD_NAME, () => guardOf(this));
    return GUARD_NAME;
  }

  define(name: string, make: () => FunctionSpec): void {
    if (this.#isNew(name)) this.#defined.push(make);
  }

  /** Adds what was defined while others were written: expressions of one function are made in one go. */
  addDefined(): void {
    for (const make of this.#defined) this.b.addFunction(make());
  }

  map(index: number): MapSpec {
    const spec = this.#maps[index];
    if (spec) return spec;
    throw new WebpfError('bad-program', `the program has no map ${index}`, { stage: 'jit' });
  }

  label(): string {
    return `map ${this.#labels++}`;
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

const guardOf = (unit: Unit): FunctionSpec => {
  const { b } = unit;
  const [fuel, ...checked] = names.GUARD.params.map((type, index) => b.get(index, type));
  const call = b.call(unit.runtime('check'), checked, names.GUARD.result);
  const body = [b.store('i64.store', unit.global(names.RUN), RUN_FUEL, fuel as Expr), b.return(call)];
  return { name: GUARD_NAME, ...names.GUARD, locals: [], body, exports: [] };
};

/** Fills `builder` with the module of a program. */
export function buildModule(builder: Builder, input: ModuleInput): void {
  const { structure, shared } = input;
  const unit = new ModuleUnit(builder, input);
  const code = codeOfProgram(structure.decoded.insns, input.proof, unit.uses('branches'));
  const plan = unit.uses('inline') && !unit.sandbox ? planInlining(structure) : NO_INLINING;
  builder.importMemory(names.ENV, names.MEMORY, shared);
  const exported = new Map(
    takenSubprograms(structure).map(({ start }) => [start, names.callbackExport(start)]),
  );
  for (const subprogram of structure.subprograms) {
    const exports = subprogram.start === 0 ? [names.ENTRY] : [];
    const callback = exported.get(subprogram.start);
    if (callback !== undefined) exports.push(callback);
    translateFunction(unit, subprogram, code, plan, exports);
  }
  unit.addDefined();
  addBatch(unit, unit.functionAt(0).name, contextKindOf(input.type), effectsOf(structure, input.proof));
}
