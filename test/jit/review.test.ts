/** Programs on which an optimisation once changed what the program does. */
import { describe, expect, it } from 'vitest';
import { abi, type EngineKind, type MapSpec, type ProgramType } from '../../src/index.ts';
import { mapSpec, openText } from '../api/build.ts';

interface Case {
  /** Finds 16 bytes in r1. */
  readonly text: string;
  readonly bytes?: readonly number[];
  readonly type?: ProgramType;
  readonly maps?: readonly MapSpec[];
  readonly optimize?: boolean;
}

/** r1 becomes the packet, which has 16 bytes at least. */
const PACKET: { readonly [Type in ProgramType]?: string } = {
  xdp: `
  r2 = *(u32 *)(r1 + 4)
  r1 = *(u32 *)(r1 + 0)
  r3 = r1
  r3 += 16
  if r3 <= r2 goto +2
  r0 = 0
  exit`,
};

async function resultOf(
  engine: EngineKind,
  { text, bytes = [], type = 'xdp', ...options }: Case,
): Promise<bigint> {
  const memory = new Uint8Array(64);
  memory.set(bytes);
  using object = await openText(`${PACKET[type] ?? ''}\n${text}`, { engine, type, ...options });
  const program = await object.program();
  expect(program.mode).toBe('verified');
  return program.run(memory).r0;
}

/** Verified programs: r0 must be that of the interpreter. */
async function expectSame(program: Case, expected?: bigint): Promise<void> {
  const interpreted = await resultOf('interp', program);
  if (expected !== undefined) expect(interpreted).toBe(expected);
  expect(await resultOf('jit', program)).toBe(interpreted);
}

const values = mapSpec('values', abi.MAP_TYPE_ARRAY, { maxEntries: 4 });

describe('shift counts beyond the width', () => {
  it('say nothing more of the bits than those within', () =>
    expectSame(
      {
        text: `
      r0 = *(u8 *)(r1 + 0)
      r2 = 0x1000000000000003 ll
      r0 <<= r2
      r0 &= 255
      exit`,
        bytes: [0xff, 0, 0, 0],
      },
      0xf8n,
    ));
  it.each([
    ['<<=', 70, '>>=', 70],
    ['<<=', 32, '>>=', 69],
    ['<<=', 56, 's>>=', 70],
    ['<<=', 66, '>>=', 2],
    ['>>=', 70, '<<=', 70],
  ])('up and down: %s %i, %s %i', (first, by, second, then) =>
    expectSame({
      text: `
      r0 = *(u64 *)(r1 + 0)
      r2 = ${by}
      r3 = ${then}
      r0 ${first} r2
      r0 ${second} r3
      exit`,
      bytes: [1, 2, 3, 4, 5, 6, 7, 0xf8],
    }));
});

describe('counted loops', () => {
  it('whose counter another path changes between the step and the test', () => {
    const text = `
      r6 = *(u64 *)(r1 + 0)
      r7 = 0
      r0 = 0
    loop:
      r0 += 1
      r7 += 1
      r2 = r7
      if r6 == 0 goto keep
      r2 = 0
      r6 -= 1
    keep:
      if r7 > 9 goto out
      if r2 != 3 goto loop
    out:
      exit`;
    return expectSame({ text, bytes: [5, 0, 0, 0, 0, 0, 0, 0] });
  });
  it('whose counter is a byte of the packet', () =>
    expectSame({
      type: 'socket_filter',
      bytes: Array.from({ length: 64 }, () => 2),
      text: `
      r6 = r1
      r7 = 0
      r0 = 0
    loop:
      r7 += 1
      r0 = *(u8 *)skb[20]
      r0 += 1
      if r7 > 9 goto out
      if r0 < 4 goto loop
    out:
      r0 = r7
      exit`,
    }));
});

describe('conditions', () => {
  const text = (condition: string): string => `
      r6 = *(u8 *)(r1 + 0)
      r8 = *(u32 *)(r1 + 4)
      if r6 == 77 goto more
      r6 += 1
    more:
      *(u32 *)(r10 - 4) = r6
      r2 = r10
      r2 += -4
      r1 = map[values]
      call bpf_map_lookup_elem
      r7 = r6
      r6 += 2
      if ${condition} goto small
      r0 = r6
      exit
    small:
      if r0 == 0 goto none
      if r8 == 9 goto none
      r0 = *(u64 *)(r0 + 0)
      r0 += 100
      exit
    none:
      r0 = 1000
      exit`;
  it.each([
    'w7 < 4',
    'w7 >= 4',
    'r7 < 4',
    'r7 >= 4',
  ])('that a lookup has tested too: %s', async (condition) => {
    for (const byte of [0, 2, 3, 4, 5]) {
      await expectSame({ text: text(condition), maps: [values], bytes: [byte] });
    }
  });
});

describe('pointers far outside of their object', () => {
  const text = (then: string): string => `
      r6 = r1
      r6 += -0x10000000
      r7 = r1
      r8 = *(u8 *)(r1 + 0)
      if r8 == 3 goto next
      r8 += 1
    next:
      r0 = 1
      ${then}
      exit`;
  it.each([
    'r6 -= r7\nr0 = r6',
    'if r6 s< r7 goto +1\nr0 = 2',
    'r6 += 0x10000000\nif r6 == r7 goto +1\nr0 = 2',
  ])('are 64-bit numbers: %s', (then) => expectSame({ text: text(then) }));
});

describe('inlined functions that nest too deep to be written as blocks', () => {
  const DEPTH = 260;
  const numbers = Array.from({ length: DEPTH }, (_, index) => index + 1);
  const text = `
      r6 = *(u8 *)(r1 + 0)
      r7 = 0
      r8 = 0
    again:
      r1 = r6
      call deep
      r8 += r0
      r6 += 1
      r7 += 1
      if r7 < 3 goto again
      r0 = r8
      exit
    deep:
      r0 = 0
      r3 = 0
      ${numbers.map((n) => `h${n}:\nr0 += ${n}`).join('\n')}
      r3 += 1
      if r3 > 2 goto end
      ${numbers
        .map((n) => `if r1 == ${n} goto h${n}`)
        .toReversed()
        .join('\n')}
    end:
      exit`;
  it('begin at their beginning each time', () => expectSame({ text, bytes: [100] }));
});

describe('sums of sums of themselves', () => {
  it('take no longer to translate than others', () =>
    expectSame({
      text: `
      r6 = *(u32 *)(r1 + 0)
      r7 = *(u32 *)(r1 + 4)
      ${'r6 += r6\n'.repeat(23)}
      ${'r7 *= r7\n'.repeat(23)}
      if r7 == 0 goto out
      r0 = r7
      w0 += w6
      exit
    out:
      w0 = w6
      exit`,
      bytes: [1, 2, 3, 4, 5],
    }));
});

describe('without optimisation', () => {
  it('a constant of the block before is a constant', () =>
    expectSame({
      optimize: false,
      text: `
      r3 = *(u64 *)(r1 + 0)
      r2 = 5
      r4 = r2
      r4 += r2
      r5 = r4
      r5 += r3
      r5 *= r4
      r4 *= r3
      if r3 == 7 goto out
      r6 = *(u64 *)(r1 + 0)
      r7 = r6
      r7 += 3
      r6 *= r7
      r6 += r7
      r0 = r2
      r0 += r2
      r0 += r6
      exit
    out:
      r0 = r4
      r0 += r5
      exit`,
      bytes: [9, 0, 0, 0, 0, 0, 0, 0],
    }));
});
