/** Arguments of helpers and kernel functions that are not what they take. */
import type { Argument } from '../helpers/types.ts';
import { MAX_OFFSET } from '../walk/arithmetic/pointers.ts';
import { callAt, calleeName, callText, passedText, releaseOf } from './calls.ts';
import type { Diagnosis, Explainers, Scene } from './scene.ts';
import { assignedIn } from './source.ts';
import { isKnown, originText, rangeText } from './values.ts';

function argumentOf(scene: Scene, register: number): Argument | undefined {
  const call = callAt(scene, scene.slot);
  if (call?.target !== 'helper') return undefined;
  return scene.walk.env.prototype(call.imm)?.args[register - 1];
}

const SOCKET = 'a socket that was looked up and is not NULL';

/** What an argument takes, and how to come by it. */
function wanted(argument: Argument | undefined, expected: string): string {
  switch (argument?.kind) {
    case 'map':
      return 'a map';
    case 'mapKey':
      return 'the address of a key';
    case 'mapValue':
      return 'the address of a value';
    case 'memory':
      return 'the address of memory';
    case 'size':
    case 'allocationSize':
      return 'a number of bytes';
    case 'context':
      return "the program's context";
    case 'socket':
      return SOCKET;
    case 'ringRecord':
      return 'a record from bpf_ringbuf_reserve()';
    case 'callback':
      return 'a static function';
    case 'stack':
      return 'the address of a variable on the stack, or NULL';
    case 'constantString':
      return 'the address of a constant text';
    case 'spinLock':
      return 'the address of the struct bpf_spin_lock in a map value';
    case 'timer':
      return 'the address of the struct bpf_timer in a map value';
    case 'dynptr':
      return 'the address of a struct bpf_dynptr on the stack';
    case 'btf':
      return `a pointer to struct ${argument.struct} that comes from the kernel`;
    default:
      return expected === 'fp' ? 'the address of memory' : expected;
  }
}

const HOW: Partial<Record<Argument['kind'], string>> = {
  map: 'name the map itself: `&map`',
  context: 'pass the context as the program was given it',
  callback: 'name a static function of the program',
  ringRecord: 'pass what bpf_ringbuf_reserve() returned, unchanged',
  spinLock: 'put the lock into the map value, and pass its address: `&value->lock`',
  timer: 'put the timer into the map value, and pass its address: `&value->timer`',
  mapKey: 'put the key into a variable, and pass its address: `&key`',
  mapValue: 'put the value into a variable, and pass its address: `&value`',
  memory: 'pass the address of a variable, a map value or a record',
};

const valueText = (scene: Scene, register: number): string => {
  const origin = scene.origin(register);
  return isKnown(origin) ? originText(scene, origin) : `what is in r${register}`;
};

const passes = (scene: Scene, register: number): string =>
  `${scene.where} passes ${valueText(scene, register)} to ${calleeName(scene, scene.slot)}() as argument ${register}`;

/** What a call handed out, and another has given back. */
function again(scene: Scene, register: number): Diagnosis | undefined {
  const origin = scene.origin(register);
  const call = origin.maker.kind === 'call' ? releaseOf(scene, origin) : undefined;
  if (call === undefined) return undefined;
  return {
    summary: `${passes(scene, register)}, but ${callText(scene, call)} of ${scene.at(call.insn)} has given it back already`,
    hint: 'give it back once on every path: leave after the first call, or take one of the two out',
  };
}

function wrongType(scene: Scene, match: RegExpExecArray): Diagnosis {
  const register = Number(match[1]);
  const argument = argumentOf(scene, register);
  const found = again(scene, register);
  if (found !== undefined) return found;
  const what = wanted(argument, match[3] ?? '');
  return {
    summary: `${passes(scene, register)}, which takes ${what}`,
    hint: (argument === undefined ? undefined : HOW[argument.kind]) ?? `pass ${what}`,
  };
}

/** The variable that a size is in, by the line of its load; a name for it otherwise. */
function sizeName(scene: Scene, register: number): string {
  const passed = passedText(scene, register);
  if (passed !== undefined) return passed;
  const { insn } = scene.origin(register);
  return (insn < 0 ? undefined : assignedIn(scene.source(insn))) ?? 'size';
}

/** The size of the buffer before a size, as C writes it. */
function roomFor(scene: Scene, register: number): string {
  const passed = passedText(scene, register - 1) ?? '';
  const name = /^&?(\w+)$/.exec(passed)?.[1] ?? 'buffer';
  return `sizeof(${name})`;
}

type SizeHint = (name: string, room: string) => string;

function sizeProblem(problem: (scene: Scene, register: number) => string, hint: SizeHint) {
  return (scene: Scene, match: RegExpExecArray): Diagnosis => {
    const register = Number(match[1]);
    return {
      summary: `${passes(scene, register)}, a size that ${problem(scene, register)}`,
      hint: hint(sizeName(scene, register), roomFor(scene, register)),
    };
  };
}

const range = (scene: Scene, register: number): string => {
  const r = scene.register(register);
  return r === undefined ? 'is not bounded' : rangeText(scene.walk.memory.scalar(r));
};

/** 0, and whether there is no upper bound either. */
function zeroText(scene: Scene, register: number): string {
  const r = scene.register(register);
  const umax = r === undefined ? 0n : scene.walk.memory.scalar(r).umax;
  return umax < BigInt(MAX_OFFSET) ? 'may be 0' : `may be 0 to ${umax}`;
}

const mayBeZero = sizeProblem(
  zeroText,
  (name, room) => `make sure that it is at least 1: \`if (${name} < 1 || ${name} > ${room}) return …;\``,
);
const mayBeNegative = sizeProblem(
  () => 'may be negative',
  (name) => `make it unsigned, or \`if (${name} < 0) return …;\` before`,
);
const unbounded = sizeProblem(range, (name, room) => `bound it before: \`if (${name} > ${room}) return …;\``);

function notConstant(scene: Scene, match: RegExpExecArray): Diagnosis {
  return {
    summary: `${passes(scene, Number(match[1]))}, which takes a number that is the same on every run`,
    hint: 'write a constant (`sizeof(struct …)`), or a `const volatile` variable that is set before the load',
  };
}

function notAcquired(scene: Scene, match: RegExpExecArray): Diagnosis {
  const register = Number(match[1]);
  return (
    again(scene, register) ?? {
      summary: `${passes(scene, register)}, but it holds nothing that could be given back`,
      hint: 'only what a call handed out can be given back, and only once',
    }
  );
}

function readOnlyMap(scene: Scene): Diagnosis {
  const { maker } = scene.origin(1);
  const map = maker.kind === 'map' ? scene.map(maker.map)?.name : undefined;
  return {
    summary: `${scene.where} changes map ${map ?? ''} with ${calleeName(scene, scene.slot)}(), but it is read-only for programs (BPF_F_RDONLY_PROG)`,
    hint: "take BPF_F_RDONLY_PROG out of the map's flags, or write to another map",
  };
}

/** The argument that is the map. */
function mapRegister(scene: Scene): number {
  const call = callAt(scene, scene.slot);
  const args = call?.target === 'helper' ? (scene.walk.env.prototype(call.imm)?.args ?? []) : [];
  return (
    Math.max(
      args.findIndex(({ kind }) => kind === 'map'),
      0,
    ) + 1
  );
}

function wrongMap(scene: Scene): Diagnosis {
  const { maker } = scene.origin(mapRegister(scene));
  const map = maker.kind === 'map' ? scene.map(maker.map) : undefined;
  const what = map === undefined ? 'a map' : `map ${map.name}`;
  return {
    summary: `${scene.where} calls ${calleeName(scene, scene.slot)}() with ${what}, whose type has no such operation`,
    hint: 'take a map of another type, or the helper that goes with this one (bpf_map_push_elem() for queues, bpf_ringbuf_output() for ring buffers, …)',
  };
}

/** A map without keys or values: queues, ring buffers. */
function zeroSized(scene: Scene): Diagnosis {
  const { maker } = scene.origin(1);
  const map = maker.kind === 'map' ? scene.map(maker.map) : undefined;
  const what = map?.keySize === 0 ? `map ${map.name} has no keys` : 'its size is 0';
  return {
    summary: `${scene.where} passes memory of 0 bytes to ${calleeName(scene, scene.slot)}(): ${what}`,
    hint:
      map?.keySize === 0
        ? 'use the helpers for maps without keys: bpf_map_push_elem() and bpf_map_pop_elem() for queues and stacks, bpf_ringbuf_output() for ring buffers'
        : 'pass at least one byte',
  };
}

export const ARGUMENTS: Explainers = [
  [/^R(\d+) type=(\S+) expected=(.*)/, wrongType],
  [/^R(\d+) invalid zero-sized read/, mayBeZero],
  [/^R(\d+) min value is negative, either use unsigned or/, mayBeNegative],
  [/^R(\d+) unbounded memory access, use 'var/, unbounded],
  [/^R(\d+) is not a known constant/, notConstant],
  [/^R(\d+) must be a known constant/, notConstant],
  [/^R(\d+) must be referenced when passed to release function/, notAcquired],
  [/^func \S+ reference has not been acquired before/, (scene) => again(scene, 1)],
  [/^write into map forbidden$/, readOnlyMap],
  [/^cannot pass map_type \d+ into func/, wrongMap],
  [/^invalid zero-sized read$/, zeroSized],
];
