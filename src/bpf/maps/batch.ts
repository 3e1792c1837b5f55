/** The batch commands (kernel/bpf/syscall.c, generic_map_*_batch): as many elements as there are, up to `count`. */
import * as abi from '../../abi/maps.ts';
import { WebpfError } from '../../errors.ts';
import { refuse } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import { checkLock, checkReadFlags, deleteAt, mapFor, nextKey, updateAt, valueAt } from './elements.ts';
import type { MapObject } from './map.ts';

export interface MapBatch {
  readonly mapFd: number;
  /** Where the batch before has ended (`outBatch`); the first when absent. */
  readonly inBatch?: Uint8Array | undefined;
  /** At most so many elements. */
  readonly count: number;
  /** Of every element: BPF_F_LOCK. */
  readonly elemFlags?: number;
}

export interface MapBatchResult {
  readonly keys: readonly Uint8Array[];
  readonly values: readonly Uint8Array[];
  /** Where the next batch goes on; undefined at the end of the map (-ENOENT in the kernel). */
  readonly outBatch: Uint8Array | undefined;
}

export interface MapUpdateBatch {
  readonly mapFd: number;
  readonly keys: readonly Uint8Array[];
  readonly values: readonly Uint8Array[];
  readonly elemFlags?: number;
}

const BATCHED: ReadonlySet<number> = new Set([
  abi.MAP_TYPE_HASH,
  abi.MAP_TYPE_ARRAY,
  abi.MAP_TYPE_PERCPU_HASH,
  abi.MAP_TYPE_PERCPU_ARRAY,
  abi.MAP_TYPE_LRU_HASH,
  abi.MAP_TYPE_LRU_PERCPU_HASH,
  abi.MAP_TYPE_LPM_TRIE,
  abi.MAP_TYPE_ARRAY_OF_MAPS,
  abi.MAP_TYPE_HASH_OF_MAPS,
]);

function checkBatched(command: string, { spec }: MapObject): void {
  if (!BATCHED.has(spec.type))
    refuse(command, abi.ENOTSUPP, `map "${spec.name}" is of a type without batches`);
}

/** The key after `key`; undefined at the end. */
function following(kernel: Kernel, command: string, map: MapObject, key: Uint8Array | undefined) {
  try {
    return nextKey(kernel, command, map, key);
  } catch (error) {
    if (error instanceof WebpfError && error.errno === abi.ENOENT) return undefined;
    throw error;
  }
}

function read(kernel: Kernel, command: string, attr: MapBatch, takes: boolean): MapBatchResult {
  const { mapFd, inBatch, count, elemFlags = 0 } = attr;
  checkReadFlags(command, elemFlags);
  const map = takes
    ? mapFor(kernel, command, mapFd, 'read', 'write')
    : mapFor(kernel, command, mapFd, 'read');
  checkBatched(command, map);
  checkLock(kernel, command, map, elemFlags);
  const keys: Uint8Array[] = [];
  const values: Uint8Array[] = [];
  let last = inBatch;
  let key = following(kernel, command, map, inBatch);
  while (key !== undefined && keys.length < count) {
    keys.push(key);
    values.push(valueAt(command, map, key, elemFlags));
    last = key;
    key = following(kernel, command, map, key);
  }
  if (takes) for (const one of keys) deleteAt(command, map, one);
  // What was taken is not there to go on from: the next batch begins with what is left.
  return { keys, values, outBatch: key === undefined ? undefined : takes ? undefined : last };
}

/** MAP_LOOKUP_BATCH. */
export const mapLookupBatch = (kernel: Kernel, attr: MapBatch): MapBatchResult =>
  read(kernel, 'MAP_LOOKUP_BATCH', attr, false);

/** MAP_LOOKUP_AND_DELETE_BATCH; call it until it gives no keys. */
export const mapLookupAndDeleteBatch = (kernel: Kernel, attr: MapBatch): MapBatchResult =>
  read(kernel, 'MAP_LOOKUP_AND_DELETE_BATCH', attr, true);

/** What a batch has done before it was refused: `error.count` elements. */
export class BatchError extends WebpfError {
  readonly count: number;

  constructor(error: WebpfError, count: number) {
    const { code, message, errno } = error;
    super(code, `${message} (after ${count} elements)`, { stage: 'bpf', errno, cause: error });
    this.count = count;
  }
}

function each(keys: readonly Uint8Array[], work: (key: Uint8Array, index: number) => void): number {
  keys.forEach((key, index) => {
    try {
      work(key, index);
    } catch (error) {
      throw error instanceof WebpfError ? new BatchError(error, index) : error;
    }
  });
  return keys.length;
}

/** MAP_UPDATE_BATCH: how many. @throws BatchError with the number of those before the one that was refused */
export function mapUpdateBatch(
  kernel: Kernel,
  { mapFd, keys, values, elemFlags = 0 }: MapUpdateBatch,
): number {
  const command = 'MAP_UPDATE_BATCH';
  checkReadFlags(command, elemFlags);
  const map = mapFor(kernel, command, mapFd, 'write');
  checkBatched(command, map);
  checkLock(kernel, command, map, elemFlags);
  if (keys.length !== values.length)
    refuse(command, abi.EINVAL, `there are ${keys.length} keys, but ${values.length} values`);
  return each(keys, (key, index) => {
    updateAt(kernel, command, map, { key, value: values[index] ?? new Uint8Array(), flags: elemFlags });
  });
}

/** MAP_DELETE_BATCH: how many. @throws BatchError with the number of those before the one that was refused */
export function mapDeleteBatch(
  kernel: Kernel,
  { mapFd, keys }: { readonly mapFd: number; readonly keys: readonly Uint8Array[] },
): number {
  const command = 'MAP_DELETE_BATCH';
  const map = mapFor(kernel, command, mapFd, 'write');
  checkBatched(command, map);
  return each(keys, (key) => deleteAt(command, map, key));
}
