import * as abi from '../../src/abi/maps.ts';
import type { MapSlot, MapSpec } from '../../src/frontend/program.ts';

/** Map types by the names vectors and the kernel judge use (enum bpf_map_type in lower case). */
export const MAP_TYPES: ReadonlyMap<string, number> = new Map([
  ['hash', abi.MAP_TYPE_HASH],
  ['array', abi.MAP_TYPE_ARRAY],
  ['prog_array', abi.MAP_TYPE_PROG_ARRAY],
  ['percpu_hash', abi.MAP_TYPE_PERCPU_HASH],
  ['percpu_array', abi.MAP_TYPE_PERCPU_ARRAY],
  ['lru_hash', abi.MAP_TYPE_LRU_HASH],
  ['lpm_trie', abi.MAP_TYPE_LPM_TRIE],
  ['queue', abi.MAP_TYPE_QUEUE],
  ['stack', abi.MAP_TYPE_STACK],
  ['ringbuf', abi.MAP_TYPE_RINGBUF],
]);

/** One map without anything optional. */
export function mapSpec(
  name: string,
  type: number,
  keySize: number,
  valueSize: number,
  maxEntries: number,
  flags = 0,
  slots?: readonly MapSlot[],
): MapSpec {
  return { name, type, keySize, valueSize, maxEntries, flags, section: '', ...(slots ? { slots } : {}) };
}

/** `NAME TYPE KEY VALUE ENTRIES [FLAGS] [INDEX=PROGRAM …]` */
export function parseMap(file: string, line: string): MapSpec {
  const [name = '', typeName = '', ...rest] = line.split(/\s+/);
  const type = MAP_TYPES.get(typeName);
  if (type === undefined)
    throw new Error(`${file}: unknown map type '${typeName}'; there are ${[...MAP_TYPES.keys()].join(', ')}`);
  const numbers = rest.filter((word) => !word.includes('=')).map(Number);
  const [key = 0, value = 0, entries = 0, flags = 0] = numbers;
  const slots = rest.filter((word) => word.includes('=')).map(parseSlot);
  return mapSpec(name, type, key, value, entries, flags, slots.length > 0 ? slots : undefined);
}

function parseSlot(word: string): MapSlot {
  const [index = '', name = ''] = word.split('=');
  return { index: Number(index), kind: 'program', name };
}
