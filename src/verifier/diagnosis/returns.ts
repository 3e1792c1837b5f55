/** Results that programs and callbacks may not return. */
import type { ProgramType } from '../../frontend/program.ts';
import type { Diagnosis, Explainers, Scene } from './scene.ts';
import { isKnown, originText } from './values.ts';

/** What 0, 1, … mean to the kernel. */
const MEANINGS: Readonly<Partial<Record<ProgramType, readonly string[]>>> = {
  cgroup_skb: ['drop', 'let pass', 'drop, and tell of congestion', 'let pass, and tell of congestion'],
  cgroup_sock: ['refuse', 'allow'],
  cgroup_sock_addr: ['refuse', 'allow'],
  cgroup_device: ['refuse', 'allow'],
  cgroup_sysctl: ['refuse', 'allow'],
  cgroup_sockopt: ['refuse', 'allow'],
  sk_lookup: ['SK_DROP', 'SK_PASS'],
  netfilter: ['NF_DROP', 'NF_ACCEPT'],
};

const CALLBACK = ['go on', 'stop'];

function allowedText(min: number, max: number, meanings: readonly string[]): string {
  const values = Array.from({ length: Math.min(max - min + 1, 4) }, (_, i) => min + i);
  const named = values.map((value) => {
    const meaning = meanings[value];
    return meaning === undefined ? `${value}` : `${value} (${meaning})`;
  });
  if (named.length === 1) return `only ${named[0]}`;
  return `${named.slice(0, -1).join(', ')} or ${named.at(-1)}`;
}

function returned(scene: Scene, found: string): string {
  const smin = /smin=(-?\d+)/.exec(found)?.[1];
  const smax = /smax=(-?\d+)/.exec(found)?.[1];
  if (smin !== undefined && smin === smax) return smin;
  const origin = scene.origin(0);
  const what = isKnown(origin) ? originText(scene, origin) : 'a number';
  if (smin === undefined || smax === undefined) return `${what}, which may be any number`;
  return `${what}, which may be ${smin} to ${smax}`;
}

const range = (scene: Scene): readonly [number, number] | undefined => {
  const found = /should have been in \[(-?\d+), (-?\d+)\]/.exec(scene.reason);
  return found === null ? undefined : [Number(found[1]), Number(found[2])];
};

function outOfRange(scene: Scene): Diagnosis | undefined {
  const allowed = range(scene);
  if (allowed === undefined) return undefined;
  const isCallback = /callback return/.test(scene.reason);
  const { type } = scene.walk.env;
  const meanings = isCallback ? CALLBACK : (MEANINGS[type] ?? []);
  const subject = isCallback ? `callback ${scene.functionName}()` : `a program of type ${scene.kind}`;
  const text = allowedText(...allowed, meanings);
  const [min, max] = allowed;
  const isVariable = !/smin=(-?\d+) smax=\1 /.test(scene.reason);
  const mask =
    isVariable && min === 0 && max > 0 && (max & (max + 1)) === 0 ? `, or mask it: \`& ${max}\`` : '';
  return {
    summary: `${scene.where} returns ${returned(scene, scene.reason.replace(/ should.*/, ''))}, but ${subject} may return ${text}`,
    hint: `return ${text} on every path${mask}`,
  };
}

function pointer(scene: Scene, match: RegExpExecArray): Diagnosis {
  return {
    summary: `${scene.where} returns an address${match[1] === undefined ? '' : ` (${match[1]})`} in place of a number`,
    hint: 'return a constant or a number that was compared',
  };
}

export const RETURNS: Explainers = [
  [/should have been in \[/, outOfRange],
  [/the register R\d is not a known value \((\S+)\)/, pointer],
  [/the register R0 is not a scalar value \((\S+)\)/, pointer],
  [/^R0 not a scalar value/, pointer],
];
