/** Random calls of helpers with arguments on their edges, as programs for the kernel and for both engines. */
import type { ProgramType } from '../../src/index.ts';
import { HELPERS, helpersAt, prototypeOf } from '../../src/verifier/helpers/index.ts';
import type { Argument } from '../../src/verifier/helpers/types.ts';
import type { Random } from '../nodiff/random.ts';

/** Types that BPF_PROG_TEST_RUN gives a packet. */
export const TYPES = [
  'xdp',
  'sched_cls',
  'socket_filter',
  'cgroup_skb',
  'lwt_xmit',
] as const satisfies readonly ProgramType[];
export type CalledIn = (typeof TYPES)[number];

/** Two of them on the stack, for what helpers read and write. */
const BUFFER = 64;
export const STACK = 2 * BUFFER;
/** r0 of each call, and the buffers after all. */
export const MAX_CALLS = 3;
export const RESULT_BYTES = MAX_CALLS * 8 + STACK;

/** What the generator can make: numbers, the context, and memory with its size. */
const MADE: ReadonlySet<Argument['kind']> = new Set(['anything', 'context', 'memory', 'size']);

/**
 * What nobody can compare: clocks, random numbers, who runs; the kernel's log; copies that would leave by a real
 * interface; hashes with a key of the kernel's own, and its numbers of sockets and namespaces; what depends on whether the kernel's memory is where it is.
 */
const INCOMPARABLE =
  /^bpf_(ktime_|jiffies|get_prandom|get_smp_proc|get_numa|get_current|get_ns_current|trace_|clone_redirect|get_hash_recalc|probe_|task_|copy_from|snprintf|perf_|get_(stack|func|attach)|sys_|send_|override|tcp_raw|get_socket_cookie|get_netns_cookie)/;

/** The helpers that a program of the type may call, that return a number and take what can be made. */
export const helpersIn = (type: CalledIn): readonly number[] =>
  helpersAt({ type, license: 'GPL' }).filter((id) => {
    const { name = '', result } = HELPERS.get(id) ?? {};
    const { args = [] } = prototypeOf(id, { type }) ?? {};
    return result?.kind === 'integer' && args.every(({ kind }) => MADE.has(kind)) && !INCOMPARABLE.test(name);
  });

/** Lengths of headers, protocols in both byte orders, flags, and what lies beside them. */
const EDGES = [
  0,
  1,
  2,
  3,
  4,
  5,
  6,
  8,
  10,
  12,
  13,
  14,
  16,
  18,
  20,
  24,
  26,
  28,
  34,
  36,
  40,
  50,
  54,
  58,
  60,
  63,
  64,
  65,
  66,
  80,
  86,
  99,
  100,
  101,
  114,
  128,
  255,
  256,
  0x8,
  0xdd86,
  0x81,
  0xa888,
  0x800,
  0x86dd,
  0x10,
  0x11,
  0x12,
  0x20,
  0x40,
  0x80,
  0xffff,
  0x10000,
  1 << 30,
  -1,
  -2,
  -4,
  -14,
  -20,
  -22,
  -40,
  -64,
];

const number = (random: Random): number =>
  random.chance(0.85) ? random.pick(EDGES) : random.between(-0x7fff_ffff, 0x7fff_ffff);

function argumentText(random: Random, register: number, argument: Argument, free: number): string[] {
  const to = `r${register} = `;
  if (argument.kind === 'context') return [`${to}r6`];
  if (argument.kind === 'size') return [`${to}${random.chance(0.7) ? random.between(1, BUFFER) : BUFFER}`];
  if (argument.kind !== 'memory') return [`${to}${number(random)}`];
  if (argument.nullable && random.chance(0.3)) return [`${to}0`];
  return [`${to}r10`, `r${register} += ${free}`];
}

function call(random: Random, type: CalledIn, id: number, place: number): string[] {
  const { args = [] } = prototypeOf(id, { type }) ?? {};
  let free = -STACK;
  const lines: string[] = [];
  for (const [index, argument] of args.entries()) {
    const isNull = args[index - 1]?.kind === 'memory' && lines.at(-1) === `r${index} = 0`;
    if (argument.kind === 'size' && isNull) lines.push(`r${index + 1} = 0`);
    else lines.push(...argumentText(random, index + 1, argument, free));
    if (argument.kind === 'memory') free += BUFFER;
  }
  return [...lines, `call ${id}`, `*(u64 *)(r10 - ${STACK + 8 * (place + 1)}) = r0`];
}

/** Zeros and ones, small numbers, and anything: what buffers begin as. */
const word = (random: Random): number => random.pick([0, 0, 1, 2, 0x0a00_0001, number(random)]);

export interface Calls {
  readonly type: CalledIn;
  readonly names: readonly string[];
  /** `map` stands for the array of one value with RESULT_BYTES. */
  readonly text: (map: string) => string;
}

/** A program that calls helpers one after the other, and keeps what they return and what they have written. */
export function randomCalls(random: Random, type: CalledIn, first: number): Calls {
  const count = random.chance(0.5) ? 1 : random.between(2, MAX_CALLS);
  const ids = [first, ...Array.from({ length: count - 1 }, () => random.pick(helpersIn(type)))];
  const fill = Array.from(
    { length: STACK / 4 },
    (_, i) => `*(u32 *)(r10 - ${STACK - 4 * i}) = ${word(random)}`,
  );
  const results = Array.from({ length: MAX_CALLS }, (_, i) => `*(u64 *)(r10 - ${STACK + 8 * (i + 1)}) = r0`);
  const calls = ids.flatMap((id, place) => call(random, type, id, place));
  const copies = Array.from({ length: RESULT_BYTES / 8 }, (_, i) => [
    `r0 = *(u64 *)(r10 - ${RESULT_BYTES - 8 * i})`,
    `*(u64 *)(r1 + ${8 * i}) = r0`,
  ]).flat();
  const before = ['r6 = r1', 'r0 = 0', ...results, ...fill, ...calls];
  return {
    type,
    names: ids.map((id) => HELPERS.get(id)?.name ?? `${id}`),
    text: (map) => [...before, `r1 = map[${map}][0]+0`, ...copies, 'r0 = 1', 'exit'].join('\n'),
  };
}
