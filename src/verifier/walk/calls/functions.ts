/** Calls of the program's own functions, and returns from them (check_func_call, prepare_func_exit). */
import * as abi from '../../../abi/state.ts';
import type { CallInsn } from '../../../isa/insn.ts';
import { MAX_CALL_FRAMES } from '../../callgraph.ts';
import { refuseReturn } from '../../contexts/returns.ts';
import { nameOfType } from '../describe.ts';
import { frameOf, lend } from '../memory/stack.ts';
import type { Explored } from '../paths/explore.ts';
import { push } from '../paths/pending.ts';
import { markPrecise } from '../paths/precision.ts';
import { refuse } from '../refusal.ts';
import type { Walk } from '../walk.ts';
import { checkGlobalCall, globalFunction } from './globals.ts';
import { clearCallerSaved } from './helperCall.ts';
import { checkLeaks, heldLock } from './references.ts';

/** What a function gets the address of may be read and written there. */
function escapeArguments(walk: Walk): void {
  for (let register = 1; register <= 5; register++) {
    const r = walk.reg(register);
    if (walk.memory.kind(r) === abi.KIND_STACK) lend(walk, frameOf(walk, r), -512, 0);
  }
}

function enter(walk: Walk, subprogram: number, start: number): void {
  const { memory, ops } = walk;
  if (walk.frames.length >= MAX_CALL_FRAMES) {
    refuse(`the call stack of ${walk.frames.length + 1} frames is too deep`);
  }
  escapeArguments(walk);
  const caller = walk.frame;
  const frame = memory.pushFrame();
  for (let register = 1; register <= 5; register++) {
    ops.copyRegister(memory.register(frame, register), memory.register(caller, register));
  }
  clearCallerSaved(walk);
  const { asyncDepth } = walk.top;
  walk.frames = [...walk.frames, { subprogram, callsite: walk.insn, callbackDepth: 0, asyncDepth }];
  walk.next = start;
}

function callGlobal(walk: Walk, subprogram: number): void {
  if (heldLock(walk) !== undefined) {
    refuse('global function calls are not allowed while holding a lock,\nuse static function instead');
  }
  checkGlobalCall(walk, subprogram);
  const name = walk.code.subprograms[subprogram]?.name ?? '';
  walk.log?.line(`Func#${subprogram} ('${name}') is global and assumed valid.`);
  walk.calledGlobals.add(subprogram);
  if (walk.changingFunctions.has(subprogram)) walk.ops.forgetPackets(walk.rules.leaks ? 1 : 0);
  clearCallerSaved(walk);
  walk.setUnknown(walk.reg(0));
}

export function callFunction(walk: Walk, { imm }: CallInsn): void {
  const start = walk.insn + 1 + imm;
  const subprogram = walk.code.owner[start] ?? 0;
  if (globalFunction(walk, subprogram) !== undefined) callGlobal(walk, subprogram);
  else enter(walk, subprogram, start);
}

const LEAST = -(2n ** 63n);
const GREATEST = 2n ** 63n - 1n;

function rangeText(min: bigint, max: bigint): string {
  if (min === LEAST && max === GREATEST) return ' unknown scalar value';
  return `${min > LEAST ? ` smin=${min}` : ''}${max < GREATEST ? ` smax=${max}` : ''}`;
}

/** The callback's result says whether it is called again: the helper relies on it. */
function checkCallbackResult(walk: Walk, { min, max }: { readonly min: number; readonly max: number }): void {
  const r0 = walk.reg(0);
  if (walk.memory.type(r0) !== abi.KIND_SCALAR) {
    refuse('R0 not a scalar value', { hint: `return a number from ${min} to ${max}` });
  }
  markPrecise(walk, 0);
  const { smin, smax } = walk.memory.scalar(r0);
  if (smin >= BigInt(min) && smax <= BigInt(max)) return;
  refuse(
    `At callback return the register R0 has${rangeText(smin, smax)} should have been in [${min}, ${max}]`,
  );
}

/** Back to the caller: from a callback to the call of the helper, which may call it again. */
function leave(walk: Walk, explored: Explored): void {
  const { memory, ops } = walk;
  const r0 = walk.reg(0);
  const { callback, callsite } = walk.top;
  if (memory.type(r0) === abi.KIND_STACK) refuse('cannot return stack pointer to the caller');
  if (callback !== undefined) checkCallbackResult(walk, callback.returns);
  else ops.copyRegister(memory.register(walk.frame - 1, 0), r0);
  memory.popFrame();
  walk.frames = walk.frames.slice(0, -1);
  walk.next = callback === undefined ? callsite + 1 : callsite;
  if (callback === undefined) return;
  const kept = explored.openAt(callsite);
  if (kept !== undefined) ops.widenFrom(kept.address);
}

/**
 * bpf_tail_call in a function: where it succeeds, the other program returns to this function's caller, with a packet
 * that may have moved; where it fails, the function goes on.
 */
export function returnByTailCall(walk: Walk, explored: Explored): void {
  push(walk, walk.insn + 1, walk.insn);
  walk.ops.forgetPackets(walk.rules.leaks ? 1 : 0);
  walk.setUnknown(walk.reg(0));
  leave(walk, explored);
}

/** A packet load in a function: behind the packet's end it returns 0 to this function's caller (check_ld_abs). */
export function returnByPacketLoad(walk: Walk, explored: Explored): void {
  push(walk, walk.insn + 1, walk.insn);
  walk.memory.setConstant(walk.reg(0), 0n);
  leave(walk, explored);
}

function finish(walk: Walk): void {
  if (walk.env.returnsNothing === true && walk.top.subprogram === 0 && walk.top.callback === undefined) {
    walk.ended = true;
    return;
  }
  const r0 = walk.readable(0);
  const { memory, env } = walk;
  if (walk.isSecret(r0)) refuse('R0 leaks addr as return value');
  walk.ended = true;
  const { callback } = walk.top;
  const range = callback?.returns ?? (walk.top.subprogram === 0 ? env.returns : undefined);
  if (walk.top.subprogram !== 0 && callback === undefined) checkGlobalResult(walk, r0);
  if (range === undefined) return;
  const isScalar = memory.type(r0) === abi.KIND_SCALAR;
  if (isScalar) markPrecise(walk, 0);
  const { smin, smax } = memory.scalar(r0);
  const value = isScalar ? { min: smin, max: smax } : { pointer: nameOfType(walk, r0) };
  const refusal = refuseReturn(range, value);
  if (refusal === undefined) return;
  const text =
    callback === undefined ? refusal : refusal.replace('At program exit', 'At async callback return');
  refuse(text, { registers: [0], hint: `return a number from ${range.min} to ${range.max}` });
}

function checkGlobalResult(walk: Walk, r0: number): void {
  if (walk.memory.type(r0) === abi.KIND_SCALAR) return;
  refuse(`At subprogram exit the register R0 is not a scalar value (${nameOfType(walk, r0)})`);
}

export function stepExit(walk: Walk, explored: Explored): void {
  const isMain = walk.frame === 0;
  checkLeaks(walk, 'BPF_EXIT instruction in main prog', isMain);
  if (isMain) finish(walk);
  else leave(walk, explored);
}
