/** Accesses outside of map values, map keys and memory of a size of its own; indexes that are not bounded. */
import * as abi from '../../abi/state.ts';
import { resolve } from '../../frontend/btf/lookup.ts';
import type { MapSpec } from '../../frontend/program.ts';
import { type ArrayAt, isGlobals, valueField } from './fields.ts';
import { accessText, inSource, offsetOf, sizeOf, targetText, verbOf } from './memory.ts';
import type { Diagnosis, Explainers, Scene } from './scene.ts';
import { bytes, isKnown, originText, rangeText } from './values.ts';

const mapOf = (scene: Scene, register: number): MapSpec | undefined => {
  const r = scene.register(register);
  if (r === undefined || scene.walk.memory.kind(r) !== abi.KIND_MAP_VALUE) return undefined;
  return scene.map(scene.walk.memory.aux(r));
};

/** Offset of the access where nothing variable is added. */
function fixedOffset(scene: Scene, register: number): number {
  const r = scene.register(register);
  return r === undefined ? 0 : scene.walk.memory.off(r) + offsetOf(scene.insn);
}

/** `sizes of map flows`, or the name of a global variable. */
function arrayText(scene: Scene, register: number, { path, length }: ArrayAt): string {
  const map = mapOf(scene, register);
  const owner = map === undefined || isGlobals(map) ? '' : ` of map ${map.name}`;
  return `${path}${owner}, which has ${length} elements`;
}

/** The array of a map's value that the variable part walks over. */
function arrayOf(scene: Scene, register: number): ArrayAt | undefined {
  const map = mapOf(scene, register);
  return map === undefined ? undefined : valueField(map, fixedOffset(scene, register))?.array;
}

const isPowerOfTwo = (x: number): boolean => x > 0 && (x & (x - 1)) === 0;

/** `i` of `flow->sizes[i]`; undefined where the index is no plain name. */
function indexName(scene: Scene): string | undefined {
  return /\[([^[\]]+)\]$/.exec(scene.expression ?? '')?.[1];
}

function boundHint(scene: Scene, array: ArrayAt | undefined, most: number): string {
  if (array === undefined)
    return `make sure that the offset is at most ${Math.max(most, 0)} on every path that leads here`;
  const { length } = array;
  const name = indexName(scene) ?? 'index';
  const mask = isPowerOfTwo(length) ? `, or mask it: \`${name} & ${length - 1}\`` : '';
  return `check the index before: \`if (${name} >= ${length}) return …;\`${mask}`;
}

const negativeHint = (scene: Scene): string =>
  `make the index unsigned, or compare it with 0 before: \`if (${indexName(scene) ?? 'index'} < 0) return …;\``;

/** What is added to the address, and what is known of it. */
function indexText(scene: Scene, register: number, array: ArrayAt | undefined): string {
  const r = scene.register(register);
  if (r === undefined) return '';
  const { index } = scene.origin(register);
  const unit = BigInt(Math.max(array?.element ?? 1, 1));
  const what = array === undefined ? 'the offset' : 'the index';
  const source = index === undefined || !isKnown(index) ? '' : `, ${originText(scene, index)},`;
  return `${what}${source} ${rangeText(scene.walk.memory.scalar(r), unit)}`;
}

/** `a value of map flows, which has 80 bytes`. */
const wholeText = (scene: Scene, register: number, size: number): string =>
  `${targetText(scene, register)}, which has ${bytes(size)}`;

/** Members of the structure that a map's value is, for hints: `struct flow`. */
function structureOf(scene: Scene, register: number): string {
  const map = mapOf(scene, register);
  if (map?.btf === undefined || !map.valueTypeId || isGlobals(map)) return targetText(scene, register);
  try {
    const { kind, name } = resolve(map.btf, map.valueTypeId);
    return kind === 'struct' && name !== '' ? `struct ${name}` : targetText(scene, register);
  } catch {
    return targetText(scene, register);
  }
}

function fixedOutside(scene: Scene, register: number, off: number, size: number, whole: number): Diagnosis {
  const last = whole - size;
  const rest = last < 0 ? '' : `: the last ${size === 1 ? 'one is' : `${size} begin`} at offset ${last}`;
  const target = targetText(scene, register);
  return {
    summary: `${scene.where} ${accessText(scene, size, `at offset ${off} of ${target}`)}, but it has only ${bytes(whole)}`,
    hint: target.startsWith('what ')
      ? `ask for more (\`sizeof\` of the structure), or stay within the ${bytes(whole)}`
      : `stay within the ${bytes(whole)} of ${structureOf(scene, register)}${rest}`,
  };
}

function variableOutside(
  scene: Scene,
  register: number,
  off: number,
  size: number,
  whole: number,
): Diagnosis {
  const array = arrayOf(scene, register);
  const index = indexText(scene, register, array);
  const place = off < 0 ? `before the start of` : `at an offset of up to ${off} in`;
  const reach =
    array === undefined
      ? `${place} ${wholeText(scene, register, whole)}`
      : `of ${arrayText(scene, register, array)}`;
  return {
    summary: `${scene.where} ${verbOf(scene.insn)} ${bytes(size)} ${reach}, but ${index}`,
    hint: off < 0 ? negativeHint(scene) : boundHint(scene, array, whole - size),
  };
}

function outside(scene: Scene, match: RegExpExecArray): Diagnosis | undefined {
  const [whole, off, size, register] = match.slice(1, 5).map(Number) as [number, number, number, number];
  const r = scene.register(register);
  if (r === undefined) return undefined;
  const { memory } = scene.walk;
  if (memory.isConst(r)) return fixedOutside(scene, register, off, size, whole);
  return variableOutside(scene, register, off, size, whole);
}

function unbounded(scene: Scene, match: RegExpExecArray): Diagnosis | undefined {
  const register = Number(match[1]);
  const r = scene.register(register);
  if (r === undefined) return undefined;
  const array = arrayOf(scene, register);
  const what = array === undefined ? targetText(scene, register) : arrayText(scene, register, array);
  const map = mapOf(scene, register);
  const size = map?.valueSize ?? scene.walk.memory.aux(r);
  return {
    summary: `${scene.where} ${verbOf(scene.insn)} ${bytes(sizeOf(scene.insn))} of ${what}, but ${indexText(scene, register, array)}`,
    hint: boundHint(scene, array, size - sizeOf(scene.insn)),
  };
}

function negative(scene: Scene, match: RegExpExecArray): Diagnosis | undefined {
  const register = Number(match[1]);
  if (scene.register(register) === undefined) return undefined;
  const array = arrayOf(scene, register);
  return {
    summary: `${scene.where} ${accessText(scene, sizeOf(scene.insn), `of ${array?.path ?? targetText(scene, register)}`)}, but ${indexText(scene, register, array)}: it is not known not to be negative`,
    hint: negativeHint(scene),
  };
}

/** The sum that makes the address: a number without a lower bound goes in. */
function unboundedSum(scene: Scene): Diagnosis | undefined {
  const { insn } = scene;
  if (insn?.kind !== 'alu' || insn.src === undefined) return undefined;
  const { memory } = scene.walk;
  const [dst, src] = [scene.register(insn.dst), scene.register(insn.src)];
  if (dst === undefined || src === undefined) return undefined;
  const [pointer, amount] =
    memory.kind(dst) === abi.KIND_SCALAR ? [insn.src, insn.dst] : [insn.dst, insn.src];
  const from = scene.origin(amount);
  const what = isKnown(from) ? originText(scene, from) : 'something unknown';
  const name = indexName(scene);
  return {
    summary: `${scene.where} moves an address in ${targetText(scene, pointer)}${inSource(scene)} by a number made of ${what}, which has no lower bound`,
    hint:
      name === undefined
        ? 'bound the number from below as well: make it unsigned, or compare it with 0 before'
        : `bound ${name} from below as well: make it unsigned, or \`if (${name} < 0) return …;\` before`,
  };
}

export const BOUNDS: Explainers = [
  [
    /invalid access to (?:map value|map key|memory), (?:value_size|key_size|mem_size)=(\d+) off=(-?\d+) size=(-?\d+)\nR(\d+) m(?:in|ax) value is outside/,
    outside,
  ],
  [/R(\d+) unbounded memory access, make sure to bounds check/, unbounded],
  [/R(\d+) min value is negative, either use unsigned index/, negative],
  [/^math between \S+ pointer and register with unbounded min value/, unboundedSum],
];
