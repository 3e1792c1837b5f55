import { kernelContextOf } from '../../../src/verifier/kfuncs/index.ts';
import type { BtfArgument, Kfunc, KfuncArgument } from '../../../src/verifier/kfuncs/types.ts';
import { type Place, placesNamed } from '../helpers/places.ts';
import type { CallAnswer } from './ask.ts';

const REFUSES_ALL = 'uns';
const SCALAR = 'u..';
/** NULL alone among what is no pointer; of numbers, those that are known. */
const ZERO = 'u.s';

const nullable = (argument: { readonly nullable: boolean }): string =>
  argument.nullable ? ZERO : REFUSES_ALL;

/** A task under RCU, and one that nothing protects. Where either will do, programs sleep: there both are untrusted. */
const walked = ({ trust }: BtfArgument): string => (trust === 'rcu' ? '.w' : 'rw');

/** What the tables say of an uninitialised register, NULL and an unknown scalar: see CallAnswer. */
function takes(argument: KfuncArgument): string {
  switch (argument.kind) {
    case 'ignored':
    case 'programAux':
      return '...';
    case 'scalar':
      return argument.constant ? ZERO : SCALAR;
    case 'size':
    case 'constSize':
      return ZERO;
    case 'btf':
      return argument.struct === 'task_struct'
        ? `${nullable(argument)}${walked(argument)}`
        : nullable(argument);
    case 'memory':
    case 'dynptr':
      return nullable(argument);
    default:
      return REFUSES_ALL;
  }
}

/** Elements of iterators: where the walk goes on with one it is not NULL, and memory goes with its iterator. */
function orNull({ result, flags }: Kfunc): string {
  return 'nullable' in result && result.nullable && flags.iterator !== 'next' ? '_or_null' : '';
}

function result(kfunc: Kfunc, place: Place | undefined): string {
  const { result: value, flags } = kfunc;
  const acquired = flags.acquire ? ' acquired' : '';
  switch (value.kind) {
    case 'address':
    case 'integer':
      return 'scalar()';
    case 'void':
      return 'none';
    case 'btf':
      return `${flags.acquire ? '' : `${value.trust}_`}ptr${orNull(kfunc)}_${value.struct}${acquired}`;
    case 'memory':
      return `${value.readOnly ? 'rdonly_' : ''}mem${orNull(kfunc)}${flags.iterator === 'next' ? ' acquired' : ''}`;
    case 'dynptrSlice':
      return `${value.readOnly ? 'rdonly_' : ''}mem_or_null`;
    case 'kernelContext':
      return `trusted_ptr_${kernelContextOf(place?.type ?? 'unspec')}`;
    case 'readOnlyCast':
      return 'rdonly_untrusted_mem';
    case 'object':
      throw new Error(`${kfunc.name} is not asked for`);
  }
}

/** The kernel's answer by the tables. */
export const predictedCall = (kfunc: Kfunc, place: string): CallAnswer => ({
  place,
  result: result(kfunc, placesNamed([place])[0]),
  takes: kfunc.args.map(takes),
});
