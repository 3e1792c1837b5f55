import type { Result } from '../../../src/verifier/helpers/types.ts';
import type { Verdict } from '../../kernel/kernel.ts';
import type { Call } from './matrix.ts';

/** Printed where the state after the call is; no program does this else. */
export const MARK = 'r9 = 77';

/** r0 after the call, as the log has it at level 2, without ids and sizes; 'none' where it is not readable. */
export function resultIn({ log }: Verdict, helper: number): string {
  const end = log.lastIndexOf(`(b7) ${MARK}`);
  const state = log.slice(log.lastIndexOf(`#${helper}`, end), end);
  const text = [...state.matchAll(/ R0=([^( ]+)\(([^)]*)/g)].at(-1);
  if (text === undefined) return 'none';
  const [, type = '', details = ''] = text;
  if (type === 'scalar') return `scalar(${details.replace(/,?var_off.*/, '')})`;
  return details.includes('ref_obj_id') ? `${type} acquired` : type;
}

/** The same from the prototype. `cpus`: of the machine that answers. */
export function predictedResult({ helper: { result, name } }: Call, cpus: number): string {
  const orNull = 'nullable' in result && result.nullable ? '_or_null' : '';
  const acquired = 'acquire' in result && result.acquire ? ' acquired' : '';
  switch (result.kind) {
    case 'void':
      return 'none';
    case 'integer':
      return `scalar(${rangeText(result, cpus)})`;
    case 'mapValue':
      return `map_value${orNull}`;
    case 'socket':
      return result.of + orNull + acquired;
    case 'ringRecord':
      return `ringbuf_mem${orNull}${acquired}`;
    case 'dynptrData':
      return `mem${orNull}`;
    case 'perCpuVariable':
      throw new Error(`no program here can call ${name}`);
    case 'btf':
      return `${result.trusted ? 'trusted_' : ''}ptr${orNull}_${result.struct}`;
    case 'kptr':
      return `ptr${orNull}_task_struct${acquired}`;
  }
}

const SIZE = 8;

function rangeText({ range }: Result & { readonly kind: 'integer' }, cpus: number): string {
  if (range === 'size') return `smin=smin32=-4095,smax=smax32=${SIZE}`;
  return range === 'cpu' ? `smin=smin32=0,smax=umax=smax32=umax32=${cpus - 1}` : '';
}
