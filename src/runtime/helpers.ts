import * as layout from '../abi/layout.ts';
import { helperId, helperName, TAIL_CALL } from '../isa/helpers.ts';
import type { CustomProgramType, HelperDefinition } from '../verifier/custom.ts';
import type { Helper } from '../verifier/helpers/types.ts';
import { badArgument, integer } from './argument.ts';
import type * as helperRules from './helperRules.ts';
import type { LinearMemory } from './memory.ts';
import { mayWrite } from './outputs.ts';
import type { Exports } from './wasm.ts';

/** r1 to r5 of a helper call, unsigned. */
export type HelperArguments = readonly [r1: bigint, r2: bigint, r3: bigint, r4: bigint, r5: bigint];

/** Memory of the calling program. Accesses outside what the program was given stop it with a trap. */
export interface ProgramMemory {
  /** A copy. */
  read(address: bigint, size: number): Uint8Array;
  /** Of a verified program's stack and context structure, only what the helper is declared to write. */
  write(address: bigint, bytes: Uint8Array): void;
}

/**
 * A helper of the host's own. What it returns becomes r0 (nothing: 0). Integers only; numbers must be safe integers.
 * If it throws, the run ends with a trap of kind 'host' whose cause is the error.
 */
export interface HostHelper {
  (args: HelperArguments, memory: ProgramMemory): bigint | number | undefined;
  /** As every function has: it tells functions from declared helpers, so that the types of parameters are inferred. */
  readonly length: number;
}

/**
 * A helper with what it takes and gives, which the verifier holds its callers to. Its function must keep what is
 * declared: what it returns is taken for the result that it says, and on the stack it may write declared memory alone.
 */
export interface DeclaredHelper extends Omit<HelperDefinition, 'id' | 'overrides'> {
  readonly call: HostHelper;
  readonly length?: undefined;
}

/**
 * Helpers by id, or by the kernel's name for helpers webpf does not have itself. A function alone: those of the kernel
 * are verified as in the kernel; others as taking nothing in particular and returning a number, so that what they are
 * given is theirs to check.
 */
export type HostHelpers = Readonly<Record<string, HostHelper | DeclaredHelper>>;

/** What a program was verified as: a type of the host's, or the name of one of Linux. */
export type VerifiedType = string | CustomProgramType;

/** Most bytes one access may have. */
const MAX_SIZE = 0xffffffff;

const isDelivered = (exports: Exports, id: number): boolean => {
  // The engines do tail calls themselves.
  if (id === TAIL_CALL) return true;
  const name = helperName(id);
  return name !== undefined && typeof exports[name as `bpf_${string}`] === 'function';
};

function idOf(key: string): number {
  const id = /^\d+$/.test(key) ? Number(key) : helperId(key);
  if (id !== undefined && id > 0 && id <= 0x7fffffff) return id;
  throw badArgument(`helpers: "${key}" is neither a helper id nor a helper name of the kernel's`);
}

type HelperRules = typeof helperRules;

/** What the verifier is told of a helper; undefined where the kernel's own words hold. */
function prototypeOf(
  id: number,
  helper: HostHelper | DeclaredHelper,
  { defineHelper }: HelperRules,
): Helper | undefined {
  const overrides = helperName(id) !== undefined;
  if (typeof helper !== 'function') return defineHelper({ ...helper, id, overrides });
  return overrides ? undefined : defineHelper({ id, name: `helper_${id}`, args: [] });
}

/** The call of a host's helper that is under way. */
interface Call {
  readonly id: number;
  readonly values: HelperArguments;
}

/** The helpers of one engine: the runtime's and the host's. */
export class HelperTable {
  readonly #exports: () => Exports;
  readonly #host = new Map<number, HostHelper>();
  readonly #prototypes = new Map<number, Helper>();
  readonly #services = new Map<number, HostHelper>();
  #memory: ProgramMemory | undefined;
  #rules: HelperRules | undefined;
  #call: Call | undefined;
  /** The access of the running helper that was refused: the run ends even where the helper has caught it. */
  #refused: { readonly error: unknown } | undefined;
  #thrown: { readonly cause: unknown } | undefined;

  constructor(exports: () => Exports) {
    this.#exports = exports;
  }

  /** @param rules the module helperRules.ts */
  add(helpers: HostHelpers, rules: HelperRules): void {
    this.#rules = rules;
    for (const [key, helper] of Object.entries(helpers)) {
      const id = idOf(key);
      if (isDelivered(this.#exports(), id)) {
        throw badArgument(`helpers: webpf has ${helperName(id)} (${id}) itself`);
      }
      const call = typeof helper === 'function' ? helper : helper?.call;
      if (typeof call !== 'function')
        throw badArgument(`helpers: "${key}" is no function, and has none as "call"`);
      const prototype = prototypeOf(id, helper, rules);
      this.#host.set(id, call);
      if (prototype) this.#prototypes.set(id, prototype);
    }
  }

  /** What the verifier must know of the host's helpers, by id: programs of every type may call them. */
  get prototypes(): ReadonlyMap<number, Helper> {
    return this.#prototypes;
  }

  has(id: number): boolean {
    return this.#host.has(id) || this.delivers(id);
  }

  /** Whether webpf has the helper itself. */
  delivers(id: number): boolean {
    return isDelivered(this.#exports(), id);
  }

  /** What the runtime's own helpers need of the host, under a number that no program can call. */
  serve(id: number, service: HostHelper): void {
    this.#services.set(id, service);
  }

  /** The import `hostHelper` of runtime and translated programs. */
  readonly call = (id: number, r1: bigint, r2: bigint, r3: bigint, r4: bigint, r5: bigint): bigint => {
    const helper = this.#host.get(id) ?? this.#services.get(id >>> 0);
    if (!helper || !this.#memory) throw new Error(`helper ${id} is not registered`); // prepare() has refused it
    const args: HelperArguments = [unsigned(r1), unsigned(r2), unsigned(r3), unsigned(r4), unsigned(r5)];
    this.#refused = undefined;
    this.#call = { id, values: args };
    try {
      const r0 = result(id, helper(args, this.#memory));
      this.#rethrowRefused();
      return r0;
    } catch (cause) {
      this.#thrown = { cause };
      throw cause;
    }
  };

  /** What a helper of the host's own has thrown in the run that ended just now. */
  takeThrown(): { readonly cause: unknown } | undefined {
    const thrown = this.#thrown;
    this.#thrown = undefined;
    return thrown;
  }

  /**
   * @param run address of the run state
   * @param typeOf what the program of this descriptor was verified as; undefined where it was not
   */
  bindMemory(memory: LinearMemory, run: number, typeOf: (program: number) => VerifiedType | undefined): void {
    const exports = this.#exports();
    const at = (address: bigint, size: number, write: 0 | 1): number => {
      if (typeof address !== 'bigint') throw badArgument(`the address ${String(address)} is no bigint`);
      // Sizes come from programs: one that wraps to 32 bits would pass the check and read everything.
      integer('the size of a memory access', size, 0, MAX_SIZE);
      try {
        const checked = exports.check(address, size, write, memory.u32(run + layout.RUN_PC)) >>> 0;
        const type = write === 1 ? typeOf(memory.u32(run + layout.RUN_PROG)) : undefined;
        if (type !== undefined) this.#requireOutput(memory, run, [address, size], type);
        return checked;
      } catch (error) {
        this.#refused = { error };
        throw error;
      }
    };
    this.#memory = {
      read: (address, size) => memory.read(at(address, size, 0), size),
      write: (address, bytes) => memory.write(at(address, bytes.length, 1), bytes),
    };
  }

  #requireOutput(
    memory: LinearMemory,
    run: number,
    range: readonly [address: bigint, size: number],
    type: VerifiedType,
  ): void {
    const { id = 0, values = [] } = this.#call ?? {};
    const own = typeof type === 'object' ? type.helpers.get(id) : undefined;
    const { args = [] } = own ?? this.#prototypes.get(id) ?? this.#rules?.HELPERS.get(id) ?? {};
    if (mayWrite(memory, run, range, args, values)) return;
    throw badArgument(
      `helper ${id} writes to the stack or the context of a verified program, where it has not declared to: say so in its args ({ kind: 'memory', access: 'write', … })`,
    );
  }

  #rethrowRefused(): void {
    if (this.#refused) throw this.#refused.error;
  }
}

/** r0 of what a helper has returned. */
function result(id: number, value: bigint | number | undefined): bigint {
  if (value === undefined) return 0n;
  if (typeof value === 'bigint') return value;
  if (Number.isSafeInteger(value)) return BigInt(value);
  throw badArgument(`helper ${id} returned ${String(value)}, but must return a bigint or a safe integer`);
}

const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);
