/**
 * Operations on maps known at the call, without the helper's switch over map types: the runtime's function for the
 * type, called by its address arguments. For verified programs: nothing is checked.
 */
import {
  MAP_TYPE_ARRAY,
  MAP_TYPE_HASH,
  MAP_TYPE_LPM_TRIE,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
  MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE_PERCPU_HASH,
} from '../../abi/maps.ts';
import type { Expr } from '../builder.ts';
import { mapGlobal, RUNTIME_FUNCTIONS, type RuntimeFunction } from '../names.ts';
import type { KnownMap, Out } from './emit.ts';

const LOOKUP = 1;
const UPDATE = 2;
const DELETE = 3;

type ByHelper = Readonly<Record<number, RuntimeFunction>>;

const ARRAY: ByHelper = { [UPDATE]: 'arrayUpdate' };
const HASH: ByHelper = { [LOOKUP]: 'hashLookup', [UPDATE]: 'hashUpdate', [DELETE]: 'hashDelete' };
const TRIE: ByHelper = { [LOOKUP]: 'trieLookup', [UPDATE]: 'trieUpdate', [DELETE]: 'trieDelete' };

const BY_TYPE: ReadonlyMap<number, ByHelper> = new Map([
  [MAP_TYPE_ARRAY, ARRAY],
  [MAP_TYPE_PERCPU_ARRAY, ARRAY],
  [MAP_TYPE_HASH, HASH],
  [MAP_TYPE_PERCPU_HASH, HASH],
  [MAP_TYPE_LRU_HASH, HASH],
  [MAP_TYPE_LRU_PERCPU_HASH, HASH],
  [MAP_TYPE_LPM_TRIE, TRIE],
]);

/**
 * r0 of the helper, or undefined when it has no function for the map's type.
 *
 * @param args makes r2, r3 and r4: addresses of key and value (i32), and the flags (i64)
 */
export function emitDirectCall(
  { b, global, runtime }: Pick<Out, 'b' | 'global' | 'runtime'>,
  helper: number,
  { index, spec }: KnownMap,
  args: { readonly key: () => Expr; readonly value: () => Expr; readonly flags: () => Expr },
): Expr | undefined {
  const name = BY_TYPE.get(spec.type)?.[helper];
  if (name === undefined) return undefined;
  const operands = [global(mapGlobal(index)), args.key()];
  // The last operand says that it is not the host who updates.
  if (helper === UPDATE) operands.push(args.value(), args.flags(), b.const32(0));
  const call = b.call(runtime(name), operands, RUNTIME_FUNCTIONS[name].result);
  return b.unary(helper === LOOKUP ? 'i64.extend_u' : 'i64.extend_s', call);
}
