import { kfuncOf } from '../../../src/verifier/kfuncs/index.ts';
import type { Kfunc, KfuncArgument } from '../../../src/verifier/kfuncs/types.ts';
import type { MapIds } from '../helpers/maps.ts';
import { MARK } from '../helpers/results.ts';
import * as known from '../helpers/specimens.ts';

/** Where the programs have what calls make or change, from r10. */
const NEW_DYNPTR = -304;
const ITERATOR = -328;
const IRQ_FLAG = -336;
/** Arguments of a call, and below them those of the calls that make them. */
const SPILLS = -128;
const SPILL_BYTES = 40;

type Code = string | undefined;

const stack = (offset: number): string => `r0 = r10\nr0 += ${offset}`;
const orBail = (code: Code): Code => code && `${code}\nif r0 == 0 goto bail`;

/** Structures that other functions give: which, and whether NULL must be looked for. */
const SOURCES: Readonly<Record<string, readonly [kfunc: string, nullable: boolean]>> = {
  cgroup: ['bpf_cgroup_from_id', true],
  cgroup_subsys_state: ['bpf_cgroup_from_id', true],
  bpf_cpumask: ['bpf_cpumask_create', true],
  cpumask: ['bpf_cpumask_create', true],
  bpf_key: ['bpf_lookup_system_key', true],
  bpf_crypto_ctx: ['bpf_crypto_ctx_create', true],
  nf_conn: ['bpf_skb_ct_lookup', true],
  nf_conn___init: ['bpf_skb_ct_alloc', true],
  xfrm_state: ['bpf_xdp_get_xfrm_state', true],
  bpf_sock_addr_kern: ['bpf_cast_to_kern_ctx', false],
  bpf_sock_ops_kern: ['bpf_cast_to_kern_ctx', false],
};

function structure(
  { struct, release }: KfuncArgument & { readonly kind: 'btf' },
  maps: MapIds,
  depth: number,
): Code {
  if (struct === 'task_struct')
    return release ? orBail(callOf('bpf_task_from_pid', maps, { depth })) : known.task.code();
  if (struct === 'bpf_map') return known.mapPointer(maps, 'array').code();
  if (struct === 'sock') return known.fullSocket.code();
  const [name, nullable] = SOURCES[struct] ?? ['', false];
  const code = name === '' ? undefined : callOf(name, maps, { depth });
  return nullable ? orBail(code) : code;
}

function iterator(
  { of, state }: KfuncArgument & { readonly kind: 'iterator' },
  maps: MapIds,
  depth: number,
): Code {
  if (state === 'uninit') return stack(ITERATOR);
  const made = callOf(`bpf_iter_${of}_new`, maps, { depth });
  return made && `${made}\n${stack(ITERATOR)}`;
}

function irqFlag({ state, by }: KfuncArgument & { readonly kind: 'irqFlag' }, maps: MapIds): Code {
  if (by === 'lock') return undefined;
  return state === 'uninit'
    ? stack(IRQ_FLAG)
    : `${callOf('bpf_local_irq_save', maps, { depth: 1 })}\n${stack(IRQ_FLAG)}`;
}

/** Assembly that leaves a fitting register in r0; '' to leave it uninitialised, undefined where there is none. */
function fitting(argument: KfuncArgument, maps: MapIds, depth: number): Code {
  switch (argument.kind) {
    case 'ignored':
    case 'programAux':
      return '';
    case 'anything':
    case 'scalar':
      return 'r0 = 0';
    case 'size':
    case 'constSize':
      return 'r0 = 16';
    case 'memory':
      return stack(-64);
    case 'context':
      return known.context.code();
    case 'map':
      return known.mapPointer(maps, 'array').code();
    case 'string':
      return known.mapValue(maps, 'text').code();
    case 'dynptr':
      return argument.state === 'uninit' ? stack(NEW_DYNPTR) : known.dynptr(maps).code();
    case 'iterator':
      return iterator(argument, maps, depth);
    case 'irqFlag':
      return irqFlag(argument, maps);
    case 'btf':
      return structure(argument, maps, depth);
    case 'callback':
    case 'workqueue':
    case 'taskWork':
    case 'object':
      return undefined;
  }
}

const iteratorOf = ({ args: [first] }: Kfunc): string => (first?.kind === 'iterator' ? first.of : '');

const needsRcu = (kfunc: Kfunc): boolean =>
  kfuncOf(`bpf_iter_${iteratorOf(kfunc)}_new`)?.flags.rcuProtected === true;

/** What must come before the call. */
function before(kfunc: Kfunc): string {
  if (kfunc.effect === 'preemptEnable') return 'call kfunc bpf_preempt_disable';
  return needsRcu(kfunc) || kfunc.effect === 'rcuUnlock' ? 'call kfunc bpf_rcu_read_lock' : '';
}

/** Both ways out of `next` are walked only if the first comes to a good end. */
function after(kfunc: Kfunc): string {
  if (kfunc.flags.iterator !== 'next') return '';
  const destroy = `r1 = r10\nr1 += ${ITERATOR}\ncall kfunc bpf_iter_${iteratorOf(kfunc)}_destroy`;
  return needsRcu(kfunc) ? `${destroy}\ncall kfunc bpf_rcu_read_unlock` : destroy;
}

/** A register in place of a fitting one. */
export interface Change {
  readonly position: number;
  /** '' for an uninitialised register. */
  readonly code: string;
}

interface Frame {
  /** 0 for the call itself, more for those that make its arguments. */
  readonly depth: number;
  readonly change?: Change | undefined;
}

/** The code of a call whose arguments fit, but for the one changed; undefined where one cannot be had here. */
function callOf(name: string, maps: MapIds, { depth, change }: Frame): Code {
  const args = kfuncOf(name)?.args ?? [];
  const codes = args.map((argument, position) =>
    change?.position === position ? change.code : fitting(argument, maps, depth + 1),
  );
  if (codes.some((code) => code === undefined)) return undefined;
  const slot = (index: number): string => `*(u64 *)(r10 ${SPILLS - SPILL_BYTES * depth - 8 * index})`;
  const given = codes.map((code, index) => ({ code, index })).filter(({ code }) => code !== '');
  return [
    ...given.map(({ code, index }) => `${code}\n${slot(index)} = r0`),
    'call 7', // leaves r1 to r5 uninitialised
    ...given.map(({ index }) => `r${index + 1} = ${slot(index)}`),
    `call kfunc ${name}`,
  ].join('\n');
}

/** A whole program around the call; undefined where an argument cannot be had here. */
export function programWith(kfunc: Kfunc, maps: MapIds, change?: Change): Code {
  const call = callOf(kfunc.name, maps, { depth: 0, change });
  if (call === undefined) return undefined;
  const zeroed = Array.from({ length: 8 }, (_, index) => `*(u64 *)(r10 - ${8 * (index + 1)}) = r0`);
  const prepared = ['r6 = r1', 'r0 = 0', ...zeroed, before(kfunc)];
  return [...prepared, call, MARK, after(kfunc), 'bail:', 'r0 = 0', 'exit'].join('\n');
}
