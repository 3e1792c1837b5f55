/** What the kernel refuses before it walks, reached or not. */
import { ARENA_PAGE, MAP_TYPE_ARENA, MAP_TYPE_ARRAY } from '../../abi/maps.ts';
import type { BtfType } from '../../frontend/btf/types.ts';
import { TAIL_CALL } from '../../isa/helpers.ts';
import type { Insn, LddwInsn } from '../../isa/insn.ts';
import { kfuncLoadRefusalOf, kfuncOf } from '../kfuncs/index.ts';
import { MAX_OFFSET } from './arithmetic/pointers.ts';
import { returnsNumber, signatureOf } from './calls/globals.ts';
import { checkMaps } from './maps.ts';
import { refuse, unsupported } from './refusal.ts';
import type { Walk } from './walk.ts';

/** BPF_MAX_SUBPROGS. */
const MAX_FUNCTIONS = 256;
/** BPF_MAXINSNS, for users without CAP_BPF. */
const MAX_UNPRIVILEGED = 4096;

function checkSize({ code, rules }: Walk): void {
  const { insns, subprograms } = code;
  if (subprograms.length > MAX_FUNCTIONS) {
    refuse('too many subprograms', {
      hint: `${MAX_FUNCTIONS} functions at most, and there are ${subprograms.length}`,
    });
  }
  if (rules.capable || insns.length <= MAX_UNPRIVILEGED) return;
  refuse(
    `the program has ${insns.length} instructions: without CAP_BPF at most ${MAX_UNPRIVILEGED} are loaded`,
  );
}

/** The address of a map's value is known where there is one value (resolve_pseudo_ldimm64). */
function checkValueAddress(walk: Walk, insn: number, { lo, hi }: LddwInsn): void {
  const { type, maxEntries, valueSize } = walk.map(lo);
  if (type === MAP_TYPE_ARENA && hi >= 0 && hi < maxEntries * ARENA_PAGE) return;
  if (type !== MAP_TYPE_ARRAY && type !== MAP_TYPE_ARENA) {
    refuse('no direct value access support for this map type', { insn });
  }
  if (hi < 0 || hi >= MAX_OFFSET) refuse(`direct value offset of ${hi >>> 0} is not allowed`, { insn });
  if (maxEntries === 1 && hi < valueSize) return;
  refuse(`invalid access to map value pointer, value_size=${valueSize} off=${hi}`, {
    insn,
    hint:
      maxEntries === 1
        ? `the value has ${valueSize} bytes`
        : 'only an array of one element has such an address',
  });
}

/** Users without CAP_BPF get neither loops nor functions. */
function checkUnprivileged({ code }: Walk): void {
  const { subprograms, insns } = code;
  if (subprograms.length > 1) {
    refuse('function calls to other bpf functions are allowed for CAP_BPF and CAP_SYS_ADMIN');
  }
  const loop = subprograms.flatMap(({ cfg }) => {
    const edge = cfg.backEdges[0] ?? cfg.irreducibleEdges[0];
    return edge === undefined ? [] : [{ cfg, edge }];
  })[0];
  if (loop === undefined) return;
  const { blocks } = loop.cfg;
  const last = lastInsn(insns, blocks[loop.edge.from]?.end ?? 0);
  refuse(`back-edge from insn ${last} to ${blocks[loop.edge.to]?.start ?? 0}`, { insn: last });
}

/** Slot of the last instruction before `end`. */
const lastInsn = (insns: readonly unknown[], end: number): number =>
  insns[end - 1] === undefined ? end - 2 : end - 1;

/** `__exception_cb(f)`: a declaration tag on the main program. */
function refuseExceptionCallback({ code }: Walk): void {
  const { btf, subprograms } = code.program;
  const main = subprograms[0]?.btfTypeId;
  const isTag = (type: BtfType): boolean =>
    type.kind === 'declTag' && type.type === main && type.name.startsWith('exception_callback:');
  if (main !== undefined && btf?.types.some(isTag)) unsupported('exception callbacks are not supported');
}

const endsFunction = (insn: Insn | undefined): string | undefined => {
  if (insn?.kind === 'packet') return 'LD_ABS';
  const isTailCall = insn?.kind === 'call' && insn.target === 'helper' && insn.imm === TAIL_CALL;
  return isTailCall ? 'tail_call' : undefined;
};

/** What may end a function in the middle returns a number to its caller (check_abnormal_return). */
function checkAbnormalReturns(walk: Walk): void {
  walk.code.subprograms.forEach(({ start, length }, index) => {
    const signature = index === 0 ? undefined : signatureOf(walk, index);
    if (signature === undefined || returnsNumber(signature)) return;
    for (let slot = start; slot < start + length; slot++) {
      const what = endsFunction(walk.code.insns[slot]);
      if (what !== undefined)
        refuse(`${what} is only allowed in functions that return 'int'.`, { insn: slot });
    }
  });
}

function checkKfuncs({ code, env, rules }: Walk): void {
  if (!rules.capable && (code.program.kfuncs ?? []).length > 0)
    refuse('loading/calling other bpf or kernel functions are allowed for CAP_BPF and CAP_SYS_ADMIN');
  for (const name of code.program.kfuncs ?? []) {
    const refusal = kfuncOf(name) === undefined ? undefined : kfuncLoadRefusalOf(name, env.site);
    if (refusal !== undefined) refuse(refusal);
  }
}

export function checkLoad(walk: Walk): void {
  checkSize(walk);
  if (!walk.rules.capable) checkUnprivileged(walk);
  walk.code.insns.forEach((insn, slot) => {
    if (insn?.kind === 'lddw' && insn.pseudo === 6) checkValueAddress(walk, slot, insn);
  });
  checkAbnormalReturns(walk);
  refuseExceptionCallback(walk);
  checkKfuncs(walk);
  checkMaps(walk.code.program, walk.env);
}
