/** Kernel functions of an engine: those that its compiled runtime exports are those there are. */
import { KFUNC_BASE } from '../abi/layout.ts';
import type { HelperExport } from '../abi/runtime.ts';
import type { ObjectFile, Program } from '../frontend/program.ts';
import { KFUNC_NAMES, kfuncPlace } from '../isa/kfuncs.ts';
import type { Exports } from './wasm.ts';

/**
 * They hand out addresses that they take back on trust, or that the sandbox would not have written, which only a proof can give: programs that run unverified and
 * checked may not call them.
 */
const NEED_PROOF: readonly string[] = ['bpf_cpumask_', 'bpf_task_', 'bpf_cgroup_', 'bpf_session_cookie'];

export const needsProof = (name: string): boolean => NEED_PROOF.some((prefix) => name.startsWith(prefix));

export class KfuncTable {
  readonly #exports: Exports;

  constructor(exports: Exports) {
    this.#exports = exports;
    const first = exports.table.grow(KFUNC_NAMES.size);
    exports.setKfuncs(first);
    let index = first;
    for (const name of KFUNC_NAMES) {
      const found = this.find(name);
      if (found !== undefined) exports.table.set(index, found);
      index++;
    }
  }

  has(name: string): boolean {
    return this.find(name) !== undefined;
  }

  /** The function, for translated code; undefined where there is none. */
  readonly find = (name: string): HelperExport | undefined =>
    KFUNC_NAMES.has(name) ? this.#exports[name as `bpf_${string}`] : undefined;

  /** What the interpreter calls the function by; undefined where there is none. */
  readonly numberOf = (name: string): number | undefined => {
    const place = kfuncPlace(name);
    return place === undefined || !this.has(name) ? undefined : KFUNC_BASE + place;
  };
}

const IMM = 4;

/** The program with the addresses of weak kernel functions as this engine has them: 0 where it has not. */
function withAddresses(program: Program, kfuncs: KfuncTable): Program {
  const { code, kfuncAddresses = new Map<number, string>() } = program;
  const names = [...new Set(kfuncAddresses.values())];
  const copy = code.slice();
  const view = new DataView(copy.buffer);
  for (const [slot, name] of kfuncAddresses)
    view.setInt32(slot * 8 + IMM, kfuncs.has(name) ? 1 + names.indexOf(name) : 0, true);
  return copy.every((byte, index) => byte === code[index]) ? program : { ...program, code: copy };
}

/** The object as its programs find this engine, where they ask whether it has a kernel function. */
export function withKfuncs<File extends ObjectFile>(file: File, kfuncs: KfuncTable): File {
  const programs = file.programs.map((program) =>
    program.kfuncAddresses === undefined ? program : withAddresses(program, kfuncs),
  );
  return programs.every((program, index) => program === file.programs[index]) ? file : { ...file, programs };
}
