/** Names of the module's imports and exports: what translated code and its instantiation agree on. */
import type { Signature } from './builder.ts';

/** What stack traces and profiles call the module of a program. */
export const moduleName = (program: string): string => `webpf.${program}`;

/** Everything that is the engine's: memory, table, addresses, the host's helpers. */
export const ENV = 'env';
/** Functions of the compiled runtime. */
export const RUNTIME = 'rt';
/** Functions of the kernel (kfuncs). */
export const KFUNC = 'kfunc';

export const MEMORY = 'memory';
export const TABLE = 'table';
/** Addresses of the run state, of the program's descriptor and of its array of functions. */
export const RUN = 'run';
export const PROG = 'prog';
export const FUNCS = 'funcs';
/** Address of a map, and of its values, by index into the program's maps. */
export const mapGlobal = (index: number): string => `map${index}`;
export const valuesGlobal = (index: number): string => `values${index}`;
/** Of arrays: the running CPU's values (all, unless the map is per-CPU). */
export const ownValues = (index: number): string => `own${index}`;
/** Of hashes: the table, and what slot + 1 times the stride is added to for the running CPU's value. */
export const hashTable = (index: number): string => `table${index}`;
export const slotValues = (index: number): string => `slots${index}`;
/** Index of the map whose sizes the module was made for, by the name of one of these three globals. */
export const sizedMap = (name: string): number | undefined => {
  const index = /^(?:own|table|slots)(\d+)$/.exec(name)?.[1];
  return index === undefined ? undefined : Number(index);
};
/** Bytes of the widest access: limits leave out the last bytes, so that they do for accesses of every size. */
export const WIDEST = 8;
/** Start of a map's values, and how far from it 8 bytes may be read or written (see windows.ts), by map index. */
export const windowStart = (index: number): string => `start${index}`;
export const readLimit = (index: number): string => `readLimit${index}`;
export const writeLimit = (index: number): string => `writeLimit${index}`;
export const HOST_HELPER = 'hostHelper';
/** Address of the counters of a program whose executions are counted, see counters.ts. */
export const COUNTERS = 'counters';

export const ENTRY = 'entry';
export const BATCH = 'batch';
export const callbackExport = (slot: number): string => `callback${slot}`;

/** Every function of a program: r1..r5 and r10 in, r0 out. Tail calls and callbacks rely on it. */
export const FUNCTION: Signature = { params: ['i64', 'i64', 'i64', 'i64', 'i64', 'i64'], result: 'i64' };
export const HELPER: Signature = { params: ['i64', 'i64', 'i64', 'i64', 'i64'], result: 'i64' };

/** Functions of the runtime that translated code calls, see RuntimeExports in src/abi/runtime.ts. */
export const RUNTIME_FUNCTIONS = {
  check: { params: ['i64', 'i32', 'i32', 'i32'], result: 'i32' },
  trap: { params: ['i32', 'i32', 'i64'], result: undefined },
  spend: { params: ['i32', 'i32'], result: undefined },
  functionIndex: { params: ['i64', 'i32'], result: 'i32' },
  tailCall: { params: ['i64', 'i64', 'i32'], result: 'i32' },
  packetLoad: { params: ['i32', 'i32'], result: 'i64' },
  prepare: { params: ['i32'], result: 'i32' },
  begin: { params: ['i32', 'i32'], result: 'i64' },
  finish: { params: ['i32', 'i64'], result: undefined },
  arenaAddress: { params: ['i32', 'i32', 'i32'], result: 'i32' },
  arrayUpdate: { params: ['i32', 'i32', 'i32', 'i64', 'i32'], result: 'i32' },
  hashLookup: { params: ['i32', 'i32'], result: 'i32' },
  lruUse: { params: ['i32', 'i32', 'i32'], result: undefined },
  hashUpdate: { params: ['i32', 'i32', 'i32', 'i64', 'i32'], result: 'i32' },
  hashDelete: { params: ['i32', 'i32'], result: 'i32' },
  trieLookup: { params: ['i32', 'i32'], result: 'i32' },
  trieUpdate: { params: ['i32', 'i32', 'i32', 'i64', 'i32'], result: 'i32' },
  trieDelete: { params: ['i32', 'i32'], result: 'i32' },
  ringbufOutput: { params: ['i32', 'i32', 'i64', 'i64'], result: 'i32' },
  ringbufReserve: { params: ['i32', 'i64', 'i64'], result: 'i32' },
  ringbufSubmit: { params: ['i32'], result: undefined },
  ringbufDiscard: { params: ['i32'], result: undefined },
} as const satisfies Record<string, Signature>;
export type RuntimeFunction = keyof typeof RUNTIME_FUNCTIONS;

/** A function of the module's own: writes the budget (first operand) to the run state, then does what check does. */
export const GUARD: Signature = { params: ['i64', ...RUNTIME_FUNCTIONS.check.params], result: 'i32' };

/** The name inside the module; the dot keeps it apart from the program's own functions. */
export const importedName = (module: string, base: string): string => `${module}.${base}`;
export const HOST_HELPER_SIGNATURE: Signature = { params: ['i32', ...HELPER.params], result: 'i64' };
