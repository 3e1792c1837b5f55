/** One instruction of the walk. */

import * as abi from '../../abi/state.ts';
import { TAIL_CALL } from '../../isa/helpers.ts';
import type { CallInsn, Insn, InsnKind, LddwInsn } from '../../isa/insn.ts';
import { stepAlu, stepEndian, stepNeg } from './arithmetic/alu.ts';
import { stepAddrSpaceCast } from './arithmetic/arena.ts';
import { stepJa, stepJump, stepMayGoto } from './branches/jump.ts';
import { callFunction, returnByTailCall, stepExit } from './calls/functions.ts';
import { globalFunction } from './calls/globals.ts';
import { callHelper } from './calls/helperCall.ts';
import { callKfunc } from './calls/kfuncCall.ts';
import {
  stepAtomic,
  stepLoad,
  stepLoadAcquire,
  stepPacket,
  stepStore,
  stepStoreRelease,
} from './memoryInsns.ts';
import type { Explored } from './paths/explore.ts';
import { refuse, unsupported } from './refusal.ts';
import type { Walk } from './walk.ts';

/** A number, a map, the address of a map's value, or of a function (check_ld_imm). */
function stepLddw(walk: Walk, { dst, pseudo, lo, hi }: LddwInsn): void {
  const { memory } = walk;
  const r = walk.reg(dst);
  walk.next = walk.insn + 2;
  switch (pseudo) {
    case 0:
      memory.setConstant(r, (BigInt(hi) << 32n) | BigInt(lo >>> 0));
      if (!walk.rules.capable) memory.setPrecise(r, true);
      return;
    case 4: {
      const subprogram = walk.code.owner[walk.insn + 1 + lo] ?? 0;
      if (globalFunction(walk, subprogram) !== undefined) refuse('callback function not static');
      memory.setPointer(r, abi.KIND_FUNC, subprogram);
      return;
    }
    case 5:
      memory.setPointer(r, abi.KIND_MAP, lo);
      return;
    case 6:
      if (lo === walk.arena) {
        walk.setUnknown(r);
        return;
      }
      memory.setPointer(r, abi.KIND_MAP_VALUE, lo);
      memory.setOff(r, hi);
      return;
    default:
      unsupported(`lddw with pseudo source ${pseudo} has no meaning here`);
      return;
  }
}

function stepCall(walk: Walk, insn: CallInsn, explored: Explored): void {
  if (insn.target === 'helper') {
    callHelper(walk, insn.imm);
    if (insn.imm === TAIL_CALL && walk.frame > 0) returnByTailCall(walk, explored);
    return;
  }
  if (insn.target === 'kfunc') {
    callKfunc(walk, walk.code.program.kfuncs?.[insn.imm] ?? '', explored);
    return;
  }
  callFunction(walk, insn);
}

type Step<K extends InsnKind> = (walk: Walk, insn: Extract<Insn, { kind: K }>, explored: Explored) => void;

const STEPS: { readonly [K in InsnKind]: Step<K> } = {
  alu: stepAlu,
  neg: stepNeg,
  endian: stepEndian,
  lddw: stepLddw,
  load: stepLoad,
  store: stepStore,
  atomic: stepAtomic,
  loadAcquire: stepLoadAcquire,
  storeRelease: stepStoreRelease,
  packet: stepPacket,
  jump: stepJump,
  ja: stepJa,
  mayGoto: stepMayGoto,
  gotox: () => unsupported('gotox needs a jump table (map type insn_array)'),
  call: stepCall,
  callx: () => unsupported("callx: calls through a register are not in the kernel's instruction set"),
  exit: (walk, _, explored) => stepExit(walk, explored),
  addrSpaceCast: stepAddrSpaceCast,
};

/** A step with its instruction, so that the walk does not look it up each time. */
export type BoundStep = (walk: Walk, explored: Explored) => void;

export function bindStep<K extends InsnKind>(kind: K, insn: Extract<Insn, { kind: K }>): BoundStep {
  const step: Step<K> = STEPS[kind];
  return (walk, explored) => step(walk, insn, explored);
}

/** Instructions that the kernel counts as jumps (class JMP and JMP32). */
export const isJump = ({ kind }: Insn): boolean =>
  kind === 'jump' ||
  kind === 'ja' ||
  kind === 'call' ||
  kind === 'callx' ||
  kind === 'exit' ||
  kind === 'mayGoto';
