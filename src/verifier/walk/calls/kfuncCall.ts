/** Calls of kernel functions (check_kfunc_call of kernel/bpf/verifier.c). */
import * as abi from '../../../abi/state.ts';
import { refuseReturn } from '../../contexts/returns.ts';
import { kernelContextOf, kfuncOf, kfuncRefusalOf } from '../../kfuncs/index.ts';
import type { Kfunc, KfuncArgument, KfuncResult } from '../../kfuncs/types.ts';
import { kindOf, mayBeNull } from '../../state/kinds.ts';
import { nameOfType } from '../describe.ts';
import { checkUnmoved } from '../memory/access.ts';
import type { Explored } from '../paths/explore.ts';
import { markPrecise } from '../paths/precision.ts';
import { refuse, unsupported } from '../refusal.ts';
import { DYNPTR_SKB, DYNPTR_XDP } from '../special.ts';
import { pointsTo, structOf } from '../structures.ts';
import type { Walk } from '../walk.ts';
import { lendStack } from './arguments.ts';
import {
  checkUninitialised,
  type Dynptr,
  makeDynptr,
  type StackObject,
  stackObject,
  useDynptr,
} from './dynptrs.ts';
import { clearCallerSaved, refuseSleeping } from './helperCall.ts';
import {
  destroyIterator,
  type IteratorArgument,
  iterate,
  iteratorReference,
  makeIterator,
} from './iterators.ts';
import { refuseUnderLock } from './locks.ts';
import { boundedSize, checkReadWrite } from './memoryArguments.ts';
import { acquire, checkLeaks, isHeld, releaseReference } from './references.ts';
import {
  disablePreemption,
  enablePreemption,
  lockRcu,
  restoreFlags,
  saveFlags,
  unlockRcu,
} from './sections.ts';
import { constantString } from './strings.ts';

/** What the arguments have told. */
interface KfuncCall {
  readonly kfunc: Kfunc;
  constSize: number;
  reference: number;
  dynptr: Dynptr | undefined;
  iterator: IteratorArgument | undefined;
}

const newCall = (kfunc: Kfunc): KfuncCall => ({
  kfunc,
  constSize: 0,
  reference: 0,
  dynptr: undefined,
  iterator: undefined,
});

function scalarArgument(walk: Walk, register: number, isConstant: boolean): number {
  const { memory } = walk;
  const r = walk.reg(register);
  if (memory.type(r) !== abi.KIND_SCALAR) refuse(`R${register} is not a scalar`);
  if (!isConstant) return 0;
  if (!memory.isConst(r)) refuse(`R${register} must be a known constant`);
  markPrecise(walk, register);
  return memory.constant(r);
}

function sizedMemory(walk: Walk, register: number, before: KfuncArgument | undefined): void {
  const r = walk.reg(register);
  if (walk.memory.type(r) !== abi.KIND_SCALAR) refuse(`R${register} is not a scalar`);
  if (before?.kind === 'memory' && before.nullable && walk.memory.isZero(walk.reg(register - 1))) return;
  checkReadWrite(walk, register - 1, boundedSize(walk, register, true));
  markPrecise(walk, register);
}

const isTrusted = (walk: Walk, r: number): boolean => {
  const type = walk.memory.type(r);
  return (
    walk.memory.ref(r) !== 0 ||
    ((type & abi.FLAG_TRUSTED) !== 0 && (type & (abi.FLAG_NULL | abi.FLAG_UNTRUSTED)) === 0)
  );
};

function structureArgument(
  walk: Walk,
  argument: Extract<KfuncArgument, { kind: 'btf' }>,
  register: number,
  call: KfuncCall,
): void {
  const { memory } = walk;
  const r = walk.reg(register);
  const name = call.kfunc.name;
  const type = memory.type(r);
  if (argument.nullable && memory.isZero(r)) return;
  if (mayBeNull(type) || memory.isZero(r)) {
    refuse(`Possibly NULL pointer passed to trusted arg${register - 1}`, {
      hint: `compare r${register} with 0 first`,
    });
  }
  // A map of the program is one of the kernel's, too (reg2btf_ids).
  if (type === abi.KIND_MAP && argument.struct === 'bpf_map') return;
  if (kindOf(type) !== abi.KIND_BTF) {
    refuse(
      `arg#${register - 1} pointer type STRUCT ${argument.struct} must point to scalar, or struct with scalar`,
    );
  }
  if (argument.trust !== 'any' && !isTrusted(walk, r)) {
    if (argument.trust === 'trusted') refuse(`R${register} must be referenced or trusted`);
    if ((type & abi.FLAG_RCU) === 0) refuse(`R${register} must be a rcu pointer`);
  }
  checkUnmoved(walk, register, !argument.release);
  if (!pointsTo(walk, r, argument.struct)) {
    refuse(
      `kernel function ${name} args#${register - 1} expected pointer to STRUCT ${argument.struct} but R${register} has a pointer to STRUCT ${structOf(walk, r)}`,
    );
  }
  if (!argument.release) return;
  if (memory.ref(r) === 0) refuse(`release kernel function ${name} expects refcounted PTR_TO_BTF_ID`);
  call.reference = memory.ref(r);
}

function contextArgument(walk: Walk, register: number, struct: string | undefined): void {
  const r = walk.reg(register);
  const isContext = walk.memory.type(r) === abi.KIND_CTX;
  if (!isContext || (struct !== undefined && walk.env.context.name !== struct)) {
    refuse(`arg#${register - 1} expected pointer to ctx, but got ${nameOfType(walk, r)}`);
  }
  checkUnmoved(walk, register);
}

function fixedMemory(
  walk: Walk,
  { size, nullable }: Extract<KfuncArgument, { kind: 'memory' }>,
  register: number,
): void {
  const isAbsent = nullable && walk.memory.isZero(walk.reg(register));
  if (size !== undefined && !isAbsent) checkReadWrite(walk, register, size);
}

function flagArgument(
  walk: Walk,
  { by }: Extract<KfuncArgument, { kind: 'irqFlag' }>,
  register: number,
  call: KfuncCall,
): void {
  if (by === 'lock') unsupported(`${call.kfunc.name}: bpf_res_spin_lock is not supported`);
  if (walk.memory.kind(walk.reg(register)) === abi.KIND_STACK) return;
  refuse(`arg#${register - 1} doesn't point to an irq flag on stack`);
}

function checkPlace(
  walk: Walk,
  argument: KfuncArgument,
  register: number,
  before: KfuncArgument | undefined,
  call: KfuncCall,
): void {
  switch (argument.kind) {
    case 'anything':
      return;
    case 'scalar':
      scalarArgument(walk, register, argument.constant);
      return;
    case 'constSize':
      call.constSize = scalarArgument(walk, register, true);
      sizedMemory(walk, register, before);
      return;
    case 'size':
      sizedMemory(walk, register, before);
      return;
    case 'memory':
      fixedMemory(walk, argument, register);
      return;
    case 'context':
      contextArgument(walk, register, argument.struct);
      return;
    case 'string':
      constantString(walk, register);
      return;
    case 'iterator':
      if (walk.memory.kind(walk.reg(register)) !== abi.KIND_STACK) {
        refuse(`arg#${register - 1} expected pointer to an iterator on stack`);
      }
      call.iterator = { register, of: argument.of, slots: argument.slots };
      if (argument.state === 'active') {
        call.reference = iteratorReference(walk, call.iterator, call.kfunc.name);
      }
      return;
    case 'dynptr':
      dynptrArgument(walk, argument, register, call);
      return;
    case 'irqFlag':
      flagArgument(walk, argument, register, call);
      return;
    case 'btf':
      structureArgument(walk, argument, register, call);
      return;
    case 'map':
      if (walk.memory.kind(walk.reg(register)) !== abi.KIND_MAP)
        refuse(`pointer in R${register} isn't map pointer`);
      return;
    case 'ignored':
    case 'programAux':
      return;
    case 'callback':
    case 'workqueue':
    case 'taskWork':
    case 'object':
      unsupported(
        `kernel function ${call.kfunc.name} is not supported: its argument ${register} (${argument.kind})`,
      );
      return;
  }
}

function dynptrArgument(
  walk: Walk,
  argument: Extract<KfuncArgument, { kind: 'dynptr' }>,
  register: number,
  call: KfuncCall,
): void {
  if (argument.nullable && walk.memory.isZero(walk.reg(register))) return;
  const kind = walk.memory.kind(walk.reg(register));
  if (kind !== abi.KIND_STACK && kind !== abi.KIND_DYNPTR) {
    refuse(`arg#${register - 1} expected pointer to stack or const struct bpf_dynptr`);
  }
  if (argument.state === 'uninit') checkUninitialised(walk, register);
  else call.dynptr ??= useDynptr(walk, register, undefined);
}

const NOT_LOOKED_AT: ReadonlySet<string> = new Set(['ignored', 'programAux']);

function checkArguments(walk: Walk, call: KfuncCall): void {
  const { args } = call.kfunc;
  args.forEach((argument, index) => {
    if (argument.kind === 'ignored') lendStack(walk, index + 1);
    if (NOT_LOOKED_AT.has(argument.kind)) return;
    walk.readable(index + 1);
    checkPlace(walk, argument, index + 1, args[index - 1], call);
  });
}

/** The two slots that a call makes a dynptr of. */
function makeDynptrs(walk: Walk, { kfunc, dynptr }: KfuncCall): void {
  kfunc.args.forEach((argument, index) => {
    if (argument.kind !== 'dynptr' || argument.state !== 'uninit') return;
    if (argument.of === 'skbMeta')
      unsupported(`${kfunc.name}: dynptrs of an skb's metadata are not supported`);
    if (argument.of === 'clone') makeDynptr(walk, index + 1, dynptr?.kind ?? 0, dynptr?.reference);
    else makeDynptr(walk, index + 1, argument.of === 'xdp' ? DYNPTR_XDP : DYNPTR_SKB);
  });
}

function point(walk: Walk, type: number, nullable: boolean, aux: number, aux2 = 0): void {
  const r0 = walk.reg(0);
  walk.memory.setPointer(r0, nullable ? type | abi.FLAG_NULL : type, aux, aux2);
  if (nullable) walk.memory.setId(r0, walk.newId());
}

const TRUST = { trusted: abi.FLAG_TRUSTED, rcu: abi.FLAG_RCU, untrusted: abi.FLAG_UNTRUSTED } as const;

function structureResult(walk: Walk, result: Extract<KfuncResult, { kind: 'btf' }>): void {
  const trust = result.acquire ? 0 : TRUST[result.trust];
  point(walk, abi.KIND_BTF | trust, result.nullable, walk.names.number(result.struct));
  if (!result.acquire) return;
  const id = acquire(walk);
  if (result.nullable) walk.memory.setId(walk.reg(0), id);
  walk.memory.setRef(walk.reg(0), id);
}

const sliceOf = (dynptr: Dynptr | undefined): number =>
  dynptr?.kind === DYNPTR_SKB || dynptr?.kind === DYNPTR_XDP ? abi.FLAG_PACKET_SLICE : 0;

function setResult(walk: Walk, { kfunc, constSize, dynptr, reference }: KfuncCall): void {
  const { result } = kfunc;
  const readOnly = (isReadOnly: boolean): number => abi.KIND_MEM | (isReadOnly ? abi.FLAG_READ_ONLY : 0);
  switch (result.kind) {
    case 'address':
    case 'integer':
      // What C functions leave in the upper bits is not known, whatever the type.
      walk.setUnknown(walk.reg(0));
      return;
    case 'void':
      return;
    case 'btf':
      structureResult(walk, result);
      return;
    case 'memory':
      point(walk, readOnly(result.readOnly), result.nullable, result.size);
      if (kfunc.flags.iterator === 'next') walk.memory.setRef(walk.reg(0), reference);
      return;
    case 'dynptrSlice':
      if (!result.readOnly && walk.env.context.packet !== 'write')
        refuse('the prog does not allow writes to packet data', { hint: 'take bpf_dynptr_slice() instead' });
      point(walk, readOnly(result.readOnly) | sliceOf(dynptr), true, constSize, dynptr?.id ?? 0);
      walk.memory.setRef(walk.reg(0), dynptr?.reference ?? 0);
      return;
    case 'kernelContext': {
      const struct = kernelContextOf(walk.env.type);
      if (struct === undefined) {
        unsupported(`${kfunc.name} in programs of type ${walk.env.type}`);
        return;
      }
      point(walk, abi.KIND_BTF | abi.FLAG_TRUSTED, false, walk.names.number(struct));
      return;
    }
    case 'readOnlyCast':
    case 'object':
      unsupported(`kernel function ${kfunc.name} is not supported`);
      return;
  }
}

function throwException(walk: Walk): void {
  const r1 = walk.reg(1);
  const { returns } = walk.env;
  const { smin, smax } = walk.memory.scalar(r1);
  const refusal = returns === undefined ? undefined : refuseReturn(returns, { min: smin, max: smax });
  if (refusal !== undefined) refuse(refusal.replace('register R0', 'register R1'));
  if (returns !== undefined) markPrecise(walk, 1);
  const inside = walk.frames.findLast(({ callback }) => callback !== undefined);
  if (inside !== undefined) {
    const where = `(insn ${walk.insn}) cannot be called from callback subprog ${inside.subprogram}`;
    refuse(`bpf_throw kfunc ${where}`);
  }
  checkLeaks(walk, 'bpf_throw', true, true);
  walk.ended = true;
}

function applyEffect(walk: Walk, { name, effect }: Kfunc): void {
  switch (effect) {
    case 'rcuLock':
      lockRcu(walk, name);
      return;
    case 'rcuUnlock':
      unlockRcu(walk, name);
      return;
    case 'preemptDisable':
      disablePreemption(walk);
      return;
    case 'preemptEnable':
      enablePreemption(walk, name);
      return;
    case 'irqSave':
      saveFlags(walk, 1);
      return;
    case 'irqRestore':
      restoreFlags(walk, 1);
      return;
    case 'throw':
      throwException(walk);
      return;
    case 'trap':
      refuse('unexpected __bpf_trap() due to uninitialized variable?');
      return;
    case undefined:
      return;
  }
}

function iteratorObject(walk: Walk, { iterator }: KfuncCall): StackObject | undefined {
  if (iterator === undefined) return undefined;
  return stackObject(walk, iterator.register, 'iter', iterator.slots);
}

function release(walk: Walk, { kfunc, reference }: KfuncCall): void {
  if (!kfunc.flags.release || reference === 0) return;
  if (!isHeld(walk, reference) || !releaseReference(walk, reference)) {
    refuse(`kfunc ${kfunc.name}#0 reference has not been acquired before`);
  }
}

function findKfunc(walk: Walk, name: string): Kfunc {
  const refusal = kfuncRefusalOf(name, walk.env.site);
  const kfunc = kfuncOf(name);
  if (refusal !== undefined || kfunc === undefined) {
    if (kfunc === undefined) unsupported(`kernel function ${name} is not known`);
    refuse(refusal ?? '');
  }
  if (kfunc.unsupported !== undefined) {
    unsupported(`kernel function ${name} is not supported: ${kfunc.unsupported}`);
  }
  return kfunc;
}

function checkSections(walk: Walk, { name, flags }: Kfunc): void {
  if (flags.sleepable) refuseSleeping(walk, `kernel func ${name}`);
  if (flags.rcuProtected && walk.holdings.rcu === 0 && walk.env.sleepable) {
    refuse(`kernel func ${name} requires RCU critical section protection`);
  }
}

export function callKfunc(walk: Walk, name: string, explored: Explored): void {
  const kfunc = findKfunc(walk, name);
  refuseUnderLock(walk);
  const call = newCall(kfunc);
  checkArguments(walk, call);
  checkSections(walk, kfunc);
  applyEffect(walk, kfunc);
  if (walk.ended) return;
  makeDynptrs(walk, call);
  const { iterator } = call;
  const object = iteratorObject(walk, call);
  const { iterator: role } = kfunc.flags;
  if (iterator !== undefined && role === 'new')
    makeIterator(walk, iterator, { isRcu: kfunc.flags.rcuProtected });
  if (iterator !== undefined && role === 'destroy') destroyIterator(walk, iterator);
  release(walk, call);
  clearCallerSaved(walk);
  setResult(walk, call);
  if (kfunc.changesPacket) walk.ops.forgetPackets(walk.rules.leaks ? 1 : 0);
  if (role === 'next' && object !== undefined) iterate(walk, object, explored.openBefore(walk.insn));
}
