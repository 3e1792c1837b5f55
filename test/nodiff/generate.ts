import { SKB_DATA, XDP_MD_DATA } from '../../src/abi/layout.ts';
import * as abi from '../../src/abi/maps.ts';
import type { MapSpec } from '../../src/frontend/program.ts';
import { encode } from '../../src/isa/encode.ts';
import { mapSpec } from '../conformance/maps.ts';
import { Emitter } from './emitter.ts';
import { type Item, resolve } from './listing.ts';
import type { Random } from './random.ts';
import {
  ARRAY_ENTRIES,
  ARRAY_MAP,
  ARRAY_VALUE_SIZE,
  COUNTERS,
  FRAME,
  type FunctionKind,
  type FunctionPlan,
  HASH_VALUE_SIZE,
  MEMORY_BASE,
  type Profile,
  SCALARS,
  Scope,
  STACK_WINDOW,
  VALUE_BASE,
} from './scope.ts';
import { block } from './statements.ts';

/** Names of the programs in the slots of the prog_array. */
export const TAIL_PROGRAMS = ['tail0', 'tail1'] as const;

const HASH_ENTRIES = 8;
const PERCPU_ENTRIES = 2;
const RING_BYTES = 4096;
const CONTEXT_DATA = { xdp: XDP_MD_DATA, skb: SKB_DATA } as const;

/** The maps of every generated program, in the order of the map indexes of scope.ts. */
export function generatedMaps(tails: readonly string[]): readonly MapSpec[] {
  const slots = tails.map((name, index) => ({ index, kind: 'program', name }) as const);
  return [
    mapSpec('values', abi.MAP_TYPE_ARRAY, 4, ARRAY_VALUE_SIZE, ARRAY_ENTRIES),
    mapSpec('table', abi.MAP_TYPE_HASH, 4, HASH_VALUE_SIZE, HASH_ENTRIES),
    mapSpec('percpu', abi.MAP_TYPE_PERCPU_ARRAY, 4, HASH_VALUE_SIZE, PERCPU_ENTRIES),
    mapSpec('queue', abi.MAP_TYPE_QUEUE, 0, 8, 4),
    mapSpec('programs', abi.MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0, slots),
    mapSpec('ring', abi.MAP_TYPE_RINGBUF, 0, 0, RING_BYTES),
  ];
}

/** A program of random statements, ended by trip counts alone. Deterministic in the state of `random`. */
export function generate(random: Random, profile: Profile, kind: 'main' | 'tail' = 'main'): Item[] {
  const emitter = new Emitter();
  const kinds: FunctionKind[] = [kind, ...(kind === 'main' ? functionKinds(random) : [])];
  const functions: FunctionPlan[] = kinds.map((each) => ({ kind: each, label: emitter.label() }));
  for (const [index, plan] of functions.entries()) {
    // A function that nobody calls would be unreachable code.
    if (index > 0 && !emitter.uses(plan.label)) continue;
    functionBody(new Scope(random, emitter, profile, functions, index), plan);
  }
  return emitter.items();
}

export const generateCode = (random: Random, profile: Profile, kind: 'main' | 'tail' = 'main'): Uint8Array =>
  encode(resolve(generate(random, profile, kind)));

function functionKinds(random: Random): FunctionKind[] {
  const several = (kind: FunctionKind, most: number) =>
    Array.from({ length: random.below(most + 1) }, () => kind);
  return [...several('function', 3), ...several('callback', 2), ...several('each', 1)];
}

function functionBody(scope: Scope, plan: FunctionPlan): void {
  const { emitter, random, profile } = scope;
  emitter.place(plan.label);
  prologue(scope);
  block(scope, scope.index === 0 ? profile.size : random.between(2, Math.max(3, profile.size >> 2)));
  if (profile.kernel && ['callback', 'each'].includes(plan.kind)) emitter.alu('and', 64, 0, { imm: 1 });
  emitter.emit({ kind: 'exit' });
}

/** Gives the registers their roles and fills the stack window. */
function prologue(scope: Scope): void {
  const { emitter, random } = scope;
  if (scope.kind === 'each') eachElement(scope);
  if (scope.hasMemory) memoryBase(scope);
  else emitter.mov(MEMORY_BASE, { imm: 0 });
  emitter.map(VALUE_BASE, 6, ARRAY_MAP, 0);
  scope.refill([...SCALARS, ...COUNTERS]);
  for (let offset = -STACK_WINDOW; offset < 0; offset += 8)
    emitter.store(8, FRAME, offset, random.chance(0.5) ? { src: scope.scalar() } : { imm: random.imm() });
}

/** Where the address of the memory comes from at the start of each kind of function. */
function memoryBase(scope: Scope): void {
  const { emitter, kind, profile } = scope;
  if (kind === 'main' && profile.context !== 'memory') contextData(scope, profile.context);
  else if (kind === 'callback') emitter.mov(MEMORY_BASE, { src: 2 });
  else if (kind === 'each') emitter.mov(MEMORY_BASE, { src: 4 });
  else emitter.mov(MEMORY_BASE, { src: 1 });
}

const XDP_ADJUST_HEAD = 44;

/** The packet of a context, of XDP sometimes after its head was moved. */
function contextData({ emitter, random }: Scope, context: keyof typeof CONTEXT_DATA): void {
  emitter.mov(6, { src: 1 });
  if (context === 'xdp' && random.chance(0.4)) {
    emitter.mov(2, { imm: random.pick([-300, -256, -64, -14, -1, 0, 1, 2]) });
    emitter.helper(XDP_ADJUST_HEAD);
  }
  emitter.load(4, MEMORY_BASE, 6, CONTEXT_DATA[context]);
}

/** The callback of bpf_for_each_map_elem adds the key to the value. */
function eachElement({ emitter }: Scope): void {
  emitter.load(4, 5, 2, 0);
  emitter.load(8, 0, 3, 0);
  emitter.alu('add', 64, 0, { src: 5 });
  emitter.store(8, 3, 0, { src: 0 });
}
