/** The one file that imports Binaryen: 0.5 s of start-up, so reach it through `import()` only. */
import binaryen from 'binaryen';
import type {
  AtomicSize,
  BinaryName,
  BinaryOp,
  Builder,
  Expr,
  Finished,
  FunctionSpec,
  LoadOp,
  RmwOp,
  Signature,
  StoreOp,
  UnaryOp,
  ValueType,
} from './builder.ts';
import { positionsOfMappings } from './sourceMap.ts';
import { withoutLastSection } from './wasm.ts';

type Ref = binaryen.ExpressionRef;
/** Exported by Binaryen, but missing in its types. */
interface Untyped {
  readonly Block: { appendChild(block: Ref, child: Ref): number };
}
const { Block } = binaryen as unknown as Untyped;

type LoadFn = (offset: number, align: number, base: Ref) => Ref;
type StoreFn = (offset: number, align: number, base: Ref, value: Ref) => Ref;

/** Names of memory and table inside the module. */
const MEMORY = '0';
const TABLE = 'table';
const MAX_PAGES = 65536;
/** eBPF accesses need no alignment; 1 is always a true hint. */
const UNALIGNED = 1;
const NO_SLOT = -1;
/** Of all positions. Binaryen takes line 1, column 0 for said before it has said anything. */
const COLUMN = 1;
/** Binaryen makes a source map only for a module that says where to find it, in a section behind all others. */
const SOURCE_MAP = 'positions';

const SWAPPED_BYTES = [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8];

const FEATURES =
  binaryen.Features.MutableGlobals |
  binaryen.Features.SignExt |
  binaryen.Features.BulkMemory |
  binaryen.Features.TailCall |
  binaryen.Features.SIMD128;

const TYPES: Readonly<Record<ValueType, binaryen.Type>> = { i32: binaryen.i32, i64: binaryen.i64 };
const typeOf = (type: ValueType | undefined): binaryen.Type => (type ? TYPES[type] : binaryen.none);
const typesOf = (types: readonly ValueType[]): binaryen.Type =>
  binaryen.createType(types.map((t) => TYPES[t]));

const refs = (items: readonly Expr[]): readonly Ref[] => items as readonly number[] as readonly Ref[];

/** The first eight bytes of a vector turned round: a shuffle takes less time than shifts and masks. */
const firstLane = (m: binaryen.Module, vector: Ref): Ref => {
  return m.i64x2.extract_lane(m.i8x16.swizzle(vector, m.v128.const(SWAPPED_BYTES)), 0);
};

/** @param traps is given the load itself, where it is a part of the expression only */
const loads = (m: binaryen.Module, traps: (load: Ref) => Ref): Record<LoadOp, LoadFn> => ({
  'i32.load': m.i32.load,
  'i64.load': m.i64.load,
  'i64.load_swapped': (offset, align, base) => firstLane(m, traps(m.v128.load64_splat(offset, align, base))),
  'i64.load8_u': m.i64.load8_u,
  'i64.load16_u': m.i64.load16_u,
  'i64.load32_u': m.i64.load32_u,
  'i64.load8_s': m.i64.load8_s,
  'i64.load16_s': m.i64.load16_s,
  'i64.load32_s': m.i64.load32_s,
});

const stores = (m: binaryen.Module): Record<StoreOp, StoreFn> => ({
  'i32.store': m.i32.store,
  'i64.store': m.i64.store,
  'i64.store8': m.i64.store8,
  'i64.store16': m.i64.store16,
  'i64.store32': m.i64.store32,
});

const unaries = (m: binaryen.Module): Record<UnaryOp, (value: Ref) => Ref> => ({
  'i32.eqz': m.i32.eqz,
  'i64.eqz': m.i64.eqz,
  'i32.wrap': m.i32.wrap,
  'i64.extend_u': m.i64.extend_u,
  'i64.extend_s': m.i64.extend_s,
  'i32.extend8_s': m.i32.extend8_s,
  'i32.extend16_s': m.i32.extend16_s,
  'i64.extend8_s': m.i64.extend8_s,
  'i64.extend16_s': m.i64.extend16_s,
  'i64.extend32_s': m.i64.extend32_s,
  'i64.swap': (value) => firstLane(m, m.i64x2.splat(value)),
});

const plainAtomics = (m: binaryen.Module) => ({
  load: {
    1: m.i64.atomic.load8_u,
    2: m.i64.atomic.load16_u,
    4: m.i64.atomic.load32_u,
    8: m.i64.atomic.load,
  } as const,
  store: {
    1: m.i64.atomic.store8,
    2: m.i64.atomic.store16,
    4: m.i64.atomic.store32,
    8: m.i64.atomic.store,
  } as const,
  rmw: { 4: m.i64.atomic.rmw32_u, 8: m.i64.atomic.rmw } as const,
});

/** Binaryen writes nothing into this text that JSON would escape. */
const mappingsOf = (sourceMap: string): string => /"mappings":"([^"]*)"/.exec(sourceMap)?.[1] ?? '';

export class BinaryenBuilder implements Builder {
  readonly #m = new binaryen.Module();
  readonly #loads = loads(this.#m, (load) => {
    this.#trapping(load);
    return load;
  });
  readonly #stores = stores(this.#m);
  readonly #unaries = unaries(this.#m);
  readonly #atomics = plainAtomics(this.#m);
  readonly #source = this.#m.addDebugInfoFileName('program');
  readonly #everywhere: boolean;
  #features = FEATURES;
  #slot = NO_SLOT;
  /** Expressions since the last function, each followed by its slot: Binaryen takes them once their function is there. */
  #places: number[] = [];

  /** @param everywhere positions of all code, and not just of that which stack traces may name */
  constructor(everywhere: boolean) {
    this.#everywhere = everywhere;
  }

  at(slot = NO_SLOT): void {
    this.#slot = slot;
  }

  #made(ref: Ref): Expr {
    return this.#everywhere ? this.#trapping(ref) : (ref as number as Expr);
  }

  /** Of an expression that may end up in a stack trace. */
  #trapping(ref: Ref): Expr {
    if (this.#slot !== NO_SLOT) this.#places.push(ref, this.#slot);
    return ref as number as Expr;
  }

  const32(value: number): Expr {
    return this.#made(this.#m.i32.const(value | 0));
  }

  const64(value: bigint): Expr {
    return this.#made(this.#m.i64.const(BigInt.asIntN(64, value)));
  }

  get(local: number, type: ValueType): Expr {
    return this.#made(this.#m.local.get(local, TYPES[type]));
  }

  set(local: number, value: Expr): Expr {
    return this.#made(this.#m.local.set(local, value));
  }

  tee(local: number, value: Expr, type: ValueType): Expr {
    return this.#made(this.#m.local.tee(local, value, TYPES[type]));
  }

  global(name: string): Expr {
    return this.#made(this.#m.global.get(name, binaryen.i32));
  }

  unary(op: UnaryOp, value: Expr): Expr {
    return this.#made(this.#unaries[op](value));
  }

  binary(op: BinaryOp, left: Expr, right: Expr): Expr {
    const name = op.slice(4) as BinaryName;
    return this.#made(op.startsWith('i64') ? this.#m.i64[name](left, right) : this.#m.i32[name](left, right));
  }

  select(condition: Expr, yes: Expr, no: Expr): Expr {
    return this.#made(this.#m.select(condition, yes, no));
  }

  load(op: LoadOp, base: Expr, offset: number): Expr {
    return this.#trapping(this.#loads[op](offset, UNALIGNED, base));
  }

  store(op: StoreOp, base: Expr, offset: number, value: Expr): Expr {
    return this.#trapping(this.#stores[op](offset, UNALIGNED, base, value));
  }

  atomicLoad(size: AtomicSize, base: Expr, offset: number): Expr {
    return this.#trapping(this.#atomics.load[size](offset, base));
  }

  atomicStore(size: AtomicSize, base: Expr, offset: number, value: Expr): Expr {
    return this.#trapping(this.#atomics.store[size](offset, base, value));
  }

  atomicRmw(op: RmwOp, size: 4 | 8, base: Expr, offset: number, value: Expr): Expr {
    return this.#trapping(this.#atomics.rmw[size][op](offset, base, value));
  }

  atomicCmpxchg(size: 4 | 8, base: Expr, offset: number, expected: Expr, replacement: Expr): Expr {
    return this.#trapping(this.#atomics.rmw[size].cmpxchg(offset, base, expected, replacement));
  }

  /**
   * Children are appended one by one: a block built with its children is searched for breaks by Binaryen, which
   * is quadratic in nested blocks, and passing 20,000 of them at once overflows its stack.
   */
  #sequence(label: string | null, items: readonly Expr[], type: binaryen.Type): Ref {
    const block = this.#m.block(label, [], type);
    for (const item of items) Block.appendChild(block, item);
    return block;
  }

  block(label: string | undefined, items: readonly Expr[]): Expr {
    return this.#made(this.#sequence(label ?? null, items, binaryen.none));
  }

  loop(label: string, items: readonly Expr[]): Expr {
    return this.#made(this.#m.loop(label, this.#sequence(null, items, binaryen.none)));
  }

  br(label: string, condition?: Expr): Expr {
    return this.#made(condition === undefined ? this.#m.br(label) : this.#m.br_if(label, condition));
  }

  brTable(labels: readonly string[], otherwise: string, index: Expr): Expr {
    return this.#made(this.#m.switch(labels, otherwise, index));
  }

  when(condition: Expr, items: readonly Expr[]): Expr {
    const [only] = items;
    const body = items.length === 1 && only !== undefined ? only : this.#sequence(null, items, binaryen.none);
    return this.#made(this.#m.if(condition, body));
  }

  choose(condition: Expr, yes: Expr, no: Expr): Expr {
    return this.#made(this.#m.if(condition, yes, no));
  }

  call(name: string, operands: readonly Expr[], result: ValueType | undefined): Expr {
    return this.#trapping(this.#m.call(name, refs(operands), typeOf(result)));
  }

  callIndirect(index: Expr, operands: readonly Expr[], { params, result }: Signature): Expr {
    return this.#trapping(
      this.#m.call_indirect(TABLE, index, refs(operands), typesOf(params), typeOf(result)),
    );
  }

  returnCallIndirect(index: Expr, operands: readonly Expr[], { params, result }: Signature): Expr {
    return this.#trapping(
      this.#m.return_call_indirect(TABLE, index, refs(operands), typesOf(params), typeOf(result)),
    );
  }

  return(value?: Expr): Expr {
    return this.#made(this.#m.return(value));
  }

  drop(value: Expr): Expr {
    return this.#made(this.#m.drop(value));
  }

  unreachable(): Expr {
    return this.#trapping(this.#m.unreachable());
  }

  importFunction(name: string, module: string, base: string, { params, result }: Signature): void {
    this.#m.addFunctionImport(name, module, base, typesOf(params), typeOf(result));
  }

  importGlobal(name: string, module: string, base: string): void {
    this.#m.addGlobalImport(name, module, base, binaryen.i32, false);
  }

  /** setMemory comes first: the reverse order drops the import. */
  importMemory(module: string, base: string, shared: boolean): void {
    if (shared) this.#features |= binaryen.Features.Atomics;
    this.#m.setMemory(1, MAX_PAGES, null, [], shared, false, MEMORY);
    this.#m.addMemoryImport(MEMORY, module, base, shared);
  }

  importTable(module: string, base: string): void {
    this.#m.addTable(TABLE, 0, -1);
    this.#m.addTableImport(TABLE, module, base);
  }

  addFunction({ name, params, result, locals, body, exports }: FunctionSpec): void {
    const items = result ? [...body, this.unreachable()] : body;
    const whole = this.#sequence(null, items, result ? binaryen.unreachable : binaryen.none);
    const types = locals.map((type) => TYPES[type]);
    const made = this.#m.addFunction(name, typesOf(params), typeOf(result), types, whole);
    this.#place(made);
    for (const external of exports) this.#m.addFunctionExport(name, external);
  }

  /** Slots are given as lines, which Binaryen counts from 1 and source maps from 0. */
  #place(made: binaryen.FunctionRef): void {
    const places = this.#places;
    for (let i = 0; i < places.length; i += 2) {
      this.#m.setDebugLocation(made, places[i] ?? 0, this.#source, (places[i + 1] ?? 0) + 1, COLUMN);
    }
    this.#places = [];
    this.#slot = NO_SLOT;
  }

  finish(): Finished {
    this.#m.setFeatures(this.#features);
    // Names are a process-wide setting of Binaryen.
    const before = binaryen.getDebugInfo();
    binaryen.setDebugInfo(true);
    try {
      const { binary, sourceMap } = this.#m.emitBinary(SOURCE_MAP);
      return {
        wasm: withoutLastSection(binary),
        positions: positionsOfMappings(mappingsOf(sourceMap ?? '')),
      };
    } finally {
      binaryen.setDebugInfo(before);
    }
  }

  text(): string {
    this.#m.setFeatures(this.#features);
    return this.#m.emitText();
  }

  dispose(): void {
    this.#m.dispose();
  }
}
