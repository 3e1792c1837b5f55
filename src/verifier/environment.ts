/** What surrounds a program of one type: from the tables of contexts, helpers and maps. */
import type { MapSpec, Program } from '../frontend/program.ts';
import { helperName, TAIL_CALL } from '../isa/helpers.ts';
import { subprogramReferences } from '../isa/subprograms.ts';
import { classicHelpers } from './classic.ts';
import { contextOfCallback } from './contexts/callback.ts';
import { contextOf, returnRangeOf, unprivilegedContextOf } from './contexts/index.ts';
import type { CustomProgramType } from './custom.ts';
import { HELPERS, isGplCompatible, isUnprivileged, prototypeOf, refusalOf } from './helpers/index.ts';
import type { Helper, HelperSite } from './helpers/types.ts';
import { kfuncOf } from './kfuncs/index.ts';
import type { Structure } from './structure.ts';
import type { Environment } from './walk/environment.ts';
import { unsupported } from './walk/refusal.ts';

/** Maps of a program by index, and behind them the templates of inner maps: other maps, with other contents. */
function withInner(maps: readonly MapSpec[]): Pick<Environment, 'maps' | 'innerOf'> {
  const all = [...maps];
  const innerOf = new Map<number, number>();
  maps.forEach(({ inner }, index) => {
    if (inner === undefined) return;
    innerOf.set(index, all.length);
    all.push({ ...inner, data: undefined });
  });
  return { maps: all, innerOf };
}

type FindHelper = (id: number) => Helper | undefined;
type Helpers = ReadonlyMap<number, Helper>;

const NO_HELPERS: Helpers = new Map();

/** Functions that call, by themselves or through others, what may move the packet. */
function changingFunctions(program: Program, structure: Structure, helper: FindHelper): Set<number> {
  const { insns } = structure.decoded;
  const ownerOf = (slot: number): number => structure.subprograms.findLastIndex(({ start }) => start <= slot);
  const changing = new Set<number>();
  insns.forEach((insn, slot) => {
    if (insn?.kind !== 'call' || insn.target === 'local') return;
    const changes =
      insn.target === 'helper'
        ? (helper(insn.imm)?.changesPacket ?? false) || insn.imm === TAIL_CALL
        : (kfuncOf(program.kfuncs?.[insn.imm] ?? '')?.changesPacket ?? false);
    if (changes) changing.add(ownerOf(slot));
  });
  const references = subprogramReferences(insns);
  for (let size = -1; size !== changing.size; ) {
    size = changing.size;
    for (const { slot, target } of references) if (changing.has(ownerOf(target))) changing.add(ownerOf(slot));
  }
  return changing;
}

/** Program types whose context is described by the kernel's BTF. */
function contextFor(program: Program, capable: boolean): Environment['context'] {
  const { type, attachType, callback } = program;
  if (callback !== undefined && capable) return contextOfCallback(callback);
  const found = capable ? contextOf(type, attachType) : unprivilegedContextOf(type, attachType);
  if (found !== undefined) return found;
  if (type === 'unspec') {
    return unsupported(
      `the type of program ${program.name} is not known: its section "${program.section}" does not name one`,
      'name the type: --type xdp, say',
    );
  }
  if (!capable) return unsupported(`programs of type ${type} cannot be loaded without CAP_BPF`);
  if (RULED_BY_HOOK.has(type)) {
    return unsupported(
      `what a program of type ${type} may do depends on its hook, which the kernel's BTF describes`,
      type === 'struct_ops' ? 'name it in a table of callbacks, in SEC(".struct_ops.link")' : undefined,
    );
  }
  return OPAQUE;
}

/** Which members and hooks exist, sleep, and return what: nothing of it is known here. */
const RULED_BY_HOOK: ReadonlySet<string> = new Set(['struct_ops', 'lsm']);

/** A context that only the kernel's BTF describes (tracing): it may be handed on, and not looked into. */
const OPAQUE: Environment['context'] = {
  name: 'context',
  size: 0,
  fields: [],
  packet: 'none',
  isOpaque: true,
};

/** Calls of one helper are many, and what holds of it in this program is always the same. */
function remembered<T>(find: (id: number) => T): (id: number) => T {
  const known = new Map<number, T>();
  return (id) => {
    if (known.has(id)) return known.get(id) as T;
    const found = find(id);
    known.set(id, found);
    return found;
  };
}

/** Why a program may not call a helper that its type has, as far as that depends on the program. */
function hostRefusal({ gplOnly, mightSleep }: Helper, { sleepable, license }: Program): string | undefined {
  if (gplOnly && !isGplCompatible(license))
    return 'cannot call GPL-restricted function from non-GPL compatible program';
  return mightSleep && !sleepable ? 'helper call might sleep in a non-sleepable prog' : undefined;
}

/** What the user who loads the program may do: CAP_BPF, and CAP_PERFMON. */
export interface Capabilities {
  readonly capable: boolean;
  readonly leaks: boolean;
}

/** @param declared helpers of the host's, whatever the program's type */
export function environmentOf(
  program: Program,
  structure: Structure,
  { capable, leaks: perfmon }: Capabilities,
  declared: Helpers = NO_HELPERS,
): Environment {
  const { type, attachType, sleepable, license } = program;
  const own = new Map([...classicHelpers(program), ...declared]);
  const site: HelperSite = { type, attachType, sleepable, license, perfmon };
  const helper: FindHelper = (id) => own.get(id) ?? HELPERS.get(id);
  return {
    type,
    attachType,
    context: contextFor(program, capable),
    site,
    ...withInner(program.maps),
    returns: returnRangeOf(type, attachType),
    returnsNothing: program.callback !== undefined && program.callback.result === undefined,
    sleepable,
    helper,
    prototype: remembered((id) => own.get(id) ?? prototypeOf(id, site)),
    refusal: remembered((id) => {
      const host = own.get(id);
      if (host !== undefined) return hostRefusal(host, program);
      const refusal = refusalOf(id, site);
      if (refusal !== undefined || capable || isUnprivileged(id, type)) return refusal;
      return `program of this type cannot use helper ${helperName(id) ?? ''}#${id}`;
    }),
    changingFunctions: changingFunctions(program, structure, helper),
  };
}

/** The same for a program type of the host's own. */
export function customEnvironment(
  program: Program,
  structure: Structure,
  custom: CustomProgramType,
  own: Helpers = NO_HELPERS,
): Environment {
  const { sleepable, license } = program;
  const helper: FindHelper = (id) => custom.helpers.get(id) ?? own.get(id);
  return {
    type: 'unspec',
    attachType: undefined,
    context: custom.context,
    site: { type: 'unspec', sleepable, license },
    ...withInner(program.maps),
    returns: custom.returns,
    sleepable,
    helper,
    prototype: helper,
    refusal: (id) => {
      const found = helper(id);
      if (found !== undefined) return hostRefusal(found, program);
      const kernels = HELPERS.get(id);
      if (kernels === undefined) return `invalid func unknown#${id}`;
      return `program of this type cannot use helper ${kernels.name}#${id}`;
    },
    changingFunctions: changingFunctions(program, structure, helper),
  };
}
