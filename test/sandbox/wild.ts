/** Programs that call helpers with arguments of every kind: what the helper wants, nearly that, or anything. */
import * as layout from '../../src/abi/layout.ts';
import * as abi from '../../src/abi/maps.ts';
import {
  type BpfObject,
  type MapSpec,
  type ObjectFile,
  type ProgramType,
  programFromAssembly,
} from '../../src/index.ts';
import { mapSpec, ringSpec } from '../api/build.ts';
import type { Random } from '../nodiff/random.ts';

/**
 * Helpers with the kinds of their arguments: a map (m; in capitals: one of SUITED), memory (p) and its size (s), the
 * context of XDP programs (x), of packet filters (k) or any (c), a function (f), what an earlier helper returned (r),
 * any number (n).
 */
const HELPERS: readonly (readonly [id: number, kinds: string])[] = [
  [1, 'mp'],
  [2, 'mppn'],
  [2, 'mppn'],
  [3, 'mp'],
  [4, 'psp'],
  [5, ''],
  [6, 'psnnn'],
  [7, ''],
  [8, ''],
  [9, 'knpsn'],
  [10, 'knnnn'],
  [11, 'knnnn'],
  [12, 'cCn'],
  [14, ''],
  [16, 'ps'],
  [23, 'nn'],
  [25, 'cEnps'],
  [26, 'knps'],
  [28, 'pspsn'],
  [39, 'kn'],
  [44, 'xn'],
  [45, 'psp'],
  [51, 'Dnn'],
  [54, 'xn'],
  [65, 'xn'],
  [68, 'knpsn'],
  [87, 'Qpn'],
  [88, 'Qp'],
  [89, 'Qp'],
  [93, 'p'],
  [94, 'p'],
  [105, 'psnp'],
  [106, 'psnp'],
  [113, 'psp'],
  [115, 'psp'],
  [130, 'Rpsn'],
  [131, 'Rsn'],
  [131, 'Rsn'],
  [132, 'rn'],
  [133, 'rn'],
  [134, 'Rn'],
  [164, 'Ifpn'],
  [164, 'Ifpn'],
  [165, 'psppn'],
  [177, 'psps'],
  [181, 'sfpn'],
  [182, 'psp'],
  [188, 'x'],
  [189, 'xnps'],
  [190, 'xnps'],
  [195, 'Ipn'],
];

const inner = mapSpec('', abi.MAP_TYPE_ARRAY, { valueSize: 16, maxEntries: 2 });

/** One map of every kind, small, so that they fill up. */
export const MAPS: readonly MapSpec[] = [
  mapSpec('arguments', abi.MAP_TYPE_ARRAY, { valueSize: 512, maxEntries: 1 }),
  mapSpec('array', abi.MAP_TYPE_ARRAY, { valueSize: 24, maxEntries: 3 }),
  mapSpec('constants', abi.MAP_TYPE_ARRAY, { valueSize: 40, maxEntries: 1, flags: abi.BPF_F_RDONLY_PROG }),
  mapSpec('percpu', abi.MAP_TYPE_PERCPU_ARRAY, { valueSize: 12, maxEntries: 2 }),
  mapSpec('hash', abi.MAP_TYPE_HASH, { valueSize: 12 }),
  mapSpec('hash13', abi.MAP_TYPE_HASH, { keySize: 13, valueSize: 5, maxEntries: 3 }),
  mapSpec('percpu_hash', abi.MAP_TYPE_PERCPU_HASH, { keySize: 8, maxEntries: 2 }),
  mapSpec('lru', abi.MAP_TYPE_LRU_HASH, { keySize: 8, maxEntries: 3 }),
  mapSpec('trie', abi.MAP_TYPE_LPM_TRIE, { keySize: 8, maxEntries: 4, flags: abi.BPF_F_NO_PREALLOC }),
  mapSpec('queue', abi.MAP_TYPE_QUEUE, { keySize: 0, valueSize: 12, maxEntries: 3 }),
  mapSpec('pile', abi.MAP_TYPE_STACK, { keySize: 0, valueSize: 8, maxEntries: 3 }),
  ringSpec('ring', 4096),
  mapSpec('events', abi.MAP_TYPE_PERF_EVENT_ARRAY, { valueSize: 4, maxEntries: 2 }),
  {
    ...mapSpec('calls', abi.MAP_TYPE_PROG_ARRAY, { valueSize: 4, maxEntries: 2 }),
    slots: [{ index: 1, kind: 'program', name: 'tail' }],
  },
  mapSpec('inside', abi.MAP_TYPE_ARRAY, { valueSize: 16, maxEntries: 2 }),
  {
    ...mapSpec('outer', abi.MAP_TYPE_ARRAY_OF_MAPS, { valueSize: 4, maxEntries: 2 }),
    inner,
    slots: [{ index: 0, kind: 'map', name: 'inside' }],
  },
  mapSpec('ports', abi.MAP_TYPE_DEVMAP, { valueSize: 4, maxEntries: 2 }),
];

/** Maps that a helper takes at all, by the letter of the kind. */
const SUITED: Readonly<Record<string, readonly string[]>> = {
  C: ['calls'],
  D: ['ports'],
  E: ['events'],
  I: ['array', 'percpu', 'hash', 'hash13', 'percpu_hash', 'lru'],
  Q: ['queue', 'pile'],
  R: ['ring'],
};
/** Kinds of context that programs of a type have not. */
const FOREIGN: Readonly<Record<string, RegExp>> = { xdp: /k/, sched_cls: /x/, unspec: /[kx]/ };

const CALLS = 8;
/** In the values of `arguments`: the context, the function, what each call returned, r1 to r5 of each call. */
const CONTEXT = 0;
const FUNCTION = 8;
const RESULTS = 16;
const REGISTERS = RESULTS + CALLS * 8;

type Place = { readonly at: number; readonly kind: string };

/** A program, and where its arguments are to be put. */
export interface Wild {
  readonly file: ObjectFile;
  readonly places: readonly Place[];
}

/** Where the register of a call comes from: its own place, or what the program itself has noted. */
function source(random: Random, kind: string, call: number, register: number): number {
  if (random.chance(0.95)) {
    if (/[ckx]/.test(kind)) return CONTEXT;
    if (kind === 'f') return FUNCTION;
    if ((kind === 'r' || random.chance(0.02)) && call > 0) return RESULTS + 8 * random.below(call);
  }
  return REGISTERS + 8 * (5 * call + register);
}

function callText(random: Random, type: ProgramType, call: number, places: Place[]): string {
  const foreign = FOREIGN[type] ?? /[kx]/;
  const [id, kinds] = random.pick(
    HELPERS.filter((helper) => !foreign.test(helper[1]) || random.chance(0.05)),
  );
  const lines = Array.from({ length: 5 }, (_, register) => {
    const kind = kinds[register] ?? 'n';
    const at = source(random, kind, call, register);
    if (at >= REGISTERS) places.push({ at, kind });
    return `r${register + 1} = *(u64 *)(r9 + ${at})`;
  });
  return [...lines, `call ${id}`, `*(u64 *)(r9 + ${RESULTS + 8 * call}) = r0`].join('\n');
}

export function wildProgram(random: Random, type: ProgramType): Wild {
  const places: Place[] = [];
  const calls = Array.from({ length: CALLS - 1 }, (_, call) => callText(random, type, call, places));
  const text = `
    r9 = map[arguments][0] ll
    *(u64 *)(r9 + ${CONTEXT}) = r1
    r1 = subprog[body]
    *(u64 *)(r9 + ${FUNCTION}) = r1
    ${MAPS.map(({ name }) => `r1 = map[${name}] ll`).join('\n')}
    ${calls.join('\n')}
    exit
    body:
    r9 = map[arguments][0] ll
    ${callText(random, type, CALLS - 1, places)}
    r0 &= 1
    exit`;
  const main = programFromAssembly(text, { name: 'main', type, maps: MAPS });
  const tail = programFromAssembly('r0 = 77\nexit', { name: 'tail', type, maps: MAPS });
  return { file: { name: 'wild', programs: [main, tail], refused: [], maps: MAPS, license: 'GPL' }, places };
}

/** Addresses in an engine: what a hostile program would try. */
export interface Targets {
  /** By name. */
  readonly maps: ReadonlyMap<string, number>;
  /** Starts and ends of memory the program was given. */
  readonly own: readonly (readonly [start: number, end: number])[];
  readonly foreign: readonly number[];
}

const u32s = (object: BpfObject, address: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => object.engine.memory.u32(address + 4 * i));

/** The maps of a program are listed by address, which is the order they were made in. */
function mapOfType({ engine }: BpfObject, map: number, type: number): number {
  if (engine.memory.u32(map + layout.MAP_TYPE) !== type) throw new Error('maps are not in the order of MAPS');
  return map;
}

export function targetsOf(object: BpfObject, descriptor: number, victim: BpfObject): Targets {
  const { memory, run, arena } = object.engine;
  const addresses = u32s(object, memory.u32(descriptor + layout.PROG_MAPS), MAPS.length);
  const maps = new Map(MAPS.map(({ name, type }, i) => [name, mapOfType(object, addresses[i] ?? 0, type)]));
  const regions = u32s(
    object,
    memory.u32(descriptor + layout.PROG_REGIONS),
    3 * memory.u32(descriptor + layout.PROG_NREGIONS),
  );
  const own = [
    [memory.u32(run + layout.RUN_STACK), memory.u32(run + layout.RUN_STACK_TOP)],
    [run + layout.RUN_CTX_AREA, run + layout.RUN_CTX_AREA + 24],
    [arena.records + 64 * layout.REC_SIZE + 256, arena.records + 64 * layout.REC_SIZE + 256 + 64],
  ] as [number, number][];
  for (let i = 0; i < regions.length; i += 3) own.push([regions[i] ?? 0, regions[i + 1] ?? 0]);
  const others = victim.maps.map(({ name }) => victim.map(name).raw.address);
  const printk = memory.u32(layout.HEADER + layout.HDR_PRINTK);
  const foreign = [0, 64, layout.HEADER, run, descriptor, arena.records, printk, ...others];
  return { maps, own, foreign: [...foreign, ...others.map((map) => memory.u32(map + layout.MAP_VALUES))] };
}

const SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 12, 13, 16, 24, 40, 64, 255, 256, 511, 512, 513, 4088, 4089, 4096];
const HUGE = [
  0x7fff, 0xffff, 0x10000, 0x1fffffff, 0x20000000, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff,
];

function pointer(random: Random, { own }: Targets): number {
  const [start, end] = random.pick(own);
  if (random.chance(0.7)) return start + random.below(4) * 8;
  return random.chance(0.5) ? end - random.below(40) : start + random.below(end - start);
}

function anything(random: Random, targets: Targets): bigint {
  const { maps, foreign } = targets;
  const value = random.weighted<() => number>([
    [3, () => pointer(random, targets) + random.between(-16, 16)],
    [2, () => random.pick([...maps.values()]) + random.between(-16, 280)],
    [3, () => random.pick(foreign) + random.between(-16, 64)],
    [2, () => random.pick(HUGE)],
    [1, () => random.u32()],
  ])();
  const high = random.pick([0n, 0n, 0n, 1n, 0x7fffffffn, 0x80000000n, 0xffffffffn]);
  return BigInt.asUintN(64, BigInt(value) + (high << 32n));
}

function wanted(random: Random, kind: string, targets: Targets): bigint {
  const { maps } = targets;
  const names = kind === 'm' ? [...maps.keys()] : SUITED[kind];
  if (names) return BigInt(maps.get(random.pick(names)) ?? 0);
  if (kind === 'p') return BigInt(pointer(random, targets));
  if (kind === 's') return BigInt(random.chance(0.8) ? random.below(24) : random.pick(SIZES));
  return BigInt.asUintN(64, BigInt(random.chance(0.8) ? random.below(5) : random.imm()));
}

const FORMATS = ['%d %5u', '%s', '%p|%pi4|%pI6', '%-8x%c', '%8388607d', '%%%ld', 'plain', '%pks %llX'];

/** The values of the map `arguments` for one run. */
export function argumentBytes(random: Random, places: readonly Place[], targets: Targets): Uint8Array {
  const bytes = random.bytes(512).map((byte) => (random.chance(0.3) ? 0 : byte));
  bytes.set(new TextEncoder().encode(`${random.pick(FORMATS)}\0`), 400 + random.below(80));
  const view = new DataView(bytes.buffer);
  const wildness = random.pick([0, 0.02, 0.2]);
  for (const { at, kind } of places) {
    const value = random.chance(wildness) ? anything(random, targets) : wanted(random, kind, targets);
    view.setBigUint64(at, value, true);
  }
  return bytes;
}
