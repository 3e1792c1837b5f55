/** Map types, and whether the engine makes maps of them. */
import { abi, type Engine, type MapSpec, WebpfError } from '../../src/index.ts';

const PREFIX = 'MAP_TYPE_';
const NO_PREALLOC = 1;
const MMAPABLE = 1024;

/** Key size, value size, entries, flags: what one type or another takes. */
const SHAPES: readonly (readonly [key: number, value: number, entries: number, flags: number])[] = [
  [4, 8, 4, 0],
  [4, 4, 4, 0],
  [4, 4, 4, NO_PREALLOC],
  [8, 8, 4, NO_PREALLOC],
  [4, 8, 0, NO_PREALLOC],
  [16, 8, 0, 0],
  [0, 8, 4, 0],
  [0, 0, 4096, 0],
  [0, 0, 1, MMAPABLE],
  [4, 8, 1, 0],
];

const EOPNOTSUPP = 95;

function errnoOf(make: () => unknown): number | undefined {
  try {
    make();
    return undefined;
  } catch (error) {
    if (error instanceof WebpfError) return error.errno ?? EOPNOTSUPP;
    throw error;
  }
}

/** All map types with their numbers, and whether a map of some shape could be made. */
export function mapTypes(engine: Engine): readonly { name: string; number: number; isMade: boolean }[] {
  const inner = engine.createMap({ ...shape('inner', 2, SHAPES[0] ?? [4, 8, 4, 0]) });
  return Object.entries(abi)
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([key, number]) => {
      const isMade = SHAPES.some((one) =>
        // What some types take for their inner map is a number that others refuse.
        [undefined, inner.address].some(
          (extra) => errnoOf(() => engine.createMap(shape('map', Number(number), one), extra)) === undefined,
        ),
      );
      return { name: `BPF_${key}`, number: Number(number), isMade };
    })
    .sort((a, b) => a.number - b.number);
}

const shape = (
  name: string,
  type: number,
  [keySize, valueSize, maxEntries, flags]: (typeof SHAPES)[number],
): MapSpec => ({
  name,
  type,
  keySize,
  valueSize,
  maxEntries,
  flags,
  section: '',
});
