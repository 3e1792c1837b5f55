/** Accesses through what is no address (any more). */
import { KIND_SCALAR } from '../../abi/state.ts';
import { callsAfter, callText, movesPacket, releaseOf } from './calls.ts';
import { addressRegister, verbOf } from './memory.ts';
import type { Origin } from './origin.ts';
import type { Diagnosis, Explainers, Scene } from './scene.ts';
import { pointerIn } from './source.ts';
import { isKnown, isPacketPointer, lookedUp, originText } from './values.ts';

const access = (scene: Scene): string =>
  `${scene.where} ${verbOf(scene.insn)} ${scene.expression ?? 'memory'}`;

const KERNEL_MEMORY =
  'memory of the kernel is read with bpf_probe_read_kernel(&copy, sizeof(copy), address), that of user space with bpf_probe_read_user()';

const SOURCES =
  'addresses come from map lookups, pointers of the context and helpers that give some: a number cannot be made one';

/** bpf_probe_read_kernel. */
const PROBE_READ_KERNEL = 113;
const hasProbes = ({ walk }: Scene): boolean => walk.env.refusal(PROBE_READ_KERNEL) === undefined;

/** A packet pointer from before a call that may have moved the packet. */
function stalePacket(scene: Scene, origin: Origin): Diagnosis | undefined {
  if (!isPacketPointer(scene, origin)) return undefined;
  for (const call of callsAfter(scene, origin.node)) {
    if (!movesPacket(scene, call)) continue;
    return {
      summary: `${access(scene)} through a packet pointer, ${originText(scene, origin)}, but ${callText(scene, call)} of ${scene.at(call.insn)} may have moved the packet since`,
      hint: 'read `data` and `data_end` from the context again after the call, and compare them again',
    };
  }
  return undefined;
}

/** An address that was taken back with what it belongs to. */
function lost(scene: Scene, origin: Origin): Diagnosis | undefined {
  const register = addressRegister(scene.insn);
  const r = register === undefined ? undefined : scene.register(register);
  const isNull = r !== undefined && scene.walk.memory.isZero(r);
  if (isNull || !scene.tracer.givesAddress(origin.insn)) return undefined;
  return {
    summary: `${access(scene)} through ${originText(scene, origin)}, but what that belongs to was released or may have changed since`,
    hint: 'get the address again after the call that ended it, or move the access before',
  };
}

/** What was handed out and given back. */
function released(scene: Scene, origin: Origin): Diagnosis | undefined {
  if (origin.maker.kind !== 'call') return undefined;
  const call = releaseOf(scene, origin);
  if (call === undefined) return lost(scene, origin);
  return {
    summary: `${access(scene)} through ${originText(scene, origin)}, but ${callText(scene, call)} of ${scene.at(call.insn)} has given it back`,
    hint: `move the access before ${scene.at(call.insn)}`,
  };
}

/** A pointer that a test has found to be NULL. */
function isNull(scene: Scene, register: number, origin: Origin): Diagnosis | undefined {
  const r = scene.register(register);
  if (r === undefined || !scene.walk.memory.isZero(r)) return undefined;
  const { maker } = origin;
  if (maker.kind !== 'call' && (maker.kind !== 'constant' || maker.value !== 0n)) return undefined;
  const what = maker.kind === 'call' ? originText(scene, origin) : 'a pointer';
  const name = pointerIn(scene.expression ?? '') ?? 'the pointer';
  const values = lookedUp(scene, origin) === undefined ? '' : ': nothing was found';
  return {
    summary: `${access(scene)} through ${what} on the path on which it is NULL${values}`,
    hint: `do this where ${name} is not NULL: the test before it is the wrong way round, or does not leave`,
  };
}

function number(scene: Scene, register: number): Diagnosis {
  const origin = scene.origin(register);
  const special = stalePacket(scene, origin) ?? released(scene, origin) ?? isNull(scene, register, origin);
  if (special !== undefined) return special;
  const isPlain = !isKnown(origin);
  const { maker } = origin;
  const isField = maker.kind === 'load' && maker.base.maker.kind === 'context';
  const what = isPlain ? 'a number' : originText(scene, origin);
  return {
    summary: `${access(scene)} through ${what}${isPlain ? '' : ', which is a number'}, not an address that the verifier knows`,
    hint: isField || !hasProbes(scene) ? SOURCES : KERNEL_MEMORY,
  };
}

const KIND_TEXTS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  pkt_end: [
    'data_end, which may only be compared with',
    'read through `data` instead, after a comparison: `if (data + size > data_end) return …;`',
  ],
  func: ['the address of a function', 'functions may only be called and passed as callbacks'],
};

function other(scene: Scene, match: RegExpExecArray): Diagnosis | undefined {
  const register = Number(match[1]);
  const kind = match[2] ?? '';
  const r = scene.register(register);
  if (kind === 'scalar' || (r !== undefined && scene.walk.memory.kind(r) === KIND_SCALAR)) {
    return number(scene, register);
  }
  const [what, hint] = KIND_TEXTS[kind] ?? [
    `a pointer of type ${kind}`,
    'only memory that the program was given may be accessed',
  ];
  return { summary: `${access(scene)} through ${what}`, hint };
}

export const ADDRESSES: Explainers = [[/^R(\d+) invalid mem access '(\S+)'/, other]];
