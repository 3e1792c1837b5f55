import { type ArenaHost, fillArena } from './arena.ts';
import { isArena } from './kinds.ts';
import type { RawMap } from './raw.ts';

/** Gives a new map what its definition says that it holds: .rodata, .data, tables of callbacks, variables of an arena. */
export function writeInitial(host: ArenaHost, map: RawMap): void {
  const { type, data } = map.spec;
  if (data === undefined) return;
  if (isArena(type)) fillArena(host, map, data);
  else host.memory.write(map.valuesAddress, data);
}
