/**
 * Helpers on maps known at the call, past the helper's switch over map types: the runtime's function for the type. For
 * verified programs: nothing is checked.
 */
import {
  MAP_TYPE_ARRAY,
  MAP_TYPE_HASH,
  MAP_TYPE_LPM_TRIE,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
  MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE_PERCPU_HASH,
  MAP_TYPE_RINGBUF,
} from '../../abi/maps.ts';
import type { RuntimeFunction } from '../names.ts';

const LOOKUP = 1;
const UPDATE = 2;
const DELETE = 3;
const RINGBUF_OUTPUT = 130;
const RINGBUF_RESERVE = 131;
const RINGBUF_SUBMIT = 132;
const RINGBUF_DISCARD = 133;

type Register = 1 | 2 | 3 | 4;
/** What is passed: the map's address, a register as an address, a whole register, or 0 for false. */
export type Operand = 'map' | `address${Register}` | `register${Register}` | 'false';

export interface Direct {
  readonly name: RuntimeFunction;
  readonly operands: readonly Operand[];
  /** What r0 is made of: an address, an error number, or nothing. */
  readonly result: 'address' | 'error' | 'zero';
}

const HASHES = [MAP_TYPE_HASH, MAP_TYPE_PERCPU_HASH, MAP_TYPE_LRU_HASH, MAP_TYPE_LRU_PERCPU_HASH];
const ARRAYS = [MAP_TYPE_ARRAY, MAP_TYPE_PERCPU_ARRAY];

const lookup = (name: RuntimeFunction): Direct => ({
  name,
  operands: ['map', 'address2'],
  result: 'address',
});
/** The last operand says that it is not the host who updates. */
const update = (name: RuntimeFunction): Direct => ({
  name,
  operands: ['map', 'address2', 'address3', 'register4', 'false'],
  result: 'error',
});
const remove = (name: RuntimeFunction): Direct => ({ name, operands: ['map', 'address2'], result: 'error' });

const key = (helper: number, type: number | undefined): string => `${helper}/${type}`;
const forTypes = (helper: number, types: readonly number[], direct: Direct): [string, Direct][] =>
  types.map((type) => [key(helper, type), direct]);

const DIRECT: ReadonlyMap<string, Direct> = new Map([
  ...forTypes(UPDATE, ARRAYS, update('arrayUpdate')),
  ...forTypes(LOOKUP, HASHES, lookup('hashLookup')),
  ...forTypes(UPDATE, HASHES, update('hashUpdate')),
  ...forTypes(DELETE, HASHES, remove('hashDelete')),
  ...forTypes(LOOKUP, [MAP_TYPE_LPM_TRIE], lookup('trieLookup')),
  ...forTypes(UPDATE, [MAP_TYPE_LPM_TRIE], update('trieUpdate')),
  ...forTypes(DELETE, [MAP_TYPE_LPM_TRIE], remove('trieDelete')),
  ...forTypes(RINGBUF_OUTPUT, [MAP_TYPE_RINGBUF], {
    name: 'ringbufOutput',
    operands: ['map', 'address2', 'register3', 'register4'],
    result: 'error',
  }),
  ...forTypes(RINGBUF_RESERVE, [MAP_TYPE_RINGBUF], {
    name: 'ringbufReserve',
    operands: ['map', 'register2', 'register3'],
    result: 'address',
  }),
  [key(RINGBUF_SUBMIT, undefined), { name: 'ringbufSubmit', operands: ['address1'], result: 'zero' }],
  [key(RINGBUF_DISCARD, undefined), { name: 'ringbufDiscard', operands: ['address1'], result: 'zero' }],
]);

/** The function that does what the helper does on maps of that type (undefined: it takes none); undefined without one. */
export const directCall = (helper: number, type: number | undefined): Direct | undefined =>
  DIRECT.get(key(helper, type));
