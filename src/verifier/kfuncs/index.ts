import { isGplCompatible } from '../helpers/index.ts';
import type { HelperSite } from '../helpers/types.ts';
import * as at from './availability.ts';
import { CONTROL, EXCEPTIONS, SESSIONS } from './tables/control.ts';
import { CPUMASKS } from './tables/cpumasks.ts';
import { DYNPTRS, SKB_DYNPTRS, SKB_META_DYNPTRS } from './tables/dynptrs.ts';
import { MEMORY } from './tables/memory.ts';
import * as network from './tables/network.ts';
import { OBJECTS, RESOURCES } from './tables/objects.ts';
import { CGROUP_ATTRIBUTES, FILES, TASKS } from './tables/tasks.ts';
import { TEXT } from './tables/text.ts';
import type {
  Kfunc,
  KfuncArgument,
  KfuncFlags,
  KfuncRow,
  KfuncTable,
  KfuncWhere,
  RowArgument,
} from './types.ts';
import { int } from './vocabulary.ts';

export { kernelContextOf } from './availability.ts';

const TABLES: readonly (readonly [KfuncWhere, KfuncTable])[] = [
  [at.EVERYWHERE, { ...CONTROL, ...DYNPTRS, ...TEXT, ...MEMORY, ...CGROUP_ATTRIBUTES, ...RESOURCES }],
  [at.GENERIC, { ...TASKS, ...OBJECTS, ...EXCEPTIONS }],
  [at.SCHEDULING, CPUMASKS],
  [at.SKBS, SKB_DYNPTRS],
  [at.TC_ACTIONS, SKB_META_DYNPTRS],
  [at.XDP_ONLY, network.XDP],
  [at.DEVICE_BOUND, network.XDP_METADATA],
  [at.TC_AND_XDP, network.CONNECTIONS],
  [at.TC, network.TCP_REQUESTS],
  [at.CGROUPS, network.SOCKETS],
  [at.ITERATORS, network.SOCKET_ITERATION],
  [at.SYSCALLS, network.CRYPTO_SETUP],
  [at.PACKETS, network.CRYPTO],
  [at.SESSION_PROBES, SESSIONS],
  [at.LSM, FILES],
];

function flagsOf(row: KfuncRow): KfuncFlags {
  const { args = [], result = int } = row;
  return {
    acquire: 'acquire' in result && result.acquire,
    release: args.some((argument) => argument.kind === 'btf' && argument.release),
    retNull: 'nullable' in result && result.nullable,
    trustedArgs: row.trust === 'trusted',
    rcu: row.trust === 'rcu',
    rcuProtected: row.rcuProtected ?? false,
    sleepable: row.sleepable ?? false,
    destructive: false,
    fastcall: row.fastcall ?? false,
    iterator: row.iterator,
  };
}

/** Pointers to structures get their trust. */
const argumentOf = (argument: RowArgument, trust: KfuncRow['trust']): KfuncArgument =>
  argument.kind === 'btf' ? { ...argument, trust: trust ?? 'any' } : argument;

function kfuncFrom(name: string, row: KfuncRow, where: KfuncWhere): Kfunc {
  const { args = [], result = int, trust } = row;
  return {
    name,
    args: args.map((argument) => argumentOf(argument, trust)),
    result,
    flags: flagsOf(row),
    where,
    effect: row.effect,
    changesPacket: row.changesPacket ?? false,
    checks: row.checks,
    unsupported: row.unsupported,
  };
}

/** Functions of Linux 6.18 that programs call, by name. */
export const KFUNCS: ReadonlyMap<string, Kfunc> = new Map(
  TABLES.flatMap(([where, table]) =>
    Object.entries(table).map(([name, row]) => [name, kfuncFrom(name, row, where)] as const),
  ),
);

/** What the function takes and gives; undefined for one the tables do not have. */
export const kfuncOf = (name: string): Kfunc | undefined => KFUNCS.get(name);

/** Where a call stands; a Program is one. */
export interface KfuncSite extends HelperSite {
  /** The program is bound to a network device. */
  readonly deviceBound?: boolean | undefined;
}

const mayWalkCssTasks = ({ type, attachType, sleepable = false }: KfuncSite): boolean =>
  type === 'lsm' || attachType === 'trace_iter' || sleepable;

/**
 * Why such a program is not loaded for having the call in its code, reached or not, in the kernel's words; undefined
 * when it may be. (A function that is not there is refused by libbpf, or if weak by the kernel where it is reached.)
 */
export function kfuncLoadRefusalOf(name: string, site: KfuncSite): string | undefined {
  const kfunc = kfuncOf(name);
  if (kfunc === undefined) return `extern (func ksym) '${name}': not found in kernel or module BTFs`;
  if (!isGplCompatible(site.license ?? ''))
    return 'cannot call kernel function from non-GPL compatible program';
  if (kfunc.where.deviceBound === true && site.deviceBound !== true)
    return 'metadata kfuncs require device-bound program';
  return undefined;
}

/** Why such a program may not call the function, in the kernel's words; undefined when it may. */
export function kfuncRefusalOf(name: string, site: KfuncSite): string | undefined {
  const kfunc = kfuncOf(name);
  const refusal = kfuncLoadRefusalOf(name, site);
  if (refusal !== undefined || kfunc === undefined) return refusal;
  if (!at.isHandedTo(kfunc.where, site)) return `calling kernel function ${name} is not allowed`;
  if (kfunc.flags.sleepable && site.sleepable !== true)
    return `program must be sleepable to call sleepable kfunc ${name}`;
  if (name === 'bpf_iter_css_task_new' && !mayWalkCssTasks(site))
    return 'css_task_iter is only allowed in bpf_lsm, bpf_iter and sleepable progs';
  return undefined;
}
