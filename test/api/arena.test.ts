import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as abi from '../../src/abi/maps.ts';
import { type BpfObject, Engine, open, syscallArgs, type WebpfError } from '../../src/index.ts';
import { engines, mapSpec, openText } from './build.ts';

const FILE = fileURLToPath(new URL('../objects/arena.o', import.meta.url));
const PAGE = 4096;

interface Answer {
  readonly r0: bigint;
  /** The first and the last member of the arguments. */
  readonly op: bigint;
  readonly result: bigint;
}

async function run(object: BpfObject, name: string, value = 0n): Promise<Answer> {
  const data = new Uint8Array(24);
  new DataView(data.buffer).setBigInt64(8, value, true);
  const { r0, event } = (await object.program(name)).run(syscallArgs(data));
  const view = new DataView(event.buffer, event.byteOffset);
  return { r0, op: view.getBigInt64(0, true), result: view.getBigInt64(16, true) };
}

const modes = engines.flatMap((engine) => [
  { engine, sandbox: false },
  { engine, sandbox: true },
]);

describe.each(modes)('arenas, with $engine (sandbox: $sandbox)', (options) => {
  it('hold what programs allocate, at addresses that the host can follow', async () => {
    using object = await open(FILE, options);
    const arena = object.arena('arena');
    expect(arena).toMatchObject({ name: 'arena', pages: 16, allocated: 1 });
    expect(await run(object, 'push', 0x20101n)).toMatchObject({ r0: 0n });
    expect(await run(object, 'push', -3n)).toMatchObject({ r0: 0n });
    expect(await run(object, 'sum')).toMatchObject({ r0: 2n, result: 197_375n });
    expect({ count: arena.get('count'), allocated: arena.allocated }).toEqual({ count: 42, allocated: 3 });
    const head = object.map<number, { head: bigint }>('.bss').get(0)?.head ?? 0n;
    const node = arena.decode(head, 'node') as { next: bigint; value: number };
    expect(node).toMatchObject({ value: -3, small: 65_535, tiny: -1 });
    expect(arena.decode(node.next, 'node')).toMatchObject({ next: 0n, value: 0x20101 });
    arena.write(Number(head) + 8, Uint8Array.of(7, 0, 0, 0));
    expect(await run(object, 'sum')).toMatchObject({ result: 197_385n });
  });

  it('hold global variables at their start', async () => {
    using object = await open(FILE, options);
    const arena = object.arena();
    expect([arena.addressOf('count'), arena.get('count')]).toEqual([arena.start, 40]);
    arena.set('table', [1n, 10n, 3n, 4n]);
    expect(await run(object, 'change', 5n)).toEqual({ r0: 0n, op: 4n, result: 10n });
    expect(arena.get('table')).toEqual([0xfffe_0009n, 15n, 11n, 77n]);
  });

  it('give pages where they are asked for, and take them back', async () => {
    using object = await open(FILE, options);
    const { start, allocated } = object.arena();
    expect(await run(object, 'pages')).toMatchObject({ r0: 0n, result: BigInt(start + PAGE) });
    expect(object.arena().allocated).toBe(allocated);
    for (const value of [0n, 1n, 4100n, 60_000n])
      expect(await run(object, 'arithmetic', value)).toMatchObject({ r0: 0n });
  });

  it('are full at some time', async () => {
    using object = await open(FILE, options);
    const answers: bigint[] = [];
    for (let i = 0; i < 17; i++) answers.push((await run(object, 'push', 1n)).r0);
    expect(answers.filter((r0) => r0 === 0n)).toHaveLength(15);
    expect(await run(object, 'sum')).toMatchObject({ r0: 15n, result: 15n });
  });
});

describe.each(engines)('proved programs, in %s', (engine) => {
  it('load zeros, and store nothing, where no page is', async () => {
    using object = await open(FILE, { engine });
    const arena = object.arena();
    const outside = (address: number): Promise<Answer> => run(object, 'outside', BigInt(address));
    for (const address of [arena.start + 8 * PAGE, arena.start + 16 * PAGE, arena.start - 8, 0, 0xffff_fff8])
      expect(await outside(address)).toMatchObject({ r0: 0n, result: 0n });
    // The last of a page that is there, and half of one that is not.
    expect(await outside(arena.start + PAGE - 4)).toMatchObject({ result: 0n });
    expect(await outside(arena.start + PAGE - 8)).toMatchObject({ result: 11n });
    // An atomic that is not aligned goes nowhere.
    expect(await outside(arena.start + 100)).toMatchObject({ result: 5n });
    expect(arena.allocated).toBe(1);
  });
});

describe('the sandbox', () => {
  it('ends runs outside of the arena', async () => {
    using object = await open(FILE, { sandbox: true });
    const trap = expect.objectContaining({ code: 'trap' }) as WebpfError;
    await expect(run(object, 'outside', 8n)).rejects.toThrow(trap);
    await expect(run(object, 'outside', BigInt(object.arena().start + 16 * PAGE))).rejects.toThrow(trap);
  });
});

const arena = (name: string, more = {}) =>
  mapSpec(name, abi.MAP_TYPE_ARENA, {
    keySize: 0,
    valueSize: 0,
    maxEntries: 4,
    flags: abi.BPF_F_MMAPABLE,
    ...more,
  });

const refusal = async (text: string, maps = [arena('a')]): Promise<string> => {
  using object = await openText(`${text}\nexit`, { type: 'syscall', maps });
  return await object.program().then(
    () => 'accepted',
    (error: WebpfError) => `${error.code}: ${(error.cause as { reason?: string })?.reason ?? error.message}`,
  );
};

describe('programs with arenas', () => {
  const CAST = 'r2 = map[0] ll\nr1 = 8\nr1 = addr_space_cast(r1, 0, 1)\nr0 = 0';

  it('are refused where Linux refuses them', async () => {
    expect(await refusal(CAST)).toBe('accepted');
    expect(await refusal('r1 = 8\nr1 = addr_space_cast(r1, 0, 1)\nr0 = 0', [])).toMatch(
      /has an associated arena/,
    );
    expect(await refusal(`r3 = map[1] ll\n${CAST}`, [arena('a'), arena('b')])).toMatch(/Only one arena/);
    expect(
      await refusal(
        `${CAST}\nr3 = r10\nr3 += -8\n*(u64 *)(r3 + 0) = r1\nr2 = r3\nr1 = map[0] ll\ncall bpf_map_lookup_elem`,
      ),
    ).toMatch(/^rejected/);
    expect(
      await refusal(
        'r1 = map[0] ll\nr2 = 0\nr3 = 1\nr4 = -1\nr5 = 0\ncall kfunc bpf_arena_alloc_pages\nr0 = 0',
      ),
    ).toMatch(/^rejected: .*sleepable/);
  });

  it('calculate with pointers in 32 bits, and not in every way', async () => {
    expect(await refusal(`${CAST}\nr1 += 5\nr1 *= 3\nr1 >>= 2\nr1 <<= 3\nr1 = *(u8 *)(r1 + 0)`)).toBe(
      'accepted',
    );
    expect(await refusal(`${CAST}\nr1 <<= 40`)).toMatch(/^unsupported: .*operand of lsh/);
    expect(await refusal(`${CAST}\nr3 = 5\nr3 /= r1`)).toMatch(/^unsupported: .*operand of div/);
  });

  it('lose what is above 32 bits', async () => {
    for (const engine of engines) {
      const text = `${CAST}\nr3 = 0x7fffffffffff ll\nr1 += r3\nr1 -= 3\nr0 = r1\nexit`;
      using object = await openText(text, { type: 'syscall', maps: [arena('a')], engine });
      expect((await object.program()).run(syscallArgs(new Uint8Array(8))).r0).toBe(4n);
    }
  });
});

describe('the engine', () => {
  it('makes arenas as Linux does', async () => {
    using engine = await Engine.create();
    const errno = (more = {}): number => {
      try {
        engine.createMap(arena('a', more));
        return 0;
      } catch (error) {
        return (error as WebpfError).errno ?? -1;
      }
    };
    expect(errno()).toBe(0);
    expect([
      errno({ keySize: 4 }),
      errno({ valueSize: 8 }),
      errno({ flags: 0 }),
      errno({ maxEntries: 0 }),
    ]).toEqual([abi.EINVAL, abi.EINVAL, abi.EINVAL, abi.EINVAL]);
    expect(errno({ flags: abi.BPF_F_MMAPABLE | 1 })).toBe(abi.EINVAL);
    expect(errno({ maxEntries: (1 << 20) + 1 })).toBe(abi.E2BIG);
    expect(errno({ mapExtra: 5n })).toBe(abi.EINVAL);
    expect(errno({ mapExtra: 1n << 44n })).toBe(0);
    expect(errno({ mapExtra: (1n << 44n) - 4096n })).toBe(abi.ERANGE);
    expect(errno({ maxEntries: 1 << 20 })).toBe(abi.ENOMEM);
  });

  it('shows the host its own pages alone', async () => {
    using object = await open(FILE);
    const all = object.arena();
    expect(() => all.read(all.start + 16 * PAGE - 1, 2)).toThrow(/are not in arena arena/);
    expect(() => all.read(0, 1)).toThrow(/are not in arena arena/);
    expect(() => all.get('nothing')).toThrow(/no global variable "nothing"/);
    expect(() => all.decode(all.start, 'nothing')).toThrow(/no type "nothing"/);
    expect(() => object.map('arena')).toThrow(/not a map with keys/);
    expect(all.read(all.start + 15 * PAGE, 4)).toEqual(new Uint8Array(4));
    expect(all.allocated).toBe(2);
  });
});
