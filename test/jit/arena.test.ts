import { expect, it } from 'vitest';
import * as abi from '../../src/abi/maps.ts';
import { syscallArgs } from '../../src/index.ts';
import { mapSpec, openText } from '../api/build.ts';
import { Random } from '../nodiff/random.ts';

const arena = mapSpec('a', abi.MAP_TYPE_ARENA, {
  keySize: 0,
  valueSize: 0,
  maxEntries: 4,
  flags: abi.BPF_F_MMAPABLE,
});
const PAGE = abi.ARENA_PAGE;
const PROGRAMS = Number(process.env['WEBPF_ARENA_PROGRAMS'] ?? 60);
const LENGTH = 24;

const r1 = (off: number): string => (off < 0 ? `r1 - ${-off}` : `r1 + ${off}`);

/** An access through r1: mostly within the pages that are there, at their edges, and beyond them. */
function access(random: Random): string {
  const size = random.pick(['u8', 'u16', 'u32', 'u64']);
  const off = random.pick([0, 1, 8, 4088, 4092, 4095, -8, 8192]);
  const place = `*(${size} *)(${r1(off)})`;
  const wide = random.pick(['u32', 'u64']);
  return random.pick([
    `r7 = ${place}`,
    `r7 = *(${random.pick(['s8', 's16', 's32'])} *)(${r1(off)})`,
    `${place} = r7`,
    `${place} = ${random.pick([0, 1, -1, 77])}`,
    `lock *(${wide} *)(${r1(off & ~7)}) += r7`,
    `r7 = atomic_fetch_or((${wide} *)(${r1(off & ~7)}), r7)`,
    `r0 = r7\nr0 = cmpxchg_64(${r1(off & ~7)}, r0, r7)`,
  ]);
}

/** Changes the pointer in r1, or takes a new one from the program's argument (r6). */
function arithmetic(random: Random): string {
  const imm = random.pick([1, 8, 255, 4095, 4096, -8, 0x7fff_ffff]);
  return random.pick([
    `r1 += ${imm}`,
    `r1 -= ${imm}`,
    `w1 += ${imm}`,
    'r1 += r7',
    'r1 ^= r7',
    `r1 &= ${random.pick([-8, -4096, 0xffff])}`,
    `r1 >>= ${random.pick([1, 3])}`,
    `r1 <<= ${random.pick([1, 3])}`,
    'r1 *= 3',
    'r2 = r1\nr7 ^= r2',
    'r1 = r6\nr1 = addr_space_cast(r1, 0, 1)',
    'r1 = addr_space_cast(r1, 1, 0)\nr1 = addr_space_cast(r1, 0, 1)',
  ]);
}

function program(random: Random): string {
  const start =
    'r2 = map[0] ll\nr6 = *(u64 *)(r1 + 0)\nr7 = *(u64 *)(r1 + 8)\nr0 = 0\nr1 = r6\nr1 = addr_space_cast(r1, 0, 1)';
  const body = Array.from({ length: LENGTH }, () => (random.chance(0.6) ? access : arithmetic)(random));
  return [start, ...body, 'r2 = r1\nr2 = addr_space_cast(r2, 1, 0)\nr0 ^= r2\nr0 ^= r7\nexit'].join('\n');
}

/** What is in the arena afterwards, and what the program returns, for pointers into it and out of it. */
async function outcome(text: string, engine: 'jit' | 'interp'): Promise<unknown> {
  using object = await openText(text, { type: 'syscall', engine, maps: [arena] });
  const pages = object.arena('a');
  pages.write(
    pages.start,
    Uint8Array.from({ length: 2 * PAGE }, (_, at) => at * 7),
  );
  let loaded: Awaited<ReturnType<typeof object.program>>;
  try {
    loaded = await object.program();
  } catch (error) {
    return (error as Error).message;
  }
  const results = [0, 100, PAGE - 4, 2 * PAGE - 4, 3 * PAGE, -PAGE].map((at) => {
    const data = new Uint8Array(16);
    const view = new DataView(data.buffer);
    view.setBigUint64(0, BigInt(pages.start + at), true);
    view.setBigUint64(8, 0x1234_5678_9abc_def0n, true);
    return loaded.run(syscallArgs(data)).r0;
  });
  return { results, bytes: Buffer.from(pages.read(pages.start, 2 * PAGE)).toString('base64') };
}

it('both engines do the same in an arena', { timeout: 120_000 }, async () => {
  const random = new Random(5);
  let accepted = 0;
  for (let i = 0; i < PROGRAMS; i++) {
    const text = program(random);
    const [jit, interp] = await Promise.all([outcome(text, 'jit'), outcome(text, 'interp')]);
    expect(jit, text).toEqual(interp);
    if (typeof jit === 'object') accepted++;
  }
  expect(accepted).toBeGreaterThan(PROGRAMS / 2);
});
