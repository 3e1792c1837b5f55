import { describe, expect, test } from 'vitest';
import * as traps from '../../src/abi/traps.ts';
import type { AtomicOp, Insn, Size } from '../../src/isa/insn.ts';
import { sandboxProof, trustedProof } from '../../src/verifier/proof.ts';
import {
  alu,
  atomic,
  exit,
  lddw,
  load,
  loadAcquire,
  mov,
  packet,
  r,
  store,
  storeRelease,
} from '../interp/insns.ts';
import { executeTranslated, JitMachine } from './harness.ts';

const BYTES = Array.from({ length: 32 }, (_, index) => (index * 37 + 129) & 0xff);
const SIZES: readonly Size[] = [1, 2, 4, 8];
const modes = [
  { name: 'sandbox', proof: sandboxProof },
  { name: 'trusted', proof: trustedProof },
];
const variants = modes.flatMap((mode) => [false, true].map((shared) => ({ ...mode, shared })));

/** Little-endian value of `size` bytes. */
const valueAt = (bytes: readonly number[], at: number, size: number): bigint =>
  bytes.slice(at, at + size).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);

describe.each(variants)('memory ($name, shared: $shared)', ({ proof, shared }) => {
  const run = (insns: readonly (Insn | undefined)[], bytes = BYTES) =>
    executeTranslated({ insns, proof }, { packet: bytes, shared });

  test.each(SIZES)('loads of %i bytes, also unaligned, zero- and sign-extended', async (size) => {
    for (const off of [0, 3, 24]) {
      const expected = valueAt(BYTES, off, size);
      expect(await run([load(size, 0, 1, off), exit])).toMatchObject({ r0: expected });
      if (size === 8) continue;
      const signed = u64(BigInt.asIntN(8 * size, expected));
      expect(await run([load(size, 0, 1, off, true), exit])).toMatchObject({ r0: signed });
    }
  });

  test.each(SIZES)('stores of %i bytes, of registers and of immediates', async (size) => {
    const value = 0xfedcba9876543210n;
    const outcome = await run([
      ...lddw(2, value),
      store(size, 1, 3, r(2)),
      store(size, 1, 16, -2),
      mov(0, 0),
      exit,
    ]);
    expect(valueAt(outcome.packet, 3, size)).toBe(BigInt.asUintN(8 * size, value));
    expect(valueAt(outcome.packet, 16, size)).toBe(BigInt.asUintN(8 * size, -2n));
    expect(outcome.packet.slice(3 + size, 16)).toEqual(BYTES.slice(3 + size, 16));
  });

  test('negative offsets, and the stack', async () => {
    const insns = [
      alu('add', 1, 16),
      load(4, 2, 1, -9),
      store(8, 10, -512, r(2)),
      store(1, 10, -1, 7),
      load(8, 0, 10, -512),
      load(1, 3, 10, -1),
      alu('add', 0, r(3)),
      exit,
    ];
    expect(await run(insns)).toMatchObject({ r0: valueAt(BYTES, 7, 4) + 7n });
  });

  test.each(SIZES)('load-acquire and store-release of %i bytes', async (size) => {
    const outcome = await run([loadAcquire(size, 0, 1, 8), storeRelease(size, 1, 16, 0), exit]);
    expect(outcome.r0).toBe(valueAt(BYTES, 8, size));
    expect(valueAt(outcome.packet, 16, size)).toBe(outcome.r0);
  });

  const updates: Readonly<Record<AtomicOp, (old: bigint, src: bigint, r0: bigint) => bigint>> = {
    add: (old, src) => old + src,
    or: (old, src) => old | src,
    and: (old, src) => old & src,
    xor: (old, src) => old ^ src,
    xchg: (_, src) => src,
    cmpxchg: (old, src, r0) => (old === r0 ? src : old),
  };
  const OPS = Object.keys(updates) as AtomicOp[];

  /** r0 is compared, r2 is the operand; both registers are written to memory at the end. */
  const tryAtomic = async (op: AtomicOp, fetch: boolean, size: 4 | 8, compared: bigint): Promise<void> => {
    const src = 0x89abcdef_12345678n;
    const after = await run([
      ...lddw(0, compared),
      ...lddw(2, src),
      atomic(op, fetch, size, 1, 8, 2),
      store(8, 1, 16, r(0)),
      store(8, 1, 24, r(2)),
      exit,
    ]);
    const low = (value: bigint): bigint => BigInt.asUintN(8 * size, value);
    const old = valueAt(BYTES, 8, size);
    expect(valueAt(after.packet, 8, size)).toBe(low(updates[op](old, low(src), low(compared))));
    expect(valueAt(after.packet, 16, 8)).toBe(op === 'cmpxchg' ? old : compared);
    expect(valueAt(after.packet, 24, 8)).toBe(fetch && op !== 'cmpxchg' ? old : src);
    expect(after.packet.slice(8 + size, 16)).toEqual(BYTES.slice(8 + size, 16));
  };

  test.each(OPS)('atomic %s', async (op) => {
    const always = op === 'xchg' || op === 'cmpxchg';
    for (const size of [4, 8] as const) {
      // The upper half of r0 does not matter to the 32-bit comparison.
      const same = valueAt(BYTES, 8, size) | (size === 4 ? 0x5n << 32n : 0n);
      for (const fetch of always ? [true] : [false, true]) {
        await tryAtomic(op, fetch, size, same);
        await tryAtomic(op, fetch, size, 0x7777777711111111n);
      }
    }
  });
});

describe('sandbox', () => {
  const end = BYTES.length;
  const outside: readonly (readonly [string, readonly (Insn | undefined)[], bigint])[] = [
    ['a load past the end', [load(4, 0, 1, end - 3), exit], BigInt(end - 3)],
    ['a store before the start', [store(1, 1, -1, 0), exit], -1n],
    ['a store past the stack', [store(8, 10, -7, 0), exit], -7n],
    ['an atomic past the end', [mov(2, 1), atomic('add', false, 8, 1, end - 4, 2), exit], BigInt(end - 4)],
    ['a load-acquire past the end', [loadAcquire(2, 0, 1, end - 1), exit], BigInt(end - 1)],
    ['a store-release past the end', [storeRelease(2, 1, end, 1), exit], BigInt(end)],
  ];

  test.each(outside)('%s traps where it does in the interpreter', async (_, insns, offset) => {
    const machine = new JitMachine();
    const prog = await machine.translate({ insns });
    const { trap } = machine.executeTranslated(prog, { packet: BYTES });
    expect(trap?.kind).toBe(traps.TRAP_MEMORY);
    const slot = insns.findIndex((insn) => insn && insn.kind !== 'alu');
    expect(trap?.pc).toBe(slot);
    const other = machine.execute(prog, { packet: BYTES });
    expect(other.trap?.pc).toBe(slot);
    expect(BigInt.asIntN(64, (trap?.value ?? 0n) - offset)).toBeGreaterThan(0n);
  });

  test('high halves of addresses are not cut off', async () => {
    const insns = [...lddw(2, 1n << 32n), alu('add', 2, r(1)), load(1, 0, 2, 0), exit];
    const { trap } = await executeTranslated({ insns }, { packet: BYTES });
    expect(trap).toMatchObject({ kind: traps.TRAP_MEMORY, pc: 3 });
    expect((trap?.value ?? 0n) >> 32n).toBe(1n);
  });

  test.each([4, 8] as const)('misaligned atomics of %i bytes trap, after the bounds', async (size) => {
    const insns = [mov(2, 1), atomic('add', false, size, 1, 2, 2), exit];
    const { trap } = await executeTranslated({ insns }, { packet: BYTES });
    expect(trap).toMatchObject({ kind: traps.TRAP_MISALIGNED, pc: 1 });
    const both = [mov(2, 1), atomic('add', false, size, 1, end - 2, 2), exit];
    expect((await executeTranslated({ insns: both }, { packet: BYTES })).trap?.kind).toBe(traps.TRAP_MEMORY);
  });

  test('a fact makes an access unchecked', async () => {
    const facts = new Map([[0, { safe: true }]]);
    const insns = [load(1, 0, 1, end), mov(0, 5), exit];
    const outcome = await executeTranslated({ insns, proof: { ...sandboxProof, facts } }, { packet: BYTES });
    expect(outcome).toMatchObject({ r0: 5n, trap: undefined });
  });
});

describe('packet loads', () => {
  const big = (at: number, size: number): bigint =>
    valueAt(BYTES.toReversed(), BYTES.length - at - size, size);

  test.each([1, 2, 4] as const)('%i bytes, in host order', async (size) => {
    const insns = [mov(6, r(1)), mov(3, 2), packet(size, 5, 3), exit];
    expect((await executeTranslated({ insns }, { packet: BYTES })).r0).toBe(big(7, size));
    const absolute = [mov(6, r(1)), packet(size, 5), exit];
    expect((await executeTranslated({ insns: absolute }, { packet: BYTES })).r0).toBe(big(5, size));
  });

  test('out of range ends the program with 0', async () => {
    const insns = [mov(6, r(1)), packet(4, BYTES.length - 3), mov(0, 9), exit];
    expect(await executeTranslated({ insns }, { packet: BYTES })).toMatchObject({ r0: 0n, trap: undefined });
  });
});
