/** What may not be done to a map's values: flags of the map, members that belong to helpers. */
import { KIND_MAP_VALUE } from '../../abi/state.ts';
import type { MapSpec } from '../../frontend/program.ts';
import { calleeName } from './calls.ts';
import { isGlobals, valueField } from './fields.ts';
import { addressRegister, inSource, verbOf } from './memory.ts';
import type { Diagnosis, Explainers, Scene } from './scene.ts';
import { bytes } from './values.ts';

const LOOKUPS = 'bpf_map_lookup_elem()';

/** The first argument of a call that is the address of a value. */
function valueArgument(scene: Scene): number | undefined {
  if (scene.insn?.kind !== 'call') return undefined;
  return [1, 2, 3, 4, 5].find((register) => {
    const r = scene.register(register);
    return r !== undefined && scene.walk.memory.kind(r) === KIND_MAP_VALUE;
  });
}

function mapOf(scene: Scene): MapSpec | undefined {
  const register = addressRegister(scene.insn) ?? valueArgument(scene);
  const r = register === undefined ? undefined : scene.register(register);
  return r === undefined ? undefined : scene.map(scene.walk.memory.aux(r));
}

function valueText(scene: Scene): string {
  const name = mapOf(scene)?.name;
  return name === undefined ? "a map's value" : `a value of map ${name}`;
}

const nameOf = (map: MapSpec | undefined): string => map?.name ?? '';

function accesses(scene: Scene, isWrite: boolean): string {
  const callee = calleeName(scene, scene.slot);
  if (callee !== '') return `lets ${callee}() ${isWrite ? 'write' : 'read'}`;
  return isWrite ? 'writes' : 'reads';
}

function forbidden(scene: Scene, match: RegExpExecArray): Diagnosis {
  const [, verb = '', off, size] = match;
  const map = mapOf(scene);
  const path = map === undefined ? '' : (valueField(map, Number(off))?.path ?? '');
  const isWrite = verb === 'write';
  if (map !== undefined && isGlobals(map)) {
    return {
      summary: `${scene.where} writes to ${path || `section ${map.name}`}, which is constant`,
      hint: 'take `const` out of its declaration, or write to another variable: constants are set before the load alone',
    };
  }
  const place = path === '' ? bytes(Number(size)) : path;
  return {
    summary: `${scene.where} ${accesses(scene, isWrite)} ${place} of map ${nameOf(map)}${inSource(scene)}, which programs may only ${isWrite ? 'read' : 'write'} (BPF_F_${isWrite ? 'RDONLY' : 'WRONLY'}_PROG)`,
    hint: `take BPF_F_${isWrite ? 'RDONLY' : 'WRONLY'}_PROG out of the map's flags, or use another map`,
  };
}

const OWNERS: Readonly<Record<string, string>> = {
  bpf_spin_lock:
    'bpf_spin_lock() and bpf_spin_unlock() alone may touch it: access the members around it one by one',
  bpf_timer: 'bpf_timer_init(), bpf_timer_start() and bpf_timer_cancel() alone may touch it',
  bpf_wq: 'bpf_wq_init() and bpf_wq_start() alone may touch it',
  kptr: 'store pointers with bpf_kptr_xchg(), and read them whole, 8 bytes',
};

function special(scene: Scene, match: RegExpExecArray): Diagnosis {
  const name = match[1] ?? '';
  return {
    summary: `${scene.where} ${verbOf(scene.insn)} ${name === 'kptr' ? 'a pointer of the kernel' : `the struct ${name}`} in ${valueText(scene)}${inSource(scene)}`,
    hint: OWNERS[name] ?? 'the helpers for it alone may touch it: access the members around it one by one',
  };
}

const phrase =
  (text: (match: RegExpExecArray) => string, hint: string) =>
  (scene: Scene, match: RegExpExecArray): Diagnosis => ({ summary: `${scene.where} ${text(match)}`, hint });

export const PERMISSIONS: Explainers = [
  [/^(write|read) (?:into|from) map forbidden, value_size=\d+ off=(-?\d+) size=(\d+)/, forbidden],
  [/^(\w+) cannot be accessed (?:directly by load\/store|indirectly by helper)/, special],
  [/^(kptr) access (?:size|variable|cannot|.*)/, (scene, match) => special(scene, match)],
  [
    /^write to change key R\d+ not allowed/,
    phrase(
      () => "writes to a map's key",
      'copy the key to the stack, and change the copy: keys stay what they are',
    ),
  ],
  [
    /^map '(.*)' has to have BTF in order to use (\w+)/,
    phrase(
      ([, map, name]) => `uses a struct ${name} in map ${map}, whose values have no BTF type`,
      'declare the map with `__type(key, …)` and `__type(value, …)`, and compile with -g',
    ),
  ],
  [
    /^map '(.*)' has no valid (\w+)/,
    phrase(
      ([, map, name]) => `uses a struct ${name} in map ${map}, whose values have none`,
      'put the struct into the type of the value, at a multiple of its alignment',
    ),
  ],
  [
    /^off (-?\d+) doesn't point to 'struct (\w+)' that is at (\d+)/,
    phrase(
      ([, off, name, at]) =>
        `passes the address at offset ${off} of a map's value, but its struct ${name} is at offset ${at}`,
      'pass the address of that member: `&value->…`',
    ),
  ],
  [
    /^R\d+ doesn't have constant offset. (\w+) has to be/,
    phrase(
      ([, name]) => `passes the address of a struct ${name} at an offset that varies`,
      'a value has one of them, at one place: pass `&value->…` with the pointer of the lookup',
    ),
  ],
  [
    /^no direct value access support for this map type/,
    phrase(() => 'takes the address of a value of a map that is no array', `look the value up: ${LOOKUPS}`),
  ],
  [
    /^invalid access to map value pointer, value_size=(\d+) off=(\d+)/,
    phrase(
      ([, size, off]) =>
        `takes the address at offset ${off} of a map's only value, which has ${size} bytes or is not the only one`,
      `stay within the value; elements of larger arrays are found by ${LOOKUPS}`,
    ),
  ],
  [
    /^direct value offset of (\d+) is not allowed/,
    phrase(([, off]) => `takes the address at offset ${off} of a map's value`, 'no value is that large'),
  ],
  [
    /^only read from (\w+) is supported/,
    phrase(([, name]) => `writes to the map itself (struct ${name})`, `write to its values: ${LOOKUPS}`),
  ],
];
