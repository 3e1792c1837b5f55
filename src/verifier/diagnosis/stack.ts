/** The stack: bytes that were not written, bytes outside of it, more of it than there is. */
import { BYTE_INVALID, BYTE_SPILL } from '../../abi/state.ts';
import { sizeOf as sizeOfType } from '../../frontend/btf/lookup.ts';
import type { MapSpec } from '../../frontend/program.ts';
import { MAX_STACK } from '../walk/memory/stack.ts';
import { callAt, calleeName, passedText } from './calls.ts';
import { fieldAt } from './fields.ts';
import { accessText, inSource, sizeOf, verbOf } from './memory.ts';
import type { Diagnosis, Explainers, Scene } from './scene.ts';
import { bytes, isKnown, originText, rangeText } from './values.ts';

/** What a call takes through a register, where BTF tells its type. */
interface Passed {
  readonly what: string;
  readonly map: MapSpec | undefined;
  readonly type: number | undefined;
}

function passedAs(scene: Scene, register: number): Passed {
  const call = callAt(scene, scene.slot);
  const argument =
    call?.target === 'helper' ? scene.walk.env.prototype(call.imm)?.args[register - 1] : undefined;
  const origin = scene.origin(1);
  const map = origin.maker.kind === 'map' ? scene.map(origin.maker.map) : undefined;
  if (argument?.kind === 'mapKey' && map !== undefined) {
    return { what: `the key of map ${map.name}`, map, type: map.keyTypeId };
  }
  if (argument?.kind === 'mapValue' && map !== undefined) {
    return { what: `the value for map ${map.name}`, map, type: map.valueTypeId };
  }
  return { what: `argument ${register}`, map: undefined, type: undefined };
}

const isWritten = (scene: Scene, frame: number, off: number): boolean => {
  const { memory } = scene.walk;
  const kind = memory.bytes[memory.slotBytes(frame, (-off - 1) >> 3) + (off & 7)];
  return kind !== BYTE_INVALID && kind !== BYTE_SPILL;
};

/** Bytes of a range, from its start, that nothing was written to. */
function emptyBytes(scene: Scene, register: number, low: number, size: number): number[] {
  const { memory } = scene.walk;
  const r = scene.register(register);
  if (r === undefined) return [];
  const empty: number[] = [];
  for (let i = 0; i < Math.min(size, MAX_STACK); i++) {
    const off = low + i;
    if (off >= -MAX_STACK && off < 0 && !isWritten(scene, memory.aux(r), off)) empty.push(i);
  }
  return empty;
}

function list(numbers: readonly number[]): string {
  const [first = 0] = numbers;
  const last = numbers.at(-1) ?? first;
  if (numbers.length === 1) return `byte ${first}`;
  const isRun = last - first === numbers.length - 1;
  return isRun ? `bytes ${first} to ${last}` : `${numbers.length} bytes from byte ${first} on`;
}

/** Whether BTF has a type in which no member holds the byte. */
function isPadding({ map, type }: Passed, at: number): boolean {
  if (map?.btf === undefined || !type) return false;
  try {
    return at < sizeOfType(map.btf, type) && fieldAt(map.btf, type, at) === undefined;
  } catch {
    return false;
  }
}

function uninitialisedArgument(scene: Scene, match: RegExpExecArray): Diagnosis {
  const [register, low, at, size] = match.slice(1, 5).map(Number) as [number, number, number, number];
  const passed = passedAs(scene, register);
  const found = emptyBytes(scene, register, low, size);
  const empty = found.length === 0 ? [at] : found;
  const isAllPadding = empty.every((i) => isPadding(passed, i));
  const field = fieldAt(passed.map?.btf, passed.type, empty[0] ?? 0)?.path ?? '';
  const name = isAllPadding ? ' (padding)' : field === '' ? '' : ` (${field})`;
  const verb = empty.length === 1 ? 'was' : 'were';
  return {
    summary: `${scene.where} passes ${bytes(size)} of the stack to ${calleeName(scene, scene.slot)}() as ${passed.what}, but ${list(empty)}${name} ${verb} not written before`,
    hint: `initialise all ${bytes(size)}, padding too: \`= {}\`, or \`__builtin_memset(${passedText(scene, register) ?? '&…'}, 0, ${size})\` before the members are set`,
  };
}

function uninitialisedRead(scene: Scene, match: RegExpExecArray): Diagnosis {
  const [off, at, size] = match.slice(1, 4).map(Number) as [number, number, number];
  return {
    summary: `${scene.where} reads ${bytes(size)} of the stack at r10${off}${inSource(scene)}, but byte ${at} was not written before`,
    hint: 'give the variable a value on every path that leads here (`= {}`, or __builtin_memset())',
  };
}

function outside(scene: Scene, match: RegExpExecArray): Diagnosis {
  const isWrite = match[1] === 'write to';
  const [register, off, size] = match.slice(2, 5).map(Number) as [number, number, number];
  const name = calleeName(scene, scene.slot);
  const place = off < 0 ? `r10${off}` : `r10+${off}`;
  if (name !== '') {
    const verb = isWrite ? 'write' : 'read';
    if (off < 0 && size <= -off) {
      return {
        summary: `${scene.where} lets ${name}() ${verb} ${bytes(size)} of the stack at ${place} (argument ${register}), which were not written before`,
        hint: 'initialise the variable first: `= {}`',
      };
    }
    const room =
      off < 0 && off >= -MAX_STACK ? `of which only ${bytes(-off)} are left` : 'which is outside of it';
    return {
      summary: `${scene.where} lets ${name}() ${verb} ${bytes(size)} of the stack at ${place} (argument ${register}), ${room}`,
      hint: `let the size be at most that of the variable that is passed${off < 0 ? `: ${-off} here` : ''}`,
    };
  }
  return {
    summary: `${scene.where} ${verbOf(scene.insn)} ${bytes(size)} at ${place}${inSource(scene)}, outside of the ${MAX_STACK} bytes below r10 that are the function's stack`,
    hint:
      off < -MAX_STACK
        ? `keep large variables in a map: a function has ${MAX_STACK} bytes of stack`
        : 'stay within the variable: nothing above r10 belongs to the function',
  };
}

function variable(scene: Scene, match: RegExpExecArray): Diagnosis | undefined {
  const register = Number(match[1]);
  const r = scene.register(register);
  if (r === undefined) return undefined;
  const { index } = scene.origin(register);
  const source = index === undefined || !isKnown(index) ? '' : `, ${originText(scene, index)},`;
  const access = accessText(scene, sizeOf(scene.insn), 'of an array on the stack');
  return {
    summary: `${scene.where} ${access}, but the index${source} ${rangeText(scene.walk.memory.scalar(r))}, which leads out of the stack`,
    hint: `keep the index within the array: compare it with the array's length before, or mask it (\`& (length - 1)\`, for lengths that are powers of two)`,
  };
}

function tooDeep(scene: Scene, match: RegExpExecArray): Diagnosis {
  const [calls, total] = match.slice(1, 3).map(Number) as [number, number];
  const { code, facts } = scene.walk;
  const own = facts.depths.get(code.owner[scene.slot] ?? 0) ?? 0;
  return {
    summary: `${scene.where}: ${scene.functionName}() takes ${own} bytes of stack, which makes ${total} on a chain of ${calls} functions, and there are ${MAX_STACK}`,
    hint: 'keep large variables in a map (a per-CPU array of one element), or inline the function',
  };
}

const phrase =
  (text: string, hint: string) =>
  (scene: Scene): Diagnosis => ({ summary: `${scene.where} ${text}`, hint });

export const STACK: Explainers = [
  [/^invalid read from stack R(\d+) off (-?\d+)\+(\d+) size (\d+)/, uninitialisedArgument],
  [/^invalid read from stack off (-?\d+)\+(\d+) size (\d+)/, uninitialisedRead],
  [/^invalid (write to|read from) stack R(\d+) off=(-?\d+) size=(-?\d+)/, outside],
  [/^invalid (?:unbounded )?variable-offset (?:write to|read from) stack R(\d+)/, variable],
  [/^invalid read from stack R(\d+) var_off/, variable],
  [/^combined stack size of (\d+) calls is (\d+)/, tooDeep],
  [
    /^tail_calls are not allowed when call stack of previous frames is (\d+)/,
    (scene, match) => ({
      summary: `${scene.where}: ${scene.functionName}() makes a tail call, but is reached with ${match[1]} bytes of stack in use`,
      hint: 'use less than 256 bytes of stack in the functions that lead to a tail call',
    }),
  ],
  [
    /^invalid size of register spill/,
    phrase(
      'stores part of a pointer on the stack',
      'store pointers whole: 8 bytes, at an address that is a multiple of 8',
    ),
  ],
  [
    /^invalid size of register fill/,
    phrase('loads part of a pointer from the stack', 'load pointers whole: 8 bytes, as they were stored'),
  ],
  [
    /^cannot spill pointers to stack into stack frame of the caller/,
    phrase(
      "stores an address of its own stack in its caller's",
      'return the data itself: the stack is gone when the function returns',
    ),
  ],
  [
    /^cannot return stack pointer to the caller/,
    phrase(
      'returns an address of its own stack',
      "let the caller pass the address of a variable of its own: the function's stack is gone when it returns",
    ),
  ],
  [
    /^attempt to corrupt spilled pointer on stack/,
    phrase('writes over part of a pointer on the stack', 'overwrite it whole, with 8 bytes'),
  ],
  [
    /^the call stack of \d+ frames is too deep/,
    phrase('calls functions more than 8 deep', 'inline some of the functions (__always_inline)'),
  ],
];
