import { type Scalar, UNKNOWN } from '../../../src/verifier/scalar.ts';
import { REGISTERS } from './generate.ts';

// The scalars in the kernel's log of level 2.

/** The registers as they are after the instruction at `slot`, or, by the jump there, at `target`. */
export interface LogState {
  readonly slot: number;
  readonly target: number | undefined;
  readonly registers: ReadonlyMap<number, string>;
}

const WALKED = /^(\d+): \([0-9a-f]{2}\)/;
const STATE = /^\d+: (?:\([0-9a-f]{2}\).*; )?(R\d+.*)$/;
const BRANCH = /^from (\d+) to (\d+): (.*)$/;
const REGISTER = /R(\d+)=(P?(?:scalar\(.*?\)\)?|-?[0-9a-fx]+))(?= |$)/g;

function registersOf(text: string): ReadonlyMap<number, string> {
  const all = [...text.matchAll(REGISTER)].map(([, number, state]) => [Number(number), state ?? ''] as const);
  return new Map(all.filter(([number]) => (REGISTERS as readonly number[]).includes(number)));
}

/**
 * What the log says of the registers, in its order. A state stands behind its instruction, or, when the log
 * has other things to say in between, on a line of its own with the instruction's slot.
 */
export function readLog(log: string): LogState[] {
  const states: LogState[] = [];
  for (const line of log.split('\n')) {
    const branch = BRANCH.exec(line);
    const slot = Number(WALKED.exec(line)?.[1] ?? Number.NaN);
    const text = STATE.exec(line)?.[1];
    const last = states.at(-1);
    if (branch?.[3] !== undefined) {
      states.push({ slot: Number(branch[1]), target: Number(branch[2]), registers: registersOf(branch[3]) });
    } else if (!Number.isNaN(slot)) {
      states.push({ slot, target: undefined, registers: registersOf(text ?? '') });
    } else if (text !== undefined && last?.target === undefined && line.startsWith(`${last?.slot}: `)) {
      states.splice(-1, 1, { slot: last?.slot ?? 0, target: undefined, registers: registersOf(text) });
    }
  }
  return states;
}

const BOUND_NAMES: Readonly<Record<string, keyof Scalar>> = {
  smin: 'smin',
  smax: 'smax',
  umin: 'umin',
  umax: 'umax',
  smin32: 's32min',
  smax32: 's32max',
  umin32: 'u32min',
  umax32: 'u32max',
};
/** As in C, and with a sign. */
const number = (text: string): bigint => (text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text));

function boundValue(name: keyof Scalar, x: bigint): bigint {
  if (name.startsWith('s32')) return BigInt.asIntN(32, x);
  if (name.startsWith('u32')) return BigInt.asUintN(32, x);
  return name.startsWith('s') ? BigInt.asIntN(64, x) : BigInt.asUintN(64, x);
}

function constant(x: bigint): Scalar {
  const entries = Object.values(BOUND_NAMES).map((name) => [name, boundValue(name, x)] as const);
  return { ...UNKNOWN, value: BigInt.asUintN(64, x), mask: 0n, ...Object.fromEntries(entries) };
}

/** A scalar as the log prints it; bounds left out are the widest. */
export function parseScalar(text: string): Scalar {
  if (!text.includes('scalar(')) return constant(number(text.replace('P', '')));
  const bits = /var_off=\((0x[0-9a-f]+); (0x[0-9a-f]+)\)/.exec(text);
  const tnum = bits === null ? {} : { value: BigInt(bits[1] ?? 0), mask: BigInt(bits[2] ?? 0) };
  const found: Partial<Record<keyof Scalar, bigint>> = {};
  for (const [, names = '', value = ''] of text.matchAll(/((?:[su](?:min|max)(?:32)?=)+)(-?[0-9a-fx]+)/g)) {
    for (const name of names.split('=')) {
      const key = BOUND_NAMES[name];
      if (key !== undefined) found[key] = boundValue(key, number(value));
    }
  }
  return { ...UNKNOWN, ...found, ...tnum };
}
