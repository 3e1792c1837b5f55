import type { Program } from '../../frontend/program.ts';
import { admit } from '../../runtime/admit.ts';
import type { Engine } from '../../runtime/engine.ts';
import type { Placed } from '../../runtime/placed.ts';
import { finishProgram, place } from '../../runtime/prepare.ts';
import type { BpfProgram } from '../../runtime/program.ts';
import { unload } from '../../runtime/unload.ts';
import type { MapObject } from '../maps/map.ts';

/** A program in linear memory. */
export interface Prepared {
  readonly placed: Placed;
  readonly program: BpfProgram;
  /** Instructions that the verifier walked; 0 where it was not asked, or its answer was known. */
  readonly verifiedInsns: number;
}

/** The maps that programs may use: those they name, and what these hold. */
export const grantedMaps = (maps: readonly MapObject[]): MapObject[] =>
  maps.flatMap((map) => [map, ...[...map.targets()].flatMap(([, one]) => (one.kind === 'map' ? [one] : []))]);

/** Verifies the program, gives it its place in linear memory, and its code. */
export async function prepare(
  engine: Engine,
  program: Program,
  maps: readonly MapObject[],
): Promise<Prepared> {
  // Maps that the instructions name come first; those bound to the program follow.
  const own = maps.slice(0, program.maps.length);
  const actual = { ...program, maps: own.map((map) => map.verified) };
  const admission = await admit(engine, actual, {});
  engine.assertOpen();
  const granted = grantedMaps(maps).map(({ raw }) => raw);
  const placed = place(engine, actual, { own: own.map(({ raw }) => raw), granted }, admission);
  try {
    const ready = await finishProgram(engine, placed);
    return { placed, program: ready, verifiedInsns: admission.insnsProcessed ?? 0 };
  } catch (error) {
    unload(engine, placed, undefined);
    throw error;
  }
}
