/** Does a register hold what the verifier says it holds? */
import * as layout from '../../abi/layout.ts';
import type { Paused } from './paused.ts';
import { Disproof, hex } from './violation.ts';

/** Pointers may be moved out of their memory as long as they are not used there: down by so much, up without end. */
const FARTHEST = 1n << 31n;
const NULLABLE = /_or_null_?/;

type IsKind = (paused: Paused, value: bigint) => boolean;

const notFarBelow = (value: bigint, base: number): boolean =>
  BigInt.asIntN(64, value) >= BigInt(base) - FARTHEST;

const from =
  (field: number): IsKind =>
  (paused, value) =>
    notFarBelow(value, paused.state(field));

const inMemory: IsKind = (_, value) => notFarBelow(value, 0);

function isMap(paused: Paused, value: bigint): boolean {
  const list = paused.u32(paused.program + layout.PROG_MAPS);
  const count = paused.u32(paused.program + layout.PROG_NMAPS);
  for (let i = 0; i < count; i++) if (BigInt(paused.u32(list + 4 * i)) === value) return true;
  return false;
}

function isFunction(paused: Paused, value: bigint): boolean {
  const first = BigInt(paused.u32(paused.program + layout.PROG_FUNCS));
  const count = BigInt(paused.u32(paused.program + layout.PROG_NFUNCS));
  const size = BigInt(layout.FUNC_SIZE);
  return value >= first && value < first + count * size && (value - first) % size === 0n;
}

const IS: Readonly<Record<string, IsKind>> = {
  fp: from(layout.RUN_STACK),
  pkt: from(layout.RUN_PKT_HARD_START),
  pkt_meta: from(layout.RUN_PKT_HARD_START),
  pkt_end: (paused, value) => value === BigInt(paused.state(layout.RUN_PKT_END)),
  map_ptr: isMap,
  func: isFunction,
};

/** Numbers can be anything; of a register that nobody has written, nothing is said. */
const SAYS_NOTHING: ReadonlySet<string> = new Set(['scalar', '?']);

/** Whether there is anything to check of such a kind. */
export const saysKind = (kind: string): boolean => !SAYS_NOTHING.has(kind);

/** Pointers of other kinds lie somewhere in linear memory; none is 0 but those that may be NULL. */
export function checkKind(paused: Paused, register: number, kind: string): void {
  const value = paused.register(register);
  const isNullable = NULLABLE.test(kind);
  if (value === 0n && isNullable) return;
  const is = IS[isNullable ? kind.replace(NULLABLE, '') : kind] ?? inMemory;
  if (value !== 0n && is(paused, value)) return;
  throw new Disproof('kind', `r${register} is ${hex(value)}, which is no ${kind}`, value);
}
