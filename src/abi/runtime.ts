/**
 * What the compiled runtime (assembly/) exports and imports. Pointers are u32 addresses in linear memory, passed
 * as numbers; a result that is an error is a negative Linux error number.
 */

/**
 * A `WebAssembly.Memory`, by what is used of it. That name is declared by the DOM's library alone, which projects
 * for Node leave out: public types do without it.
 */
export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** By pages of 64 KiB; returns their number before. */
  grow(pages: number): number;
}

/** A `WebAssembly.Module`, of which nothing is used but the whole. */
export type WasmModule = object;

/** A `WebAssembly.Table`. */
export interface WasmTable {
  readonly length: number;
  get(index: number): unknown;
  set(index: number, value?: unknown): void;
  grow(count: number, value?: unknown): number;
}

/** A helper as both engines call it: r1..r5 in, r0 out (i64 each). */
export type HelperExport = (r1: bigint, r2: bigint, r3: bigint, r4: bigint, r5: bigint) => bigint;

export interface RuntimeExports {
  /** Function table: JIT entry points and callbacks are added to it (tail calls, bpf_loop). */
  readonly table: WasmTable;

  /** Lays out the header and `ncpu` run states. Once per memory. */
  init(ncpu: number): void;
  /** Binds this instance to the run state of a CPU and returns its address. Once per instance, again to switch. */
  attach(cpu: number): number;

  /** Zeroed memory, 8-byte aligned (16 for 16 bytes and more); 0 when memory is exhausted. */
  alloc(size: number): number;
  free(address: number): void;

  /**
   * Address of the new map, or a negative error number. `extra`: for maps of maps the address of the template of
   * inner maps; for perf event arrays the bytes of each CPU's ring (0: 256 KiB); for bloom filters map_extra; else unused.
   */
  mapCreate(
    type: number,
    keySize: number,
    valueSize: number,
    maxEntries: number,
    flags: number,
    extra: number,
  ): number;
  /** A socket with a cookie of its own and nothing else (src/abi/sockets.ts); 0 when memory is exhausted. */
  socketCreate(): number;
  /** Programs can look it up by its addresses and ports from here on, until it leaves. */
  socketEnter(socket: number): void;
  socketLeave(socket: number): void;
  /** The host is done with it: the memory goes with the last reference. */
  socketDestroy(socket: number): void;
  mapDestroy(map: number): void;
  /** Address of the value (CPU 0's for per-CPU maps, the next at MAP_CPU_STRIDE), or 0. No effect on LRU order. */
  mapLookup(map: number, key: number): number;
  /**
   * BPF_MAP_LOOKUP_ELEM: what is at the key, copied to `out`, per-CPU maps NCPU values at MAP_VALUE_STRIDE distance.
   * Flags: BPF_F_LOCK. 0, or a negative error number. A bloom filter is asked for the value at `out`.
   */
  mapRead(map: number, key: number, out: number, flags: number): number;
  /** BPF_MAP_LOOKUP_AND_DELETE_ELEM: the same, and the element is gone. */
  mapTake(map: number, key: number, out: number, flags: number): number;
  /** BPF_MAP_FREEZE: the host writes no more. */
  mapFreeze(map: number): number;
  /** `value` holds one value, or for per-CPU maps NCPU values at MAP_VALUE_STRIDE distance. Flags as the syscall's. */
  mapUpdate(map: number, key: number, value: number, flags: number): number;
  mapDelete(map: number, key: number): number;
  /** Writes the key after `key` (0: the first) to `out`; -ENOENT at the end. */
  mapNextKey(map: number, key: number, out: number): number;
  /**
   * Batched read: from `cursor` (0 at first) on, at most `max` elements; keys packed to `keys` (key size rounded
   * up to 8 apart), values to `values` (value stride apart; per-CPU: NCPU values each). Returns the number copied;
   * the next cursor is at `cursorOut` (u32), 0xffffffff at the end. Of maps of maps and programs: their numbers.
   */
  mapDump(map: number, cursor: number, keys: number, values: number, max: number, cursorOut: number): number;
  /** Queues, stacks and bloom filters, host side. 0, or a negative error number. A bloom filter is only peeked into. */
  mapPush(map: number, value: number, flags: number): number;
  mapPop(map: number, out: number): number;
  mapPeek(map: number, out: number): number;

  /**
   * Ring buffers, perf buffers (per CPU) and the printk ring, host side. Address of the oldest committed record's
   * bytes, with its length at `lengthOut` (u32); 0 when there is none. The record stays until ringConsume.
   */
  ringPeek(map: number, cpu: number, lengthOut: number): number;
  ringConsume(map: number, cpu: number): void;
  /**
   * Into a stack trace map: what bpf_get_stackid does with `count` u64 addresses at `frames`, innermost first. The id,
   * or a negative error number.
   */
  stackInsert(map: number, frames: number, count: number, flags: bigint): number;
  /**
   * User ring buffers: address of `length` bytes for the host to fill, or a negative error number (-E2BIG: never,
   * -ENOSPC: not now). Programs see the sample once it is submitted, and skip it when it is discarded (1).
   */
  userRingReserve(map: number, length: number): number;
  userRingSubmit(map: number, sample: number, discard: number): void;
  /** Records that found no room since creation. */
  ringLost(map: number, cpu: number): number;

  /** An object of the host (OBJ_*) with one reference: address of its structure, zeroed; 0 when memory is exhausted. */
  objectCreate(kind: number, size: number, parent: number): number;
  /** What it belongs to (a task's cgroup, a cgroup's parent) from now on; 0: nothing. */
  objectSetParent(structure: number, parent: number): void;
  objectAcquire(structure: number): void;
  /** With its last reference the object goes. */
  objectRelease(structure: number): void;

  /**
   * Starts a run: clears the trap, sets program, budget and tail-call count, zeroes the stack of a sandboxed
   * program and fills the context from the batch record. Returns r1 (r2 is the length for CTX_MEMORY, else 0).
   */
  begin(prog: number, record: number): bigint;
  /**
   * What all runs of a batch have in common, in place of `begin`, for a trusted or verified program whose code does
   * the rest for each event (src/jit/batch.ts). 0: it cannot, the host has set what depends on the event.
   */
  prepare(prog: number): number;
  /** Ends a run: writes data, length, meta and r0 into the record. */
  finish(record: number, r0: bigint): void;
  /** Interprets `prog` over `count` records from `record` on. A trap unwinds it; see RUN_BATCH_INDEX. */
  interpretBatch(prog: number, record: number, count: number): void;
  /** Single-stepping: prepares a run of `prog` over `record`, paused before its first instruction. */
  stepBegin(prog: number, record: number): void;
  /** Executes up to `count` instructions (helpers and their callbacks as one). 1 when the program has ended. */
  step(count: number): number;

  /** From the index `first` on the table has the kernel functions, each at its number less KFUNC_BASE. Once per instance. */
  setKfuncs(first: number): void;

  /** When the first timer (or work) of a program is due, in ns of the monotonic or the virtual clock; -1n for none. */
  laterDue(): bigint;
  /**
   * Runs the first callback that is due at `now` and was armed before `sequence` (HDR_LATER_SEQUENCE); 0 when there is
   * none. A trap unwinds it: then call laterEnd.
   */
  laterRun(now: bigint, sequence: bigint): number;
  laterEnd(): void;

  /** Traps unless [address, address + size) is memory the program was given. Returns the address as u32. */
  check(address: bigint, size: number, write: number, pc: number): number;
  /** Records a trap and unwinds. */
  trap(kind: number, pc: number, value: bigint): void;
  /** Spends `cost` of the budget; traps with TRAP_BUDGET when it is gone. */
  spend(cost: number, pc: number): void;
  /**
   * Table index of a function address (callx), checked against the current program; spends the function's slots
   * when sandboxed. The depth check is the caller's, before. For the number of a helper (1 to 211, as uBPF's callx
   * takes them) it is a function of the same type that calls the helper.
   */
  functionIndex(address: bigint, pc: number): number;
  /**
   * bpf_tail_call: counts, spends the target's PROG_MAIN_SLOTS when sandboxed, switches RUN_PROG and RUN_SANDBOX
   * and returns the table index of the target's entry; 0 when the call fails (limit of 33, empty slot) and the
   * program goes on. A target that was not translated is interpreted. Since a tail call in a subprogram returns
   * to the caller of that subprogram, translated code puts RUN_PROG and RUN_SANDBOX back after each call (local
   * or callx) that may have tail-called.
   */
  tailCall(map: bigint, index: bigint, pc: number): number;
  /** LD_ABS/LD_IND: host-order value, or -1 when out of range (the program then ends with 0). */
  packetLoad(offset: number, size: number): bigint;

  /**
   * The map helpers for a map whose type is known, of programs that need no checks: address of the value or 0; 0 or a
   * negative error number. `host` is 0. Hashes: HASH, PERCPU_HASH and their LRU kinds; arrays: ARRAY and PERCPU_ARRAY.
   */
  /** Where a proved program's access to its arena goes: `address`, or a cell of zeros where no page is. */
  arenaAddress(map: number, address: number, access: number): number;
  /** Allocates the pages of an arena that the host touches; 0 where they are not the arena's. */
  arenaTouch(map: number, address: number, size: number): number;
  arrayUpdate(map: number, key: number, value: number, flags: bigint, host: number): number;
  hashLookup(map: number, key: number): number;
  /** `slot` (+ 1) of an LRU map was found when MAP_LOCK was `sequence`: it is the most recently used now. */
  lruUse(map: number, slot: number, sequence: number): void;
  hashUpdate(map: number, key: number, value: number, flags: bigint, host: number): number;
  hashDelete(map: number, key: number): number;
  trieLookup(map: number, key: number): number;
  trieUpdate(map: number, key: number, value: number, flags: bigint, host: number): number;
  trieDelete(map: number, key: number): number;
  /** Ring buffers, of programs that leave no record behind: what they reserve is not kept account of. */
  ringbufOutput(map: number, data: number, size: bigint, flags: bigint): number;
  ringbufReserve(map: number, size: bigint, flags: bigint): number;
  ringbufSubmit(record: number): void;
  ringbufDiscard(record: number): void;
}

/** What the runtime imports (module `env`). */
export interface RuntimeImports {
  readonly memory: WasmMemory;
  /** Monotonic clock, ns as a double. */
  monotonic(): number;
  /** Clock since boot and since the epoch (TAI and realtime), ns as doubles. */
  boottime(): number;
  realtime(): number;
  /** A helper of the host's own, by id. */
  hostHelper(id: number, r1: bigint, r2: bigint, r3: bigint, r4: bigint, r5: bigint): bigint;
}
