import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { positionBytes } from '../../src/jit/artifact.ts';
import {
  decodePositions,
  encodePositions,
  NOWHERE,
  type Positions,
  slotAt,
} from '../../src/jit/positions.ts';
import { positionsOfMappings } from '../../src/jit/sourceMap.ts';
import { readSections } from '../../src/jit/wasm.ts';
import { sandboxProof, trustedProof } from '../../src/verifier/proof.ts';
import { alu, exit, jump, load, mov, r, store } from '../interp/insns.ts';
import { translateInsns } from './harness.ts';

const entries = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 70_000 }), fc.integer({ min: NOWHERE, max: 1_000_000 })))
  .map((list): Positions => {
    let offset = 0;
    const offsets = list.map(([distance]) => {
      offset += distance;
      return offset;
    });
    return { offsets, slots: list.map(([, slot]) => slot) };
  });

describe('positions', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(entries, (positions) => {
        expect(decodePositions(encodePositions(positions))).toEqual(positions);
      }),
    );
  });

  it('tell the slot of every offset', () => {
    const positions = { offsets: [10, 12, 20], slots: [3, NOWHERE, 0] };
    const slots = [0, 9, 10, 11, 12, 19, 20, 1000].map((offset) => slotAt(positions, offset));
    expect(slots).toEqual([undefined, undefined, 3, 3, undefined, undefined, 0, 0]);
  });

  it('come from source maps', () => {
    // From offset 40 line 2, from 43 none, from 57 line 4 (twice), from 60 line 1.
    expect(positionsOfMappings('wCAEA,G,cAEA,CAAA,EAHA')).toEqual({
      offsets: [40, 43, 57, 60],
      slots: [2, NOWHERE, 4, 1],
    });
    expect(positionsOfMappings('')).toEqual({ offsets: [], slots: [] });
  });
});

const insns = [
  load(4, 2, 1, 0),
  mov(0, 1),
  alu('add', 0, r(2)),
  jump('jgt', 0, 5, 1),
  store(4, 1, 4, 7),
  exit,
];

describe.each([
  ['sandbox', sandboxProof],
  ['trusted', trustedProof],
])('positions of a %s program', (_mode, proof) => {
  it.each([true, false])('name the accesses, or everything (optimised: %s)', async (optimize) => {
    const few = await translateInsns(insns, proof, { optimize });
    const all = await translateInsns(insns, proof, { optimize, positions: 'all' });
    const slotsOf = (bytes: Uint8Array): Set<number> => new Set(decodePositions(bytes).slots);
    expect(slotsOf(positionBytes(few))).toEqual(new Set([NOWHERE, 0, 4]));
    for (const slot of [0, 2, 3, 4, 5]) expect(slotsOf(positionBytes(all))).toContain(slot);
  });

  it('leave the code as it is', async () => {
    const few = await translateInsns(insns, proof);
    const all = await translateInsns(insns, proof, { positions: 'all' });
    const bytesBefore = (wasm: Uint8Array): Uint8Array =>
      wasm.subarray(0, readSections(wasm).find(({ name }) => name === 'name')?.end);
    expect(bytesBefore(all.wasm)).toEqual(bytesBefore(few.wasm));
  });
});
