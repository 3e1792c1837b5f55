import { integer } from '../argument.ts';
import { equalBytes } from '../bytes.ts';
import type { MapCodecs } from './codecs.ts';
import type { RawMap } from './raw.ts';

/** One element that differs from the last look; `value` is undefined when it was deleted. */
export interface MapChange<K, V> {
  readonly key: K;
  readonly value: V | undefined;
  readonly previous: V | undefined;
}

/** Contents of a map: key bytes (latin1) to key and value. */
type Snapshot = ReadonlyMap<string, readonly [key: Uint8Array, value: Uint8Array]>;

const identity = (key: Uint8Array): string => String.fromCharCode(...key);

const snapshot = (map: RawMap): Snapshot =>
  new Map(Array.from(map.entries(), ([key, value]) => [identity(key), [key, value]]));

type Difference = readonly [key: Uint8Array, value: Uint8Array | undefined, previous: Uint8Array | undefined];

function* differences(before: Snapshot, after: Snapshot): Generator<Difference> {
  for (const [id, [key, value]] of after) {
    const previous = before.get(id)?.[1];
    if (!previous || !equalBytes(previous, value)) yield [key, value, previous];
  }
  for (const [id, [key, previous]] of before) {
    if (!after.has(id)) yield [key, undefined, previous];
  }
}

/** Timers take no more. */
const MAX_INTERVAL = 0x7fffffff;

/** False when the signal ends it. */
function pause(interval: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve(true);
    }, interval);
    signal.addEventListener('abort', end, { once: true });
  });
}

export async function* watchMap<K, V>(
  map: RawMap,
  codecs: MapCodecs,
  options: { interval?: number; signal?: AbortSignal },
): AsyncGenerator<MapChange<K, V>[]> {
  const decode = (value: Uint8Array | undefined) => value && (codecs.value.decode(value) as V);
  const interval = integer('interval', options.interval ?? 1000, 0, MAX_INTERVAL);
  const signal = options.signal ? AbortSignal.any([options.signal, map.closing]) : map.closing;
  let before = snapshot(map);
  while (await pause(interval, signal)) {
    const after = snapshot(map);
    const changes = Array.from(differences(before, after), ([key, value, previous]) => ({
      key: codecs.key.decode(key) as K,
      value: decode(value),
      previous: decode(previous),
    }));
    before = after;
    if (changes.length > 0) yield changes;
  }
}
