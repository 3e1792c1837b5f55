import { describe, expect, it } from 'vitest';
import * as abi from '../../../src/abi/state.ts';
import { StateMemory } from '../../../src/verifier/state/memory.ts';

const MiB = 2 ** 20;
const memory = await StateMemory.open();
const { ops } = memory;

/** An empty state of one function, with room for `bytes` of memory. */
function fresh(bytes = 64 * MiB): void {
  ops.resetHeap(bytes);
  memory.frames = 0;
  memory.pushFrame();
  ops.setAllLive();
}

const r = (register: number): number => memory.register(0, register);

/** Spills a constant to a slot. */
function spill(slot: number, value: bigint): void {
  memory.growStack(0, slot + 1);
  memory.setConstant(memory.slot(0, slot), value);
  const at = memory.slotBytes(0, slot);
  memory.bytes.fill(abi.BYTE_SPILL, at, at + 8);
}

function fillBytes(slot: number, kind: number): void {
  memory.growStack(0, slot + 1);
  const at = memory.slotBytes(0, slot);
  memory.bytes.fill(kind, at, at + 8);
}

describe('a packed state', () => {
  it('comes back as it was', () => {
    fresh();
    memory.setConstant(r(3), -7n);
    memory.setPointer(r(6), abi.KIND_PACKET, 14);
    memory.setOff(r(6), 12);
    memory.setId(r(6), 5);
    spill(4, 42n);
    const state = memory.save(0);
    memory.setConstant(r(3), 1n);
    ops.setNone(r(6));
    fillBytes(4, abi.BYTE_MISC);
    ops.restore(state);
    expect(memory.scalar(r(3)).smin).toBe(-7n);
    expect([memory.kind(r(6)), memory.aux(r(6)), memory.off(r(6)), memory.id(r(6))]).toEqual([
      abi.KIND_PACKET,
      14,
      12,
      5,
    ]);
    expect(memory.scalar(memory.slot(0, 4)).value).toBe(42n);
    expect(memory.slotCount(0)).toBe(5);
  });

  it('keeps every function on the stack', () => {
    fresh();
    memory.setConstant(r(6), 1n);
    memory.pushFrame();
    memory.setConstant(memory.register(1, 6), 2n);
    const state = memory.save(0);
    memory.popFrame();
    ops.restore(state);
    expect(memory.frames).toBe(2);
    expect([r(6), memory.register(1, 6)].map((at) => memory.scalar(at).value)).toEqual([1n, 2n]);
  });

  it('leaves registers out that are not read later', () => {
    fresh();
    memory.setConstant(r(2), 9n);
    memory.setLive(0, 0);
    const state = memory.save(0);
    ops.restore(state);
    expect(memory.kind(r(2))).toBe(abi.KIND_NONE);
  });

  it('takes memory up to the limit, and gives it back', () => {
    fresh(MiB);
    spill(63, 1n);
    const states: number[] = [];
    for (let state = memory.save(0); state !== 0; state = memory.save(0)) states.push(state);
    expect(states.length).toBeGreaterThan(100);
    expect(memory.save(0)).toBe(0);
    for (const state of states) ops.drop(state);
    expect(memory.save(0)).not.toBe(0);
  });
});

describe('a state is covered by an earlier one', () => {
  const covered = (state: number, how = abi.COMPARE_PRECISE): boolean => ops.covered(state, how, 1, 1) !== 0;

  it('that it is equal to', () => {
    fresh();
    memory.setPointer(r(1), abi.KIND_CTX);
    const state = memory.save(0);
    for (const how of [abi.COMPARE_PRECISE, abi.COMPARE_EXACT, abi.COMPARE_WITHIN]) {
      expect(covered(state, how)).toBe(true);
    }
  });

  it('whatever a scalar is that no decision depended on', () => {
    fresh();
    memory.setConstant(r(1), 1n);
    const state = memory.save(0);
    memory.setConstant(r(1), 2n);
    expect(covered(state)).toBe(true);
    expect(covered(state, abi.COMPARE_WITHIN)).toBe(false);
    expect(covered(state, abi.COMPARE_EXACT)).toBe(false);
  });

  it('whose precise scalars allow for its own', () => {
    fresh();
    ops.setUnknownScalar(r(1));
    memory.setPrecise(r(1), true);
    const wide = memory.save(0);
    memory.setConstant(r(1), 2n);
    memory.setPrecise(r(1), true);
    const narrow = memory.save(0);
    expect([covered(wide), covered(narrow)]).toEqual([true, true]);
    ops.setUnknownScalar(r(1));
    expect([covered(wide), covered(narrow)]).toEqual([true, false]);
  });

  it('with at least its packet range, and the same place behind the end', () => {
    const packet = (range: number): number => {
      fresh();
      memory.setPointer(r(1), abi.KIND_PACKET, range);
      return memory.save(0);
    };
    const accepts = (old: number, now: number): boolean => {
      const state = packet(old);
      memory.setAux(r(1), now);
      return covered(state);
    };
    expect([accepts(14, 14), accepts(14, 20), accepts(14, 13)]).toEqual([true, true, false]);
    const [at, beyond] = [abi.RANGE_AT_END, abi.RANGE_BEYOND_END];
    expect([accepts(at, at), accepts(at, beyond), accepts(0, at), accepts(at, 0)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it('under other names of ids, the same for all registers', () => {
    const pair = (first: number, second: number): void => {
      for (const [register, id] of [
        [1, first],
        [2, second],
      ] as const) {
        memory.setPointer(r(register), abi.KIND_MAP_VALUE | abi.FLAG_NULL);
        memory.setId(r(register), id);
      }
    };
    fresh();
    pair(3, 3);
    const state = memory.save(0);
    pair(8, 8);
    expect(covered(state)).toBe(true);
    pair(8, 9);
    expect(covered(state)).toBe(false);
  });

  it('whatever its stack holds where bytes were of any value, or zeros that nobody relied on', () => {
    fresh();
    fillBytes(0, abi.BYTE_MISC);
    fillBytes(1, abi.BYTE_ZERO);
    const state = memory.save(0);
    fillBytes(0, abi.BYTE_ZERO);
    fillBytes(1, abi.BYTE_MISC);
    expect(covered(state)).toBe(true);
    ops.markSlotZero(state, 0, 1);
    expect(covered(state)).toBe(true);
    memory.u32.fill(0, (abi.STATE + abi.FRAME_WRITTEN) >> 2, (abi.STATE + abi.FRAME_WRITTEN + 8) >> 2);
    ops.markSlotZero(state, 0, 1);
    expect(covered(state)).toBe(false);
  });

  it('but not where a pointer was spilled and none is now', () => {
    fresh();
    spill(0, 0n);
    memory.setPointer(memory.slot(0, 0), abi.KIND_CTX);
    const state = memory.save(0);
    fillBytes(0, abi.BYTE_MISC);
    expect(covered(state)).toBe(false);
  });
});
