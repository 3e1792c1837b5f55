/** Map operations emitted into the program, or called past the helper, against the runtime's helpers. */
import { describe, expect, test } from 'vitest';
import * as abi from '../../src/abi/maps.ts';
import type { BpfObject, BpfProgram, MapSpec, OpenOptions } from '../../src/index.ts';
import { instantiate } from '../../src/jit/instantiate.ts';
import { mapSpec, openText, ringSpec } from '../api/build.ts';

const UPDATE = 1;
const DELETE = 2;
/** The packet: operation (0: lookup), flags (u32 each), value (u64), key. */
const KEY = 16;

const STORES: Readonly<Record<number, string>> = { 4: 'u32', 2: 'u16', 1: 'u8' };

/** Copies `size` bytes of the packet in r6 to the stack, in pieces of at most 4 bytes. */
function copyKey(size: number): string {
  const lines: string[] = [];
  for (let at = 0; at < size; ) {
    const piece = [4, 2, 1].find((bytes) => bytes <= size - at) ?? 1;
    lines.push(
      `r2 = *(${STORES[piece]} *)(r6 + ${KEY + at})`,
      `*(${STORES[piece]} *)(r10 - ${80 - at}) = r2`,
    );
    at += piece;
  }
  return lines.join('\n');
}

/** One operation a packet; a value that is found is counted up. r0: the value or 0, or the error. */
const programFor = (keySize: number): string => `
  r6 = *(u32 *)(r1 + 0)
  r7 = *(u32 *)(r1 + 4)
  r0 = -1
  r2 = r6
  r2 += ${KEY + keySize}
  if r2 > r7 goto out
  ${copyKey(keySize)}
  r8 = *(u32 *)(r6 + 0)
  r4 = *(u32 *)(r6 + 4)
  r2 = *(u64 *)(r6 + 8)
  *(u64 *)(r10 - 88) = r2
  r1 = map[values] ll
  r2 = r10
  r2 += -80
  r3 = r10
  r3 += -88
  if r8 == ${UPDATE} goto update
  if r8 == ${DELETE} goto remove
  call bpf_map_lookup_elem
  if r0 == 0 goto out
  r1 = *(u64 *)(r0 + 0)
  r1 += 1
  *(u64 *)(r0 + 0) = r1
  r0 = r1
  goto out
update:
  call bpf_map_update_elem
  goto out
remove:
  call bpf_map_delete_elem
out:
  exit`;

const VARIANTS: readonly OpenOptions[] = [
  { engine: 'jit' },
  { engine: 'jit', sandbox: true },
  { engine: 'interp' },
  { engine: 'jit', trusted: true },
  { engine: 'jit', memory: 'shared' },
];

interface Opened {
  readonly object: BpfObject;
  readonly program: BpfProgram;
}

const openWith = async (spec: MapSpec, options: OpenOptions): Promise<Opened> => {
  const object = await openText(programFor(spec.keySize), { ...options, type: 'xdp', maps: [spec] });
  return { object, program: await object.program() };
};

/** What the module of a verified program imports of the runtime. */
const importsOf = async (object: BpfObject): Promise<string[]> => {
  const { wasm } = await object.artifact();
  return WebAssembly.Module.imports(new WebAssembly.Module(wasm.slice())).map(({ name }) => name);
};

const random = (seed: number) => {
  let state = seed;
  return (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % n;
  };
};

/** Keys of any size: the number in every word, so that all of them count. */
function operation(draw: (n: number) => number, keySize: number, keys: number): Uint8Array {
  const packet = new Uint8Array(Math.max(KEY + keySize, 64));
  const view = new DataView(packet.buffer);
  const key = draw(keys);
  view.setUint32(0, draw(3), true);
  view.setUint32(4, draw(8) < 5 ? 0 : draw(4), true);
  view.setUint32(8, draw(1 << 20), true);
  view.setUint32(12, draw(1 << 20), true);
  for (let at = 0; at < keySize; at++) packet[KEY + at] = at === 1 ? key >> 8 : key;
  for (let at = 4; at < keySize; at++) packet[KEY + at] = (packet[KEY + at] ?? 0) ^ (draw(9) === 0 ? 1 : 0);
  return packet;
}

const contents = ({ object }: Opened): [string, string][] =>
  [...object.map('values').raw.entries()]
    .map(([key, value]): [string, string] => [key.join(), value.join()])
    .sort(([a], [b]) => (a < b ? -1 : 1));

const HASHES = [
  ['hash', abi.MAP_TYPE_HASH],
  ['per-CPU hash', abi.MAP_TYPE_PERCPU_HASH],
  ['LRU hash', abi.MAP_TYPE_LRU_HASH],
  ['LRU per-CPU hash', abi.MAP_TYPE_LRU_PERCPU_HASH],
] as const;

const SIZES = [1, 4, 6, 8, 12, 16, 20, 40, 64, 68];

describe('operations on a known map', () => {
  test.each([
    ...HASHES.flatMap(([name, type]) => SIZES.map((keySize) => [name, type, keySize, 0] as const)),
    ['array', abi.MAP_TYPE_ARRAY, 4, 0] as const,
    ['per-CPU array', abi.MAP_TYPE_PERCPU_ARRAY, 4, 0] as const,
    ['trie', abi.MAP_TYPE_LPM_TRIE, 8, abi.BPF_F_NO_PREALLOC] as const,
  ])('%s (type %i) of %i-byte keys: the same as through the helpers', async (_name, type, keySize, flags) => {
    const spec = mapSpec('values', type, { keySize, maxEntries: 37, valueSize: 12, flags });
    const opened = await Promise.all(VARIANTS.map((options) => openWith(spec, options)));
    const draw = random(type * 100 + keySize);
    for (let turn = 0; turn < 600; turn++) {
      const packet = operation(draw, Math.min(keySize, 72), 60);
      const [first, ...others] = opened.map(({ program }) => program.run(packet).r0);
      for (const other of others) expect(other).toBe(first);
    }
    const [first, ...others] = opened.map(contents);
    for (const other of others) expect(other).toEqual(first);
  });

  test.each([
    1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 24, 25, 100, 98_304, 98_305, 1_000_000, 1_048_577,
  ])('hashes of %i elements', async (maxEntries) => {
    const spec = mapSpec('values', abi.MAP_TYPE_HASH, { keySize: 8, maxEntries });
    const opened = await Promise.all(VARIANTS.slice(0, 2).map((options) => openWith(spec, options)));
    const draw = random(maxEntries);
    for (let turn = 0; turn < 300; turn++) {
      const packet = operation(draw, 8, 2 * maxEntries);
      const [inline, called] = opened.map(({ program }) => program.run(packet).r0);
      expect(inline).toBe(called);
    }
  });

  test('lookups are in the program, other operations go past the helper', async () => {
    const { object } = await openWith(mapSpec('values', abi.MAP_TYPE_HASH, { keySize: 16 }), {
      engine: 'jit',
    });
    const imports = await importsOf(object);
    expect(imports).toEqual(expect.arrayContaining(['hashUpdate', 'hashDelete', 'table0', 'slots0']));
    expect(imports.filter((name) => name.startsWith('bpf_') || name === 'hashLookup')).toEqual([]);
  });

  test.each([
    ['array', abi.MAP_TYPE_PERCPU_ARRAY],
    ['hash', abi.MAP_TYPE_PERCPU_HASH],
    ['LRU hash', abi.MAP_TYPE_LRU_PERCPU_HASH],
  ])('a CPU finds its own values: %s', async (_name, type) => {
    const { object, program } = await openWith(mapSpec('values', type), { engine: 'jit', cpus: 3, cpu: 1 });
    const packet = new Uint8Array(64);
    const key = Uint8Array.of(2, 0, 0, 0);
    packet.set(key, KEY);
    object.map('values').raw.update(key, new Uint8Array(24).fill(7));
    expect(program.run(packet).r0).toBe(0x707070707070708n);
    const values = object.map('values').raw.lookup(key);
    expect([0, 8, 16].map((at) => values?.[at])).toEqual([7, 8, 7]);
  });

  test('a constant key, and one stored as a whole', async () => {
    const text = (key: string) => `
      ${key}
      r1 = map[values] ll
      r2 = r10
      r2 += -8
      call bpf_map_lookup_elem
      if r0 != 0 goto found
      r0 = 99
      exit
    found:
      r0 = *(u64 *)(r0 + 0)
      exit`;
    const cases = [
      ['*(u32 *)(r10 - 8) = 7', 4, [7, 0, 0, 0]],
      ['*(u64 *)(r10 - 8) = 7', 8, [7, 0, 0, 0, 0, 0, 0, 0]],
      ['r1 = 0x500000007 ll\n*(u64 *)(r10 - 8) = r1', 8, [7, 0, 0, 0, 5, 0, 0, 0]],
    ] as const;
    for (const type of [abi.MAP_TYPE_HASH, abi.MAP_TYPE_LRU_HASH]) {
      for (const [key, keySize, bytes] of cases) {
        const maps = [mapSpec('values', type, { keySize })];
        for (const options of VARIANTS) {
          const object = await openText(text(key), { ...options, type: 'xdp', maps });
          const program = await object.program();
          expect(program.run(new Uint8Array(64)).r0).toBe(99n);
          object.map('values').raw.update(Uint8Array.from(bytes), Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0));
          expect(program.run(new Uint8Array(64)).r0).toBe(3n);
        }
      }
    }
  });

  test.each([3, 4, 5, 8])('an index of two bits, in an array of %i elements', async (maxEntries) => {
    const text = `
      r1 = *(u32 *)(r1 + 12)
      r1 &= 3
      *(u32 *)(r10 - 4) = r1
      r1 = map[values] ll
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      if r0 == 0 goto absent
      r0 = *(u64 *)(r0 + 0)
      exit
    absent:
      r0 = 99
      exit`;
    const maps = [mapSpec('values', abi.MAP_TYPE_ARRAY, { maxEntries })];
    for (const options of VARIANTS) {
      const object = await openText(text, { ...options, type: 'xdp', maps });
      const program = await object.program();
      for (let index = 0; index < Math.min(4, maxEntries); index++) {
        object
          .map('values')
          .raw.update(Uint8Array.of(index, 0, 0, 0), Uint8Array.of(index + 1, 0, 0, 0, 0, 0, 0, 0));
      }
      for (let index = 0; index < 4; index++) {
        const { r0 } = program.run(new Uint8Array(64), { ingressIfindex: index });
        expect(r0).toBe(index < maxEntries ? BigInt(index + 1) : 99n);
      }
    }
  });

  test.each([
    ['inside', 3, 1n],
    ['behind the end', 4, 99n],
  ])('constant index %s', async (_name, index, r0) => {
    const text = `
      *(u32 *)(r10 - 4) = ${index}
      r1 = map[values] ll
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      if r0 != 0 goto found
      r0 = 99
      exit
    found:
      r1 = *(u64 *)(r0 + 0)
      r1 += 1
      *(u64 *)(r0 + 0) = r1
      r0 = r1
      exit`;
    const maps = [mapSpec('values', abi.MAP_TYPE_ARRAY, { maxEntries: 4 })];
    for (const options of VARIANTS) {
      const object = await openText(text, { ...options, type: 'xdp', maps });
      expect((await object.program()).run(new Uint8Array(64)).r0).toBe(r0);
    }
  });

  test('an artifact refuses maps of other sizes than those it was made for', async () => {
    const spec = mapSpec('values', abi.MAP_TYPE_ARRAY, { maxEntries: 4 });
    const { object } = await openWith(spec, { engine: 'jit' });
    const smaller = await openWith({ ...spec, maxEntries: 3 }, { engine: 'jit' });
    const { engine } = smaller.object;
    const map = smaller.object.map('values').raw;
    const bound = instantiate(await object.artifact(), {
      memory: engine.memory.memory as WebAssembly.Memory,
      run: engine.run,
      program: smaller.program.descriptor,
      functions: 0,
      maps: [map.address],
      values: [map.valuesAddress],
      runtime: engine.exports,
      hostHelper: engine.helpers.call,
      kfunc: engine.kfuncs.find,
    });
    await expect(bound).rejects.toThrow(/map "values" with maxEntries 4, but .* is 3/);
  });
});

describe('ring buffers', () => {
  /** The packet: size of a record to output, then what to do with reserved ones (0: submit), flags. */
  const text = `
    r6 = *(u32 *)(r1 + 0)
    r7 = *(u32 *)(r1 + 4)
    r0 = -1
    r2 = r6
    r2 += 64
    if r2 > r7 goto out
    ${[0, 8, 16, 24].map((at) => `r2 = *(u64 *)(r6 + ${16 + at})\n*(u64 *)(r10 - ${32 - at}) = r2`).join('\n')}
    r8 = 0
    r1 = map[events] ll
    r2 = 24
    r3 = *(u32 *)(r6 + 8)
    call bpf_ringbuf_reserve
    if r0 == 0 goto full
    r8 = 1
    r2 = *(u64 *)(r6 + 16)
    *(u64 *)(r0 + 0) = r2
    *(u64 *)(r0 + 8) = r2
    *(u64 *)(r0 + 16) = r2
    r1 = r0
    r2 = 0
    r3 = *(u32 *)(r6 + 4)
    if r3 == 0 goto submit
    call bpf_ringbuf_discard
    goto full
  submit:
    call bpf_ringbuf_submit
  full:
    r1 = map[events] ll
    r2 = r10
    r2 += -32
    r3 = *(u32 *)(r6 + 0)
    r4 = *(u32 *)(r6 + 12)
    r3 &= 31
    r3 += 1
    call bpf_ringbuf_output
    r0 <<= 1
    r0 |= r8
  out:
    exit`;

  test('the same records as through the helpers, and the same errors', async () => {
    const maps = [ringSpec('events', 4096)];
    const opened = await Promise.all(
      VARIANTS.map(async (options) => {
        const object = await openText(text, { ...options, type: 'xdp', maps });
        return { ring: object.ring('events'), program: await object.program() };
      }),
    );
    const draw = random(5);
    for (let turn = 0; turn < 400; turn++) {
      const packet = Uint8Array.from({ length: 64 }, () => draw(256));
      const view = new DataView(packet.buffer);
      for (const [at, most] of [
        [4, 2],
        [8, 2],
        [12, 4],
      ] as const)
        view.setUint32(at, draw(3) === 0 ? draw(most) : 0, true);
      const [first, ...others] = opened.map(({ program }) => program.run(packet).r0);
      for (const other of others) expect(other).toBe(first);
      if (turn % 100 < 90) continue;
      const [records, ...same] = opened.map(({ ring }) => [...ring.drain()]);
      for (const other of same) expect(other).toEqual(records);
    }
  });
});
