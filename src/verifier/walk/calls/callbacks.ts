/** Functions that helpers call (push_callback_call of kernel/bpf/verifier.c). */
import * as abi from '../../../abi/state.ts';
import { MAX_CALL_FRAMES } from '../../callgraph.ts';
import type { ReturnRange } from '../../contexts/returns.ts';
import { push, pushFresh } from '../paths/pending.ts';
import { refuse } from '../refusal.ts';
import { DYNPTR_LOCAL } from '../special.ts';
import type { Walk } from '../walk.ts';

/** Sets up r1 to r5 of a callback's frame; `caller`: address of a register of the function that made the call. */
type SetUp = (to: (register: number) => number, caller: (register: number) => number) => void;

export const GO_ON_OR_STOP: ReturnRange = { min: 0, max: 1 };
export const NOTHING: ReturnRange = { min: 0, max: 0 };

const startOf = (walk: Walk, subprogram: number): number =>
  walk.code.subprograms[subprogram]?.start ?? refuse(`callback: there is no function ${subprogram}`);

/** The function is called now, any number of times: walked later, after which the call is walked once more. */
export function callBack(walk: Walk, subprogram: number, returns: ReturnRange, setUp: SetUp): void {
  const { memory } = walk;
  const callsite = walk.insn;
  if (walk.frames.length >= MAX_CALL_FRAMES) {
    refuse(`the call stack of ${walk.frames.length + 1} frames is too deep`);
  }
  push(walk, startOf(walk, subprogram), callsite, () => {
    const caller = walk.frame;
    walk.unrollDepth += 1;
    walk.setTop({ callbackDepth: walk.top.callbackDepth + 1 });
    const frame = memory.pushFrame();
    setUp(
      (register) => memory.register(frame, register),
      (register) => memory.register(caller, register),
    );
    const callback = { returns, sync: true };
    walk.frames = [
      ...walk.frames,
      { subprogram, callsite, callback, callbackDepth: 0, asyncDepth: walk.top.asyncDepth },
    ];
    return true;
  });
  walk.setTop({ callbackDepth: 0 });
}

/** The function is called some time later: a program of its own. */
export function callLater(walk: Walk, subprogram: number, returns: ReturnRange, setUp: SetUp): void {
  const { memory } = walk;
  const asyncDepth = walk.top.asyncDepth + 1;
  pushFresh(walk, startOf(walk, subprogram), walk.insn, () => {
    memory.frames = 0;
    const frame = memory.pushFrame();
    const to = (register: number): number => memory.register(frame, register);
    setUp(to, to);
    const callback = { returns, sync: false };
    walk.frames = [{ subprogram, callsite: -1, callback, callbackDepth: 0, asyncDepth }];
    return true;
  });
}

/** callback(map, key, value, …) */
export const withElement =
  (walk: Walk, map: number, uid: number, context?: number): SetUp =>
  (to, caller) => {
    walk.memory.setPointer(to(1), abi.KIND_MAP, map, uid);
    walk.memory.setPointer(to(2), abi.KIND_MAP_KEY, map, uid);
    walk.memory.setPointer(to(3), abi.KIND_MAP_VALUE, map, uid);
    if (context !== undefined) walk.ops.copyRegister(to(4), caller(context));
  };

/** callback(index, context) of bpf_loop. */
export const withIndex =
  (walk: Walk): SetUp =>
  (to, caller) => {
    walk.setUnknown(to(1));
    walk.ops.copyRegister(to(2), caller(3));
  };

/** callback(dynptr, context) of bpf_user_ringbuf_drain. */
export const withDynptr =
  (walk: Walk): SetUp =>
  (to, caller) => {
    walk.memory.setPointer(to(1), abi.KIND_DYNPTR, DYNPTR_LOCAL);
    walk.memory.setId(to(1), walk.newId());
    walk.ops.copyRegister(to(2), caller(3));
  };
